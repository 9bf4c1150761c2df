"""Certificates that are signed by themselves, as files."""

from __future__ import annotations

import atexit
import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

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
    """

    def __init__(self, name: str) -> None:
        self.name = name
        key = ec.generate_private_key(ec.SECP256R1())
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
