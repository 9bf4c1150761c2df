"""The table ``[store.tls]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.certificates import CertificateFiles
from smppgate.settings.checks import Flag
from smppgate.settings.errors import Problem
from smppgate.settings.tables import Table, setting
from smppgate.settings.takes import Takes
from smppgate.settings.tls import MIN_VERSION, client_files, client_problems, shown_table
from smppgate.settings.tls_checks import PemFile, ServerName


@attrs.frozen
class StoreTlsSettings(Table):
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
    key: str = attrs.field(
        default="",
        metadata=setting(
            PemFile(),
            "Its private key; empty: it is in that file too.",
            takes=Takes.AT_RESTART,
        ),
    )
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
    min_version: str = attrs.field(
        default="1.2",
        metadata=setting(MIN_VERSION, "The oldest version of TLS.", takes=Takes.AT_RESTART),
    )
    sentinels: bool = attrs.field(
        default=True,
        metadata=setting(
            Flag(),
            "Whether Sentinels are spoken to with TLS too, and not only the servers that they "
            "name.",
            takes=Takes.AT_RESTART,
        ),
    )

    def __str__(self) -> str:
        return shown_table(self)

    @property
    def files(self) -> CertificateFiles | None:
        """The files of the certificate; None without one."""
        return client_files(self.certificate, self.key)

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """Files that cannot be used; a private key without its certificate."""
        yield from client_problems(table)
