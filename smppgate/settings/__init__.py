"""The gate's settings: read from TOML, checked, and kept in frozen attrs classes."""

from smppgate.settings.admin_side import AdminSettings, AdminUserSettings
from smppgate.settings.advice import warnings
from smppgate.settings.errors import SettingsError
from smppgate.settings.esme_side import EsmeSettings, ListenSettings
from smppgate.settings.gate_side import GateSettings, StoreSettings
from smppgate.settings.log_side import CdrSettings, LogSettings
from smppgate.settings.members import MemberSettings
from smppgate.settings.model import Settings
from smppgate.settings.peer_side import PeerSettings, PeersSettings
from smppgate.settings.pools import PoolSettings
from smppgate.settings.reader import load, parse
from smppgate.settings.routes import RouteSettings
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.tags import derived_tag

__all__ = [
    "AdminSettings",
    "AdminUserSettings",
    "CdrSettings",
    "EsmeSettings",
    "GateSettings",
    "ListenSettings",
    "LogSettings",
    "MemberSettings",
    "PeerSettings",
    "PeersSettings",
    "PoolSettings",
    "RouteSettings",
    "Settings",
    "SettingsError",
    "SmscSettings",
    "StoreSettings",
    "derived_tag",
    "load",
    "parse",
    "warnings",
]
