"""What is wrong with the files of a certificate, in words that name the file.

Twisted and OpenSSL read the files; what they raise seldom says which one they mean. So these words
are looked for once that has failed. What has to be found before is an `early_fault`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import (
    Certificate,
    DNSName,
    DuplicateExtension,
    ExtensionNotFound,
    RFC822Name,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    UnsupportedGeneralNameType,
    load_pem_x509_certificate,
)
from cryptography.x509.oid import NameOID

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9. ]+)-----.*?-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(rb"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: *4, *ENCRYPTED")

NameKind = type[DNSName] | type[RFC822Name] | type[UniformResourceIdentifier]
"""A kind of alternative names."""

# ValueError is of what cannot be parsed; the others derive from Exception alone.
_NO_NAMES = (ExtensionNotFound, DuplicateExtension, UnsupportedGeneralNameType, ValueError)


@attrs.frozen
class _Kind:
    """What a block of a PEM file may be."""

    name: str
    title: re.Pattern[bytes]
    load: Callable[[bytes], object]

    def first(self, contents: bytes) -> bytes:
        """The first block of this kind; empty where there is none."""
        blocks = (each[0] for each in _BLOCK.finditer(contents) if self.title.fullmatch(each[1]))
        return next(blocks, b"")

    def fault(self, name: str, contents: bytes) -> str | None:
        """Why the first block of this kind cannot be used, with the file's ``name``."""
        block = self.first(contents)
        return self.damage(name, block) if block else f"{name!r} has no {self.name}"

    def damage(self, name: str, block: bytes) -> str | None:
        """Why ``block`` cannot be used, with the file's ``name``."""
        try:
            self.load(block)
        except Exception as error:
            # What is damaged is reported in many classes.
            reason = str(error).partition("\n")[0] or type(error).__name__
            return f"the {self.name} in {name!r} cannot be used: {reason}"
        return None


_CERTIFICATE = _Kind(
    "certificate",
    re.compile(rb"(X509 |TRUSTED )?CERTIFICATE"),
    load_pem_x509_certificate,
)
_KEY = _Kind(
    "private key",
    re.compile(rb".*PRIVATE KEY"),
    lambda block: load_pem_private_key(block, None),
)
# Only OpenSSL reads them, when the first connection is made: that they are there has to do.
_PARAMETERS = _Kind("DH parameters", re.compile(rb"(X9\.42 )?DH PARAMETERS"), len)


@attrs.frozen
class CertificateFiles:
    """The files of a certificate; one file may be both ``certificate`` and ``key``.

    :param chain: has the certificates between this one and its root; None where there is none.
    :param parameters: of a Diffie-Hellman key exchange; None where there are none.
    """

    certificate: str
    key: str
    chain: str | None = None
    parameters: str | None = None

    def names(self) -> tuple[str, ...]:
        """The names of the files."""
        every = (self.certificate, self.key, self.chain, self.parameters)
        return tuple(name for name in every if name is not None)

    def early_fault(self) -> str | None:
        """A fault that must be found before Twisted reads the files, or that it does not find.

        For the password of a private key OpenSSL would ask the terminal, and wait.
        """
        try:
            contents = read_files(self.names())
        except OSError as error:
            return unreadable(error)
        parameters = self.parameters
        return _password_fault(self.key, _KEY.first(self._pair(contents))) or (
            _PARAMETERS.fault(parameters, contents[parameters]) if parameters else None
        )

    def fault(self) -> str | None:
        """Which file cannot be used and why; None where that is not to be seen."""
        try:
            contents = read_files(self.names())
        except OSError as error:
            return unreadable(error)
        pair = self._pair(contents)
        return (
            _CERTIFICATE.fault(self.certificate, pair)
            or _KEY.fault(self.key, pair)
            or self._match_fault(pair)
            or (_CERTIFICATE.fault(self.chain, contents[self.chain]) if self.chain else None)
        )

    def loaded(self) -> tuple[list[Certificate], Any]:
        """The certificates of `certificate`, in order, and the private key.

        :raises Exception: of many classes, where they cannot be used; see `fault`.
        """
        contents = read_files(self.names())
        certificates = _certificates_in(contents[self.certificate])
        return certificates, load_pem_private_key(_KEY.first(self._pair(contents)), None)

    def host_names(self) -> tuple[str, ...]:
        """The DNS names that the certificate is for, in small letters; without any, its CN."""
        first = _certificates_in(read_files((self.certificate,))[self.certificate])[0]
        names = alternative_names(first, (DNSName,)) or common_names(first)
        return tuple(name.lower() for name in names)

    def shown(self) -> str:
        """The certificate's subject and the last moment at which it is valid."""
        pair = self._pair(read_files(self.names()))
        return _shown(load_pem_x509_certificate(_CERTIFICATE.first(pair)))

    def _pair(self, contents: dict[str, bytes]) -> bytes:
        # Twisted puts them together so, and takes the first of each kind.
        return contents[self.certificate] + b"\n" + contents[self.key]

    def _match_fault(self, pair: bytes) -> str | None:
        certificate = load_pem_x509_certificate(_CERTIFICATE.first(pair))
        key = load_pem_private_key(_KEY.first(pair), None)
        if certificate.public_key() == key.public_key():
            return None
        return (
            f"the certificate in {self.certificate!r} does not fit the private key in {self.key!r}"
        )


