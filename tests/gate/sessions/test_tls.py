"""TLS by the tables of the settings: its files, names, and how they are renewed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from zope.interface import directlyProvides

from smppgate.gate.sessions.certificate_watch import INTERVAL, CertificateWatch, Looks
from smppgate.gate.sessions.client_certificates import names_of
from smppgate.gate.sessions.endpoints import client_endpoint, server_endpoint
from smppgate.gate.sessions.listener import TurnedAway
from smppgate.gate.sessions.tls import ClientTls, ListenerTls
from smppgate.settings import ListenCertificateSettings, ListenTlsSettings, SmscTlsSettings
from tests.certificates import Authority, Issued
from tests.fakes import outcomes
from tests.gate.memory_gateway import Log
from tests.gate.sessions.test_certificates import Connection
from tests.txsmpp.pairs import failure_of

AUTHORITY = Authority()


def issue(folder: Path, name: str, *others: x509.GeneralName) -> Issued:
    return AUTHORITY.issue(folder, name, *others)


def listen_tls(folder: Path, **more: Any) -> ListenTlsSettings:
    issued = issue(folder, "gate", x509.DNSName("gate.example"))
    return ListenTlsSettings(str(issued.certificate), str(issued.key), **more)


class Opened:
    """A listener with TLS on a reactor in memory."""

    def __init__(self, settings: ListenTlsSettings | None) -> None:
        self.reactor = MemoryReactorClock()
        self.tls = ListenerTls("tcp:2775", settings)
        self.endpoint = server_endpoint(self.reactor, "tcp:2775", self.tls)
        self.opening = outcomes(self.endpoint.listen(Factory.forProtocol(Protocol)))

    @property
    def factory(self) -> Any:
        return self.reactor.tcpServers[0][1]

    def shown(self, name: str | None = None) -> bytes | None:
        """The certificate that a new connection is shown."""
        return Connection(self.factory, name).certificate()

    def told(self, do: Any) -> list[str]:
        with Log() as log:
            do()
        return log.lines


def der(path: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(path).read_text())


def test_each_name_has_its_certificate(tmp_path: Path) -> None:
    """Exact names, wildcards of one label, and the CN of one without DNS names."""
    wild = issue(tmp_path, "wild", x509.DNSName("*.wild.example"), x509.DNSName("two.example"))
    bare = issue(tmp_path, "bare.example")
    others = tuple(
        ListenCertificateSettings(str(each.certificate), str(each.key)) for each in (wild, bare)
    )
    settings = listen_tls(tmp_path, certificates=others)
    opened = Opened(settings)
    first = der(settings.certificate)
    for name, shown in (
        (None, first),
        ("gate.example", first),
        ("a.wild.example", wild.der),
        ("A.Wild.Example", wild.der),
        ("a.b.wild.example", first),
        ("wild.example", first),
        ("two.example", wild.der),
        ("bare.example", bare.der),
        ("example", first),
    ):
        assert opened.shown(name) == shown, name


def test_new_connections_have_the_new_certificate(tmp_path: Path) -> None:
    """Those that are there go on."""
    settings = listen_tls(tmp_path)
    opened = Opened(settings)
    there = Connection(opened.factory)
    old = there.certificate()
    assert opened.told(opened.endpoint.renew) == []
    listen_tls(tmp_path)
    assert opened.shown() == old
    (line,) = opened.told(opened.endpoint.renew)
    assert line.startswith("new certificate of tcp:2775: CN=gate, valid until ")
    assert opened.shown() == der(settings.certificate) != old
    assert opened.endpoint.certificate == "CN=gate, valid until 2046-01-01 00:00 UTC"
    assert there.carries(b"still here")


def test_files_that_cannot_be_used_leave_what_there_was(tmp_path: Path) -> None:
    """It is told at each look, with the file, until they are right."""
    settings = listen_tls(tmp_path, client_ca=str(AUTHORITY.write(tmp_path)))
    opened = Opened(settings)
    old = opened.tls.server.context  # type: ignore[union-attr]
    for path in (settings.key, settings.client_ca, settings.certificate):
        content = Path(path).read_bytes()
        Path(path).write_text("none")
        (line,) = opened.told(opened.endpoint.renew)
        assert line.startswith("SG-2004 the certificate of tcp:2775 stays as it was: ")
        assert repr(path) in line
        Path(path).unlink()
        assert "cannot be read" in opened.told(opened.endpoint.renew)[0]
        Path(path).write_bytes(content)
        assert opened.told(opened.endpoint.renew) == []
        assert opened.tls.server.context is old  # type: ignore[union-attr]


def test_a_listener_whose_files_are_gone_does_not_open(tmp_path: Path) -> None:
    """The next try finds them."""
    settings = listen_tls(tmp_path)
    Path(settings.key).unlink()
    opened = Opened(settings)
    failure = failure_of(opened.opening)
    assert str(failure) == f"{settings.key!r} cannot be read: No such file or directory"
    listen_tls(tmp_path)
    opened.endpoint.listen(Factory.forProtocol(Protocol))
    assert opened.shown() == der(settings.certificate)


def test_tls_begins_and_ends_while_a_listener_is_open(tmp_path: Path) -> None:
    opened = Opened(None)
    assert type(opened.factory.buildProtocol(None)) is Protocol
    assert opened.factory.logPrefix() == "Factory"
    settings = listen_tls(tmp_path)
    opened.tls.change(settings)
    assert opened.factory.logPrefix() == "Factory (TLS)"
    assert opened.shown() == der(settings.certificate)
    opened.tls.change(None)
    assert type(opened.factory.buildProtocol(None)) is Protocol


def test_tls_that_begins_without_its_files_takes_no_connection(tmp_path: Path) -> None:
    """None is in the clear."""
    opened, settings = Opened(None), listen_tls(tmp_path)
    key = Path(settings.key)
    content = key.read_bytes()
    key.unlink()
    opened.tls.change(settings)
    assert isinstance(opened.factory.buildProtocol(None), TurnedAway)
    key.write_bytes(content)
    opened.tls.renew()
    assert opened.shown() == der(settings.certificate)


def test_other_settings_are_in_force_with_the_next_connection(tmp_path: Path) -> None:
    """The version, as files do not change by that."""
    settings = listen_tls(tmp_path)
    opened = Opened(settings)
    before = opened.tls.server.context  # type: ignore[union-attr]
    opened.tls.change(ListenTlsSettings(settings.certificate, settings.key, min_version="1.3"))
    assert opened.tls.server.context is not before  # type: ignore[union-attr]


def test_a_client_reads_its_files_when_it_connects(tmp_path: Path) -> None:
    """Where they are gone, the link is not made, and is tried again."""
    ca = AUTHORITY.write(tmp_path)
    tls = ClientTls("SMSC alpha", SmscTlsSettings(ca=str(ca)))
    ca.unlink()
    reactor = MemoryReactorClock()
    endpoint = client_endpoint(reactor, "tcp:127.0.0.1:3001", tls)
    failure = failure_of(outcomes(endpoint.connect(Factory.forProtocol(Protocol))))
    assert str(failure) == f"{str(ca)!r} cannot be read: No such file or directory"
    assert reactor.tcpClients == []
    AUTHORITY.write(tmp_path)
    outcomes(endpoint.connect(Factory.forProtocol(Protocol)))
    assert len(reactor.tcpClients) == 1
    Authority("next").write(tmp_path)
    with Log() as log:
        tls.renew()
        tls.renew()
    assert log.lines == [f"new certificate of SMSC alpha: authorities in {str(ca)!r}"]


def test_files_that_no_link_has_read_are_not_told_as_new(tmp_path: Path) -> None:
    """A look at them, and other settings, wait for the first connection."""
    ca = AUTHORITY.write(tmp_path)
    tls = ClientTls("SMSC alpha", SmscTlsSettings(ca=str(ca)))
    with Log() as log:
        tls.renew()
        tls.change(SmscTlsSettings(ca=str(ca), min_version="1.3"))
    assert log.lines == []
    assert not tls.is_open
    endpoint = client_endpoint(MemoryReactorClock(), "tcp:127.0.0.1:3001", tls)
    outcomes(endpoint.connect(Factory.forProtocol(Protocol)))
    assert tls.is_open


class Handle:
    """A TLS connection whose peer has shown this certificate."""

    def __init__(self, shown: bytes | None) -> None:
        self._shown = shown
        directlyProvides(self, ISSLTransport)

    def getHandle(self) -> Handle:
        return self

    def get_peer_certificate(self, as_cryptography: bool) -> x509.Certificate | None:
        assert as_cryptography
        return x509.load_der_x509_certificate(self._shown) if self._shown is not None else None


def test_a_certificate_says_names_and_its_digest(tmp_path: Path) -> None:
    issued = issue(
        tmp_path,
        "acme",
        x509.DNSName("acme.example"),
        x509.RFC822Name("ops@acme.example"),
        x509.UniformResourceIdentifier("urn:acme"),
    )
    names = {"acme", "acme.example", "ops@acme.example", "urn:acme", f"sha256:{issued.digest}"}
    assert names_of(Handle(issued.der)) == names
    assert names_of(Handle(None)) == names_of(object()) == frozenset()


def test_a_name_does_not_pose_as_a_digest(tmp_path: Path) -> None:
    """An authority signs any name."""
    other = issue(tmp_path, "other")
    false = issue(tmp_path, f"sha256:{other.digest[:50]}", x509.DNSName(f"sha256:{other.digest}"))
    assert names_of(Handle(false.der)) == {f"sha256:{false.digest}"}


NAMES, CONSTRAINTS = "2.5.29.17", "2.5.29.19"
# An OID of four octets as certificates have it, and another one.
ONE, OTHER = bytes.fromhex("06032a0304"), bytes.fromhex("06032a0305")

UNREADABLE: dict[str, Callable[[Path], Issued]] = {
    "an extension twice": lambda folder: AUTHORITY.issue(
        folder, "odd", extensions={"1.2.3.4": b"\5\0", "1.2.3.5": b"\5\0"}
    ).spoilt(OTHER, ONE),
    "names": lambda folder: AUTHORITY.issue(folder, "odd", extensions={NAMES: b"none"}),
    "a name of another kind": lambda folder: AUTHORITY.issue(
        folder, "odd", extensions={NAMES: bytes.fromhex("3004a3023000")}
    ),
    "another extension": lambda folder: AUTHORITY.issue(
        folder, "odd", x509.DNSName("odd.example"), extensions={CONSTRAINTS: b"none"}
    ),
}


@pytest.mark.parametrize("issue_odd", UNREADABLE.values(), ids=UNREADABLE)
def test_extensions_that_cannot_be_read_leave_the_cn(
    tmp_path: Path, issue_odd: Callable[[Path], Issued]
) -> None:
    """On both sides: a client has that name, and a listener shows the certificate for it."""
    odd = issue_odd(tmp_path)
    assert names_of(Handle(odd.der)) == {"odd", f"sha256:{odd.digest}"}
    other = ListenCertificateSettings(str(odd.certificate), str(odd.key))
    assert Opened(listen_tls(tmp_path, certificates=(other,))).shown("odd") == odd.der


def test_a_subject_that_cannot_be_read_leaves_the_other_names(tmp_path: Path) -> None:
    odd = issue(tmp_path, "odd", x509.DNSName("a.example"))
    odd = odd.spoilt(b"\x0c\x03odd", b"\x14\x03\xff\xff\xff")
    assert names_of(Handle(odd.der)) == {"a.example", f"sha256:{odd.digest}"}
    other = ListenCertificateSettings(str(odd.certificate), str(odd.key))
    opened = Opened(listen_tls(tmp_path, certificates=(other,)))
    assert opened.shown("a.example") == odd.der
    assert "; a subject that cannot be read, valid until" in opened.endpoint.certificate


def test_a_certificate_that_cannot_be_read_has_no_names(tmp_path: Path) -> None:
    """OpenSSL takes a PrintableString with an underscore."""
    odd = issue(tmp_path, "odd").spoilt(b"\x0c\x03odd", b"\x13\x03o_d")
    assert names_of(Handle(odd.der)) == frozenset()


class Files:
    """What has certificates."""

    def __init__(self, *names: Path) -> None:
        self.found = tuple(map(str, names))
        self.renewed = 0

    def names(self) -> tuple[str, ...]:
        return self.found

    def renew(self) -> None:
        self.renewed += 1


class Watched:
    """A watch, with a thread that is done at once or fails."""

    def __init__(self, *files: Files) -> None:
        self.clock = Clock()
        self.error: Exception | None = None
        self.watch = CertificateWatch(self.clock, self._in_thread)
        self.watch.sources.append(lambda: files)
        self.watch.startService()

    def _in_thread(self, look: Any) -> Deferred[Looks]:
        return fail(self.error) if self.error is not None else succeed(look())


def test_a_watch_has_changed_files_read(tmp_path: Path) -> None:
    """Once for each change: another content, another file, none at all."""
    file = tmp_path / "a.pem"
    file.write_text("one")
    files = Files(file)
    watched = Watched(files)
    watched.clock.advance(INTERVAL)
    assert files.renewed == 1
    for change in (
        lambda: file.write_text("another"),
        lambda: (tmp_path / "b.pem").write_text("another") and (tmp_path / "b.pem").rename(file),
        file.unlink,
        lambda: file.write_text("one"),
    ):
        before = files.renewed
        watched.clock.advance(INTERVAL)
        assert files.renewed == before
        change()
        watched.clock.advance(INTERVAL)
        assert files.renewed == before + 1


def test_a_watch_without_files_has_no_timer(tmp_path: Path) -> None:
    """It begins when there are some, and ends with its service."""
    files = Files()
    watched = Watched(files)
    assert watched.clock.getDelayedCalls() == []
    files.found = (str(tmp_path / "a.pem"),)
    watched.watch.changed()
    watched.watch.changed()
    assert len(watched.clock.getDelayedCalls()) == 1
    watched.watch.stopService()
    assert watched.clock.getDelayedCalls() == []
    watched.watch.changed()
    assert watched.clock.getDelayedCalls() == []


def test_a_look_that_fails_is_told_and_the_next_comes(tmp_path: Path) -> None:
    files = Files(tmp_path / "a.pem")
    watched = Watched(files)
    watched.error = RuntimeError("no thread")
    with Log() as log:
        watched.clock.advance(INTERVAL)
    assert any("certificates could not be looked at" in line for line in log.lines)
    watched.error = None
    watched.clock.advance(INTERVAL)
    assert files.renewed == 1


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_clients_of_old_versions_are_refused(tmp_path: Path, version: str) -> None:
    """TLS 1.2 is taken where it is the oldest that may be."""
    opened = Opened(listen_tls(tmp_path, min_version=version))
    connection = Connection(opened.factory)
    limited = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    limited.check_hostname, limited.verify_mode = False, ssl.CERT_NONE
    limited.maximum_version = ssl.TLSVersion.TLSv1_2
    connection.client = limited.wrap_bio(connection._in, connection._out)
    if version == "1.2":
        assert connection.certificate() is not None
    else:
        with pytest.raises(Exception, match=r"(?i)protocol"):
            connection.certificate()
