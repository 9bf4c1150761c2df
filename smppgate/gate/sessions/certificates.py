"""`ServerCertificate`: the certificate that a listener with TLS shows, which can be renewed."""

from __future__ import annotations

import hashlib
from typing import Any

from OpenSSL import SSL
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from smppgate.notices.esmes import CERTIFICATE_UNUSABLE
from smppgate.settings.certificates import CertificateFiles, CertificateFolder, read_files
from smppgate.settings.endpoints import certificates, split
from smppgate.txsmpp.log import Logger

# Type of endpoint → the attribute of Twisted's endpoint that makes the connections with TLS.
_CREATORS = {"ssl": "_sslContextFactory", "tls": "connectionCreator"}


def has_certificate(description: str) -> bool:
    """Whether a server endpoint has TLS."""
    return split(description).scheme in _CREATORS


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate:
    """Makes the TLS connections of a listener, with the certificate that was last read.

    Twisted reads the files of an endpoint string once. Here that is done again by `renew`, and
    connections from then on have the new certificate. Those that are there keep theirs.

    :param description: the endpoint string, without ``haproxy:``; its files are read now.
    :ivar shown: whose certificates were read, and until when they are valid.
    """

    log = Logger()

    def __init__(self, reactor: Any, description: str) -> None:
        self._reactor = reactor
        self._description = description
        self._creator_name = _CREATORS[split(description).scheme]
        self._files: Any = certificates(split(description))
        # First of all: files that change while they are read differ from it at the next renewal.
        self._digest = digest_of_files(self.names())
        self._endpoint = self._read()
        self.shown = self._shown()
        self._creator = getattr(self._endpoint, self._creator_name)

    def _shown(self) -> str:
        """Empty where it cannot be read here: Twisted has read the files, and may have its way."""
        try:
            return str(self._files.shown())
        except Exception:
            return ""

    def endpoint(self) -> Any:
        """Twisted's endpoint, whose connections are made here."""
        setattr(self._endpoint, self._creator_name, self)
        return self._endpoint

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """A connection with the certificate that was last read."""
        connection: SSL.Connection = self._creator.serverConnectionForTLS(protocol)
        return connection

    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        names: tuple[str, ...] = self._files.names()
        return names

    def renew(self) -> None:
        """Read the files again if they have changed.

        Where they cannot be used, the certificate stays, and the log says why.
        """
        try:
            digest = digest_of_files(self.names())
            if digest == self._digest:
                return
            creator, shown = self._read_again(), self._files.shown()
        except Exception as error:
            # OpenSSL and Twisted raise exceptions of many classes.
            self._tell_failure(error)
            return
        self._digest, self._creator, self.shown = digest, creator, shown
        self.log.info(
            "new certificate of {endpoint}: {certificate}",
            endpoint=self._description,
            certificate=shown,
        )

    def _read(self) -> Any:
        """Twisted's endpoint, with the certificate that is in the files now."""
        fault = self._files.early_fault()
        if fault:
            raise ValueError(fault)
        endpoint: Any = serverFromString(self._reactor, self._description)
        if isinstance(self._files, CertificateFiles):
            # OpenSSL checks some things only now. The context is used by all connections.
            getattr(endpoint, self._creator_name).getContext()
        return endpoint

    def _read_again(self) -> Any:
        if isinstance(self._files, CertificateFolder):
            # Twisted leaves out a key without its certificate, and the names that it had.
            fault = self._files.unmatched_fault()
            if fault:
                raise ValueError(fault)
        return getattr(self._read(), self._creator_name)

    def _tell_failure(self, error: Exception) -> None:
        reason = self._files.fault() or str(error) or type(error).__name__
        self.log.tell(CERTIFICATE_UNUSABLE, endpoint=self._description, reason=reason)


def digest_of_files(names: tuple[str, ...]) -> bytes:
    """A digest of what is in the files of these names.

    :raises OSError: where one cannot be read.
    """
    digest = hashlib.sha256()
    for name, contents in read_files(names).items():
        digest.update(b"%s %d " % (name.encode(errors="surrogateescape"), len(contents)))
        digest.update(contents)
    return digest.digest()