@attrs.frozen
class CertificateFolder:
    """A folder whose ``.pem`` files are certificates and their private keys."""

    path: str

    def names(self) -> tuple[str, ...]:
        """The names of the files; none where no folder is named."""
        if not self.path:
            return ()
        return tuple(sorted(str(each) for each in Path(self.path).rglob("*.pem")))

    def early_fault(self) -> str | None:
        """A file that cannot be read, or a private key with a password; see above."""
        try:
            contents = read_files(self.names())
        except OSError as error:
            return unreadable(error)
        faults = (_password_fault(name, block) for name, _, block in _blocks(contents))
        return next(filter(None, faults), None)

    def fault(self) -> str | None:
        """Which file cannot be used and why; None where that is not to be seen."""
        try:
            contents = read_files(self.names())
        except OSError as error:
            return unreadable(error)
        faults = (kind.damage(name, block) for name, kind, block in _blocks(contents))
        return next(filter(None, faults), None)

    def unmatched_fault(self) -> str | None:
        """Which file has a private key that no certificate of the folder fits, if there is one."""
        keys = self._keys()
        public = [certificate.public_key() for certificate in self._certificates()]
        for name, key in keys:
            if key.public_key() not in public:
                return f"no certificate in {self.path!r} fits the private key in {name!r}"
        return None if keys else f"{self.path!r} has no private key"

    def shown(self) -> str:
        """The subject and the last moment of each certificate whose private key is here."""
        public = [key.public_key() for _, key in self._keys()]
        return "; ".join(_shown(c) for c in self._certificates() if c.public_key() in public)

    def _certificates(self) -> list[Certificate]:
        blocks = _blocks(read_files(self.names()))
        return [load_pem_x509_certificate(b) for _, kind, b in blocks if kind is _CERTIFICATE]

    def _keys(self) -> list[tuple[str, Any]]:
        blocks = _blocks(read_files(self.names()))
        return [(n, load_pem_private_key(b, None)) for n, kind, b in blocks if kind is _KEY]


def common_names(certificate: Certificate) -> list[str]:
    """The CNs of its subject; none where that cannot be read."""
    try:
        found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return []
    return [str(each.value) for each in found]


def alternative_names(certificate: Certificate, kinds: tuple[NameKind, ...]) -> list[str]:
    """Its alternative names of these kinds; none where its extensions cannot be read.

    OpenSSL takes such a certificate, and one extension, of whatever kind, keeps all others from
    being read.
    """
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except _NO_NAMES:
        return []
    return [name for kind in kinds for name in names.get_values_for_type(kind)]


def authorities_fault(name: str) -> str | None:
    """Why the file ``name`` cannot be used as one of authorities; None where it can."""
    try:
        contents = read_files((name,))[name]
    except OSError as error:
        return unreadable(error)
    blocks = [block for _, kind, block in _blocks({name: contents}) if kind is _CERTIFICATE]
    faults = (_CERTIFICATE.damage(name, block) for block in blocks)
    return next(filter(None, faults), None if blocks else f"{name!r} has no certificate")


def _certificates_in(contents: bytes) -> list[Certificate]:
    blocks = _blocks({"": contents})
    return [load_pem_x509_certificate(block) for _, kind, block in blocks if kind is _CERTIFICATE]


def read_files(names: tuple[str, ...]) -> dict[str, bytes]:
    """The contents of files by their names.

    :raises OSError: where one cannot be read.
    """
    return {name: Path(name).read_bytes() for name in names}


def unreadable(error: OSError) -> str:
    """The words for a file that cannot be read."""
    return f"{error.filename!r} cannot be read: {error.strerror}"


def _blocks(contents: dict[str, bytes]) -> Iterator[tuple[str, _Kind, bytes]]:
    # What is no certificate is taken for a key by Twisted.
    for name, octets in contents.items():
        for match in _BLOCK.finditer(octets):
            kind = _CERTIFICATE if b"CERTIFICATE" in match[1] else _KEY
            yield name, kind, match[0]


def _shown(certificate: Certificate) -> str:
    try:
        subject = certificate.subject.rfc4514_string() or "no subject"
    except ValueError:
        subject = "a subject that cannot be read"
    return f"{subject}, valid until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"


def _password_fault(name: str, key: bytes) -> str | None:
    if not _ENCRYPTED.search(key):
        return None
    return f"the private key in {name!r} has a password, which nobody could give at a start"
