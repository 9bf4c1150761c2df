"""Certificates that are signed by themselves, or by an authority, as files."""

from __future__ import annotations

import atexit
import datetime
import hashlib
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

YEAR = 2046


@cache
def lasting() -> Path:
    """A folder with cert.pem and key.pem, which is there as long as this process."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    Pair("gate.example").write(Path(folder.name))
    return Path(folder.name)


class Pair:
    """A certificate and its private key, both in PEM.

    :param name: the certificate's common name, and the host that it is for.
    :param key: by default one that is made for it.
    """

    def __init__(self, name: str, key: Any = None) -> None:
        self.name = name
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        start = datetime.datetime(2026, 1, 1)
        host = x509.SubjectAlternativeName([x509.DNSName(name)])
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start)
        builder = builder.not_valid_after(datetime.datetime(YEAR, 1, 1))
        signed = builder.add_extension(host, critical=False).sign(key, hashes.SHA256())
        self.certificate = signed.public_bytes(serialization.Encoding.PEM)
        self.der = signed.public_bytes(serialization.Encoding.DER)
        self._key = key
        self.key = self._key_bytes(serialization.NoEncryption())

    def key_with_password(self) -> bytes:
        """The key, which needs a password."""
        return self._key_bytes(serialization.BestAvailableEncryption(b"secret"))

    def write(self, folder: Path) -> str:
        """Write cert.pem and key.pem; gives the arguments of an endpoint string for them."""
        (folder / "cert.pem").write_bytes(self.certificate)
        (folder / "key.pem").write_bytes(self.key)
        return f"privateKey={folder}/key.pem:certKey={folder}/cert.pem"

    def _key_bytes(self, encryption: serialization.KeySerializationEncryption) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self._key.private_bytes(serialization.Encoding.PEM, form, encryption)


class Authority:
    """Signs certificates for others.

    :ivar certificate: its own, in PEM.
    """

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        extension = x509.BasicConstraints(ca=True, path_length=None)
        unsigned = builder(self._name, self._name, self._key.public_key())
        signed = unsigned.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = signed.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        folder: Path,
        name: str,
        *others: x509.GeneralName,
        extensions: Mapping[str, bytes] | None = None,
    ) -> Issued:
        """A certificate for ``name`` as CN and for other names, as files in ``folder``.

        :param extensions: more of them, what they have by their OIDs.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        unsigned = builder(subject, self._name, key.public_key())
        if others:
            names = x509.SubjectAlternativeName(others)
            unsigned = unsigned.add_extension(names, critical=False)
        for oid, value in (extensions or {}).items():
            raw = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
            unsigned = unsigned.add_extension(raw, critical=False)
        signed = unsigned.sign(self._key, hashes.SHA256())
        octets = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(octets)
        private.chmod(0o600)
        return Issued(certificate, private, signed.public_bytes(serialization.Encoding.DER))

    def write(self, folder: Path, name: str = "ca.pem") -> Path:
        """Its certificate as a file in ``folder``."""
        (folder / name).write_bytes(self.certificate)
        return folder / name


class Issued(NamedTuple):
    """A certificate: the files in PEM, and it in DER."""

    certificate: Path
    key: Path
    der: bytes

    @property
    def digest(self) -> str:
        """Its digest, in hexadecimal digits."""
        return hashlib.sha256(self.der).hexdigest()

    def spoilt(self, old: bytes, new: bytes) -> Issued:
        """The same with other octets, also in its file; the signature does not fit any more."""
        der = self.der.replace(old, new)
        self.certificate.write_text(ssl.DER_cert_to_PEM_cert(der))
        return self._replace(der=der)


def builder(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    """A certificate that is not signed yet, for a public ``key``."""
    start, end = datetime.datetime(2026, 1, 1), datetime.datetime(YEAR, 1, 1)
    number = x509.random_serial_number()
    return x509.CertificateBuilder(issuer, subject, key, number, start, end)
