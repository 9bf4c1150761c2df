"""The tables ``[listen.tls]``, ``[[listen.tls.certificates]]`` and ``[smsc.tls]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from smppgate.settings.certificates import CertificateFiles, authorities_fault
from smppgate.settings.checks import Several
from smppgate.settings.endpoints import split, unwrapped
from smppgate.settings.errors import Problem
from smppgate.settings.nested import Nested
from smppgate.settings.raw import is_array
from smppgate.settings.tables import Table, setting
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Choice
from smppgate.settings.tls_checks import Ciphers, PemFile, ServerName
from smppgate.settings.tls_context import (
    VERSIONS,
    client_context,
    openssl_words,
    server_context,
)

_WITH_TLS = ("ssl", "tls")


def private_key(takes: Takes = Takes.AT_ONCE) -> dict[str, Any]:
    """The metadata of ``key``, which is in force as ``takes`` says."""
    return setting(PemFile(), "Its private key; empty: it is in that file too.", takes=takes)


def oldest_version(takes: Takes = Takes.AT_ONCE) -> dict[str, Any]:
    """The metadata of ``min_version``."""
    return setting(Choice(tuple(VERSIONS)), "The oldest version of TLS.", takes=takes)


@attrs.frozen
class ListenCertificateSettings(Table):
    """``[[listen.tls.certificates]]``: another certificate, for clients that ask for its names."""

    certificate: str = attrs.field(
        metadata=setting(
            PemFile(is_needed=True),
            "The certificate, and behind it those between it and its root. Clients that name one "
            "of its DNS names are shown it.",
        )
    )
    key: str = attrs.field(default="", metadata=private_key())

    def __str__(self) -> str:
        return _shown(self)

    @property
    def files(self) -> CertificateFiles:
        """Its files."""
        return CertificateFiles(self.certificate, self.key or self.certificate)

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """Files that cannot be used."""
        yield from _pair_problems(table)


@attrs.frozen
class ListenTlsSettings(Table):
    """``[listen.tls]``: TLS of the listener above."""

    certificate: str = attrs.field(
        metadata=setting(
            PemFile(is_needed=True),
            "The certificate, and behind it those between it and its root. A relative path counts "
            "from the folder of the configuration. New connections have what is in the files: "
            "they are looked at once a minute and at each reload.",
        )
    )
    key: str = attrs.field(default="", metadata=private_key())
    client_ca: str = attrs.field(
        default="",
        metadata=setting(
            PemFile(),
            "Authorities: a client must have a certificate from one of them, else there is no "
            "connection. Empty asks for none.",
        ),
    )
    min_version: str = attrs.field(default="1.2", metadata=oldest_version())
    ciphers: str = attrs.field(
        default="",
        metadata=setting(
            Ciphers(),
            "What TLS 1.2 may use; empty: what has forward secrecy. TLS 1.3 has its own.",
        ),
    )
    certificates: tuple[ListenCertificateSettings, ...] = attrs.field(
        default=(),
        metadata=setting(
            Several(Nested(ListenCertificateSettings)), "Certificates for other names."
        ),
    )

    def __str__(self) -> str:
        return _shown(self)

    @property
    def files(self) -> CertificateFiles:
        """The files of the certificate that is shown unless another is asked for."""
        return CertificateFiles(self.certificate, self.key or self.certificate)

    @property
    def every(self) -> tuple[CertificateFiles, ...]:
        """The files of all certificates, this one's first."""
        return (self.files, *(each.files for each in self.certificates))

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """Files that cannot be used, those of `certificates` in a file too."""
        problems = [*_pair_problems(table), *_authorities_problems(table, "client_ca")]
        for index, each in enumerate(_arrays(table.get("certificates"))):
            found = ListenCertificateSettings.clashes(ListenCertificateSettings.filled(each))
            problems += [Problem(f"certificates[{index}].{p.where}", p.text) for p in found]
        yield from problems or _use_problems(table, _server_of)


class ClientTlsTable(Table):
    """What tables have in common of TLS of connections that the gate makes."""

    __slots__ = ()

    certificate: str
    key: str

    def __str__(self) -> str:
        return _shown(self)

    @property
    def files(self) -> CertificateFiles | None:
        """The files of the certificate; None without one."""
        return _client_files(self.certificate, self.key)

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """Files that cannot be used; a private key without its certificate."""
        if table.get("key") and not table.get("certificate"):
            yield Problem("key", "needs certificate")
            return
        # Without files there is nothing to try, and OpenSSL takes 10 ms for those of the system.
        if table.get("certificate") or table.get("ca"):
            problems = [*_pair_problems(table), *_authorities_problems(table, "ca")]
            yield from problems or _use_problems(table, _client_of)


