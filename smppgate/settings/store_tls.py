"""The table ``[store.tls]``."""

from __future__ import annotations

import attrs

from smppgate.settings.checks import Flag
from smppgate.settings.tables import setting
from smppgate.settings.takes import Takes
from smppgate.settings.tls import ClientTlsTable, oldest_version, private_key
from smppgate.settings.tls_checks import PemFile, ServerName


@attrs.frozen
class StoreTlsSettings(ClientTlsTable):
    """``[store.tls]``: TLS of the connections to Redis and its Sentinels."""

    certificate: str = attrs.field(
        default="",
        metadata=setting(
            PemFile(),
            "What Redis is shown where it asks for a certificate, as it does unless it has "
            "tls-auth-clients no, and behind it those between it and its root; empty: none. A "
            "relative path counts from the folder of the configuration. New connections have what "
            "is in the files: they are looked at once a minute.",
            takes=Takes.AT_RESTART,
        ),
    )
    key: str = attrs.field(default="", metadata=private_key(Takes.AT_RESTART))
    ca: str = attrs.field(
        default="",
        metadata=setting(
            PemFile(),
            "Authorities, one of which the certificates of Redis and of Sentinels must be from; "
            "empty: those that the system trusts.",
            takes=Takes.AT_RESTART,
        ),
    )
    server_name: str = attrs.field(
        default="",
        metadata=setting(
            ServerName(),
            "The name that all of their certificates must be for; empty: the host of url or of "
            "sentinels, and of a master the one that Sentinels name, which is mostly an address.",
            takes=Takes.AT_RESTART,
        ),
    )
    min_version: str = attrs.field(default="1.2", metadata=oldest_version(Takes.AT_RESTART))
    sentinels: bool = attrs.field(
        default=True,
        metadata=setting(
            Flag(),
            "Whether Sentinels are spoken to with TLS too, and not only the servers that they "
            "name.",
            takes=Takes.AT_RESTART,
        ),
    )
