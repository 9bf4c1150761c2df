"""What the certificate of a client says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.x509 import (
    Certificate,
    DNSName,
    RFC822Name,
    UniformResourceIdentifier,
)
from twisted.internet.interfaces import ISSLTransport

from smppgate.settings.certificates import alternative_names, common_names
from smppgate.settings.tls_checks import DIGEST

_KINDS = (DNSName, RFC822Name, UniformResourceIdentifier)


def names_of(transport: Any) -> frozenset[str]:
    """The CN and the alternative names of the peer's certificate, and its digest.

    Empty without TLS, where the listener asks for no certificate, and where all of it cannot be
    read: one that is there has been verified.
    """
    # Its own type hint leaves the handle out.
    tls: Any = transport if ISSLTransport.providedBy(transport) else None
    if tls is None:
        return frozenset()
    try:
        certificate = tls.getHandle().get_peer_certificate(as_cryptography=True)
    except ValueError:
        # OpenSSL takes some that cryptography does not.
        return frozenset()
    return frozenset(_names(certificate)) if certificate is not None else frozenset()


def _names(certificate: Certificate) -> Iterator[str]:
    yield DIGEST + certificate.fingerprint(hashes.SHA256()).hex()
    # A name in the form of a digest is none: it would pose as another certificate.
    yield from (name for name in _written(certificate) if not name.startswith(DIGEST))


def _written(certificate: Certificate) -> list[str]:
    return common_names(certificate) + alternative_names(certificate, _KINDS)
