"""What the certificate of a client says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    RFC822Name,
    SubjectAlternativeName,
    UniformResourceIdentifier,
)
from cryptography.x509.oid import NameOID
from twisted.internet.interfaces import ISSLTransport

from smppgate.settings.tls_checks import DIGEST

_KINDS = (DNSName, RFC822Name, UniformResourceIdentifier)


def names_of(transport: Any) -> frozenset[str]:
    """The CN and the alternative names of the peer's certificate, and its digest.

    Empty without TLS, and where the listener asks for no certificate: one that is there has been
    verified.
    """
    # Its own type hint leaves the handle out.
    tls: Any = transport if ISSLTransport.providedBy(transport) else None
    if tls is None:
        return frozenset()
    certificate = tls.getHandle().get_peer_certificate(as_cryptography=True)
    return frozenset(_names(certificate)) if certificate is not None else frozenset()


def _names(certificate: Certificate) -> Iterator[str]:
    yield DIGEST + certificate.fingerprint(hashes.SHA256()).hex()
    # A name in the form of a digest is none: it would pose as another certificate.
    yield from (name for name in _written(certificate) if not name.startswith(DIGEST))


def _written(certificate: Certificate) -> Iterator[str]:
    for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        yield str(each.value)
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except (ExtensionNotFound, ValueError):
        # ValueError: an extension that cannot be read, of this kind or another.
        return
    for kind in _KINDS:
        yield from names.get_values_for_type(kind)