@attrs.frozen
class SmscTlsSettings(ClientTlsTable):
    """``[smsc.tls]``: TLS of the links to the SMSC above."""

    certificate: str = attrs.field(
        default="",
        metadata=setting(
            PemFile(),
            "What the SMSC is shown where it asks for a certificate, and behind it those between "
            "it and its root; empty: none. A relative path counts from the folder of the "
            "configuration. New connections have what is in the files, as with `[listen.tls]`.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    key: str = attrs.field(default="", metadata=private_key(Takes.LINK_BY_LINK))
    ca: str = attrs.field(
        default="",
        metadata=setting(
            PemFile(),
            "Authorities, one of which the SMSC's certificate must be from; empty: those that the "
            "system trusts.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    server_name: str = attrs.field(
        default="",
        metadata=setting(
            ServerName(),
            "The name that its certificate must be for, and that it is asked for; empty: the host "
            "of endpoint.",
            takes=Takes.LINK_BY_LINK,
        ),
    )
    min_version: str = attrs.field(default="1.2", metadata=oldest_version(Takes.LINK_BY_LINK))


def _client_files(certificate: str, key: str) -> CertificateFiles | None:
    return CertificateFiles(certificate, key or certificate) if certificate else None


def _shown(table: Table) -> str:
    """What ``table`` has, but for defaults, as the configuration file writes it."""
    fields = [f for f in attrs.fields(type(table)) if getattr(table, f.name) != f.default]
    texts = (f"{f.name} = {f.metadata['check'].write(getattr(table, f.name))}" for f in fields)
    return f"{{ {', '.join(texts)} }}"


def server_tls_problems(endpoint: object, tls: object) -> Iterator[Problem]:
    """TLS in the string ``endpoint`` and beside it; what a table from a file has wrong."""
    if tls is not None and isinstance(endpoint, str):
        yield from _twice(split(unwrapped(endpoint)).scheme)
    yield from inner_problems(ListenTlsSettings, tls)


def client_tls_problems(smsc: Mapping[str, object], tls: object) -> Iterator[Problem]:
    """TLS in one of the endpoints of ``smsc`` and beside it; a certificate's name that is
    nowhere; what a table from a file has wrong."""
    if tls is None:
        return
    texts = (smsc.get("endpoint"), smsc.get("receive_endpoint"))
    schemes = [split(text).scheme for text in texts if isinstance(text, str) and text]
    yield from next((list(_twice(s)) for s in schemes if s in _WITH_TLS), [])
    name = tls.get("server_name") if isinstance(tls, dict) else getattr(tls, "server_name", "")
    if "unix" in schemes and not name:
        yield Problem("tls.server_name", "is missing: a unix: endpoint names no host")
    yield from inner_problems(SmscTlsSettings, tls)


def _twice(scheme: str) -> Iterator[Problem]:
    if scheme in _WITH_TLS:
        yield Problem("tls", f"must not be there: the endpoint is {scheme}:, with TLS of its own")


def inner_problems(table: type[Table], value: object) -> Iterator[Problem]:
    """The problems of a table that is written inside of another."""
    if isinstance(value, dict):
        for problem in table.clashes(table.filled(value)):
            yield Problem(f"tls.{problem.where}", problem.text)


def _arrays(value: object) -> Iterator[Mapping[str, object]]:
    """The tables of an array from a file; those of a program have been checked."""
    for each in value if is_array(value) else ():
        yield each if isinstance(each, dict) else {}


def _text(table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def _files_of(table: Mapping[str, object]) -> CertificateFiles | None:
    return _client_files(_text(table, "certificate"), _text(table, "key"))


def _pair_problems(table: Mapping[str, object]) -> Iterator[Problem]:
    """A certificate or a private key that cannot be read, or two that do not fit."""
    files = _files_of(table)
    fault = None if files is None else files.early_fault() or files.fault()
    if files is not None and fault:
        is_of_key = repr(files.certificate) not in fault and bool(table.get("key"))
        yield Problem("key" if is_of_key else "certificate", fault)


def _authorities_problems(table: Mapping[str, object], key: str) -> Iterator[Problem]:
    path = _text(table, key)
    fault = authorities_fault(path) if path else None
    if fault:
        yield Problem(key, fault)


def _use_problems(
    table: Mapping[str, object], make: Callable[[Mapping[str, object]], object]
) -> Iterator[Problem]:
    """What OpenSSL does not take, each part of which seemed to be sound: a key that is too short.

    A value of the wrong kind, which is reported by its own check, keeps this from being looked at.
    """
    if table.get("min_version") not in VERSIONS:
        return
    try:
        make(table)
    except Exception as error:
        # OpenSSL and cryptography raise exceptions of many classes.
        yield Problem("certificate", f"cannot be used: {openssl_words(error)}")


def _server_of(table: Mapping[str, Any]) -> None:
    every = [table, *_arrays(table.get("certificates"))]
    for files in filter(None, map(_files_of, every)):
        # Ciphers are a check of their own.
        server_context(files, _text(table, "client_ca"), table["min_version"], "")


def _client_of(table: Mapping[str, Any]) -> None:
    client_context(_files_of(table), _text(table, "ca"), table["min_version"])
