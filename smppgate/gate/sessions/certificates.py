"""`ServerCertificate`: the certificate that a listener with TLS shows, which can be renewed."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from smppgate.gate.sessions.renewed import Renewed, digest_of
from smppgate.settings.certificates import CertificateFiles, CertificateFolder
from smppgate.settings.endpoints import certificates, split
from smppgate.settings.tls_context import openssl_words

# Type of endpoint → the attribute of Twisted's endpoint that makes the connections with TLS.
_CREATORS = {"ssl": "_sslContextFactory", "tls": "connectionCreator"}


def has_certificate(description: str) -> bool:
    """Whether a server endpoint has TLS."""
    return split(description).scheme in _CREATORS


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate(Renewed[Any]):
    """Makes the TLS connections of a listener, with the certificate that was last read.

    Twisted reads the files of an endpoint string once. Here that is done again by `renew`.

    :param description: the endpoint string, without ``haproxy:``; its files are read now.
    """

    def __init__(self, reactor: Any, description: str) -> None:
        super().__init__(description)
        self._reactor = reactor
        self._creator_name = _CREATORS[split(description).scheme]
        self._files: Any = certificates(split(description))
        # First of all, as at each renewal.
        self._digest = digest_of(self.names())
        self._endpoint = self._opened()
        self._made = getattr(self._endpoint, self._creator_name)
        self.shown = self._shown()

    def _shown(self) -> str:
        """Empty where it cannot be read here: Twisted has read the files, and may have its way."""
        try:
            return self._describe()
        except Exception:
            return ""

    def endpoint(self) -> Any:
        """Twisted's endpoint, whose connections are made here."""
        setattr(self._endpoint, self._creator_name, self)
        return self._endpoint

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """A connection with the certificate that was last read."""
        creator: Any = self._made
        connection: SSL.Connection = creator.serverConnectionForTLS(protocol)
        return connection

    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        names: tuple[str, ...] = self._files.names()
        return names

    def _opened(self) -> Any:
        """Twisted's endpoint, with the certificate that is in the files now."""
        fault = self._files.early_fault()
        if fault:
            raise ValueError(fault)
        endpoint: Any = serverFromString(self._reactor, self.title)
        if isinstance(self._files, CertificateFiles):
            # OpenSSL checks some things only now. The context is used by all connections.
            getattr(endpoint, self._creator_name).getContext()
        return endpoint

    def _make(self) -> Any:
        if isinstance(self._files, CertificateFolder):
            # Twisted leaves out a key without its certificate, and the names that it had.
            fault = self._files.unmatched_fault()
            if fault:
                raise ValueError(fault)
        return getattr(self._opened(), self._creator_name)

    def _describe(self) -> str:
        return str(self._files.shown())

    def _fault(self, error: Exception) -> str:
        return self._files.fault() or openssl_words(error)
