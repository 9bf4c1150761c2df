"""The gate's settings: read from TOML, checked, and kept in frozen attrs classes."""

from smppgate.settings.admin_side import AdminSettings, AdminUserSettings
from smppgate.settings.advice import warnings
from smppgate.settings.errors import SettingsError
from smppgate.settings.esme_side import EsmeSettings, ListenSettings
from smppgate.settings.gate_side import GateSettings
from smppgate.settings.log_side import CdrSettings, LogSettings
from smppgate.settings.members import MemberSettings
from smppgate.settings.model import Settings
from smppgate.settings.peer_side import PeerSettings, PeersSettings
from smppgate.settings.pools import PoolSettings
from smppgate.settings.reader import load, parse
from smppgate.settings.rewrites import RewriteSettings
from smppgate.settings.routes import RouteSettings
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.store_side import StoreSettings
from smppgate.settings.store_tls import StoreTlsSettings
from smppgate.settings.tags import derived_tag
from smppgate.settings.tls import ListenCertificateSettings, ListenTlsSettings, SmscTlsSettings

__all__ = [
    "AdminSettings",
    "AdminUserSettings",
    "CdrSettings",
    "EsmeSettings",
    "GateSettings",
    "ListenCertificateSettings",
    "ListenSettings",
    "ListenTlsSettings",
    "LogSettings",
    "MemberSettings",
    "PeerSettings",
    "PeersSettings",
    "PoolSettings",
    "RewriteSettings",
    "RouteSettings",
    "Settings",
    "SettingsError",
    "SmscSettings",
    "SmscTlsSettings",
    "StoreSettings",
    "StoreTlsSettings",
    "derived_tag",
    "load",
    "parse",
    "warnings",
]
