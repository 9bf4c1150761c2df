"""Listeners with TLS, whose certificates are renewed while they are open."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory

from smppgate.gate.sessions.endpoints import ServerEndpoint, server_endpoint
from tests.certificates import YEAR, Pair
from tests.fakes import outcomes
from tests.gate.memory_gateway import Log
from tests.txsmpp.pairs import failure_of

OLD, NEW, OTHER = Pair("old.example"), Pair("new.example"), Pair("other.example")


class Connection:
    """A TLS connection in memory, through which both sides can talk."""

    def __init__(self, factory: Any, name: str | None = None) -> None:
        self.server = factory._creatorCallable(factory.buildProtocol(None))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self._in, self._out, server_hostname=name)

    def certificate(self) -> bytes | None:
        """Shake hands; gives the certificate that the server showed."""
        for side in (self._ask, self._answer) * 3:
            side()
        return self.client.getpeercert(binary_form=True)

    def carries(self, octets: bytes) -> bool:
        """Whether ``octets`` of the client arrive at the server."""
        self.client.write(octets)
        self.server.bio_write(self._out.read())
        return bool(self.server.recv(100) == octets)

    def _ask(self) -> None:
        with suppress(ssl.SSLWantReadError):
            self.client.do_handshake()
        if self._out.pending:
            self.server.bio_write(self._out.read())

    def _answer(self) -> None:
        with suppress(SSL.WantReadError):
            self.server.do_handshake()
        with suppress(SSL.WantReadError):
            self._in.write(self.server.bio_read(100_000))


class Opened:
    """An endpoint that is open on a reactor in memory."""

    def __init__(self, description: str) -> None:
        self.reactor = MemoryReactorClock()
        self.endpoint: ServerEndpoint = server_endpoint(self.reactor, description)
        self.opening = outcomes(self.endpoint.listen(Factory.forProtocol(Protocol)))

    @property
    def factory(self) -> Any:
        """What makes its TLS connections."""
        if self.reactor.tcpServers:
            return self.reactor.tcpServers[0][1]
        _, wrapped, creator, *_ = self.reactor.sslServers[0]
        return TLSMemoryBIOFactory(creator, False, wrapped, clock=self.reactor)

    def shown(self, name: str | None = None) -> bytes | None:
        """The certificate that a new connection is shown."""
        return Connection(self.factory, name).certificate()

    def renewed(self) -> list[str]:
        """Renew; gives what the log says."""
        with Log() as log:
            self.endpoint.renew()
        return log.lines


@pytest.mark.parametrize("form", ["ssl:3550:{files}", "haproxy:ssl:3550:{files}", "tls:{at}:3550"])
def test_new_connections_have_the_new_certificate(tmp_path: Path, form: str) -> None:
    """The port is not opened anew, and the connection that was there goes on."""
    opened = Opened(form.format(files=OLD.write(tmp_path), at=tmp_path))
    there = Connection(opened.factory)
    assert there.certificate() == OLD.der
    NEW.write(tmp_path)
    assert opened.shown() == OLD.der
    (line,) = opened.renewed()
    assert line.startswith("new certificate of ")
    assert line.endswith(f": CN=new.example, valid until {YEAR}-01-01 00:00 UTC")
    assert opened.shown() == NEW.der
    assert opened.endpoint.certificate.startswith("CN=new.example, valid until")
    assert there.carries(b"still here")
    assert len(opened.reactor.sslServers) + len(opened.reactor.tcpServers) == 1


def test_a_certificate_that_has_not_changed_is_left_alone(tmp_path: Path) -> None:
    """Sessions of TLS can be taken up again, and the log says nothing."""
    opened = Opened(f"ssl:3550:{OLD.write(tmp_path)}")
    before = Connection(opened.factory).server.get_context()
    OLD.write(tmp_path)
    assert opened.renewed() == []
    assert Connection(opened.factory).server.get_context() is before


def test_a_key_that_does_not_fit_leaves_the_old_certificate(tmp_path: Path) -> None:
    """It is told at each reload, until the files are right."""
    opened = Opened(f"ssl:3550:{OLD.write(tmp_path)}")
    (tmp_path / "cert.pem").write_bytes(NEW.certificate)
    for _ in range(2):
        (line,) = opened.renewed()
        assert "stays as it was" in line
        assert f"'{tmp_path}/cert.pem' does not fit the private key in" in line
        assert opened.shown() == OLD.der
    (tmp_path / "key.pem").write_bytes(NEW.key)
    assert len(opened.renewed()) == 1
    assert opened.shown() == NEW.der


def test_what_openssl_does_not_take_leaves_the_old_certificate(tmp_path: Path) -> None:
    """The log has the words of OpenSSL: a key that is too short seems sound until it is used."""
    opened = Opened(f"ssl:3550:{OLD.write(tmp_path)}")
    Pair("short.example", rsa.generate_private_key(65537, 1024)).write(tmp_path)
    (line,) = opened.renewed()
    assert line.endswith(": ee key too small")
    assert opened.shown() == OLD.der


def test_a_missing_file_leaves_the_old_certificate(tmp_path: Path) -> None:
    opened = Opened(f"ssl:3550:{OLD.write(tmp_path)}")
    (tmp_path / "key.pem").unlink()
    (line,) = opened.renewed()
    assert line.endswith(f"'{tmp_path}/key.pem' cannot be read: No such file or directory")
    assert opened.shown() == OLD.der


def test_a_chain_is_renewed_too(tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(OTHER.certificate)
    opened = Opened(f"ssl:3550:{OLD.write(tmp_path)}:extraCertChain={chain}")
    chain.write_bytes(NEW.certificate)
    assert len(opened.renewed()) == 1
    chain.write_text("none")
    assert opened.renewed()[0].endswith(f"'{chain}' has no certificate")


def test_a_folder_with_a_key_that_nothing_fits_stays_as_it_was(tmp_path: Path) -> None:
    """Twisted would leave the name out."""
    for pair in (OLD, OTHER):
        (tmp_path / pair.name).mkdir()
        pair.write(tmp_path / pair.name)
    opened = Opened(f"tls:{tmp_path}:3550")
    assert opened.shown("old.example") == OLD.der
    (tmp_path / "old.example" / "key.pem").write_bytes(NEW.key)
    (line,) = opened.renewed()
    assert line.endswith(
        f"no certificate in '{tmp_path}' fits the private key in '{tmp_path}/old.example/key.pem'"
    )
    assert opened.shown("old.example") == OLD.der
    assert opened.shown("other.example") == OTHER.der


def test_an_empty_folder_stays_as_it_was(tmp_path: Path) -> None:
    OLD.write(tmp_path)
    opened = Opened(f"tls:{tmp_path}:3550")
    for each in tmp_path.iterdir():
        each.unlink()
    assert opened.renewed()[0].endswith(f"'{tmp_path}' has no private key")
    assert opened.shown() == OLD.der


def test_an_endpoint_without_tls_has_nothing_to_renew() -> None:
    assert Opened("tcp:2775").renewed() == []


def test_an_endpoint_is_opened_with_the_files_that_are_there_then(tmp_path: Path) -> None:
    """A try that fails says which file it wants; the next one finds it."""
    files = OLD.write(tmp_path)
    (tmp_path / "cert.pem").unlink()
    opened = Opened(f"ssl:3550:{files}")
    failure = failure_of(opened.opening)
    assert isinstance(failure, OSError)
    assert str(failure).startswith(f"'{tmp_path}/cert.pem' cannot be read: No such file")
    assert opened.renewed() == []
    OLD.write(tmp_path)
    opened.endpoint.listen(Factory.forProtocol(Protocol))
    assert opened.shown() == OLD.der
