"""TLS on both sides, and what else wraps a connection."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.twistd import RunningGate, free_port, running, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    bind_body,
    bound,
    message_body,
    pdu,
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem and cert.pem, for localhost, signed by itself, and what to trust."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "trusted").mkdir()
    for place in (folder, folder / "trusted"):
        (place / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


class TlsSmsc(Smsc):
    """An SMSC that speaks TLS."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def accept(self) -> Wire:
        wire = super().accept()
        wire.sock = self._context.wrap_socket(wire.sock, server_side=True)
        return wire


@contextmanager
def listening(
    folder: Path, endpoint: str, port: int, smsc: int = 0, limit: str = "[[esme]]"
) -> Iterator[RunningGate]:
    """A gate with one listener at ``endpoint``, which is on ``port``."""
    config = settings(port, {"alpha": smsc or free_port()})
    config = config.replace(f"tcp:{port}:interface=127.0.0.1", endpoint, 1)
    config = config.replace("[[esme]]", limit, 1)
    with running(folder, config, port) as gate:
        yield gate


def tls_to(port: int) -> Wire:
    """A connection over TLS."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    return Wire(context.wrap_socket(sock))


def bind(esme: Wire) -> int:
    """Bind as acme; gives the status."""
    esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
    return esme.receive().status


def test_esmes_over_tls(tmp_path: Path, certificate: Path) -> None:
    """`ssl:` listens; messages flow, many in a read and one alone, and an unbind ends it."""
    port = free_port()
    keys = f"privateKey={certificate}/key.pem:certKey={certificate}/cert.pem"
    with Smsc() as smsc:
        endpoint = f"ssl:{port}:{keys}:interface=127.0.0.1"
        with listening(tmp_path, endpoint, port, smsc=smsc.port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = tls_to(port)
            assert bind(esme) == 0
            esme.send(b"".join(pdu(SUBMIT_SM, n, message_body()) for n in range(1, 51)))
            for _ in range(50):
                request = link.receive_message()
                link.send(pdu(SUBMIT_SM | RESP, request.number, b"id\0"))
            assert [esme.receive_message().number for _ in range(50)] == list(range(1, 51))
            esme.send(pdu(0x06, 99))
            assert esme.receive_message() == Pdu(0x06 | RESP, 0, 99, b"")
            assert esme.is_closed()


def test_a_peer_that_says_goodbye_over_tls_is_gone_at_once(
    tmp_path: Path, certificate: Path
) -> None:
    """Its last PDUs and its close_notify come in one read; the session does not linger."""
    port = free_port()
    keys = f"privateKey={certificate}/key.pem:certKey={certificate}/cert.pem"
    with listening(tmp_path, f"ssl:{port}:{keys}:interface=127.0.0.1", port) as gate:
        for gone in (1, 2, 3):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            engine = context.wrap_bio(incoming, outgoing)
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
                shake_hands(engine, incoming, outgoing, sock)
                engine.write(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
                sock.sendall(outgoing.read())
                gate.wait_for_log("ESME acme bound", gone)
                engine.write(pdu(0x15, 2) + pdu(0x15, 3))
                with pytest.raises(ssl.SSLWantReadError):
                    engine.unwrap()
                sock.sendall(outgoing.read())
                gate.wait_for_log("ESME acme at", gone)


def shake_hands(
    engine: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, sock: socket.socket
) -> None:
    """Carry octets between an engine and a socket until both sides are content."""
    while True:
        try:
            engine.do_handshake()
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            incoming.write(sock.recv(65536))
        else:
            sock.sendall(outgoing.read())
            return


def test_an_smsc_over_tls(tmp_path: Path, certificate: Path) -> None:
    """`tls:` connects, again and again; each time the bind comes through at once."""
    port = free_port()
    with TlsSmsc(certificate) as smsc:
        config = settings(port, {"alpha": smsc.port}).replace(
            f"tcp:127.0.0.1:{smsc.port}",
            f"tls:localhost:{smsc.port}:trustRoots={certificate}/trusted",
        )
        with running(tmp_path, config, port) as gate:
            for times in range(1, 6):
                link = smsc.link()
                gate.wait_for_log("SMSC alpha transceiver 1 bound", times)
                esme = bound(port)
                esme.send(pdu(SUBMIT_SM, 1, message_body()))
                request = link.receive_message()
                link.send(pdu(SUBMIT_SM | RESP, request.number, b"id\0"))
                assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 1, b"alphaid\0")
                link.sock.close()


def test_an_smsc_whose_certificate_is_not_trusted_is_not_used(
    tmp_path: Path, certificate: Path
) -> None:
    """The operator reads why, and no password is sent."""
    port = free_port()
    with TlsSmsc(certificate) as smsc:
        config = settings(port, {"alpha": smsc.port}).replace(
            f"tcp:127.0.0.1:{smsc.port}", f"tls:localhost:{smsc.port}"
        )
        with running(tmp_path, config, port) as gate:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                smsc.accept().receive()
            gate.wait_for_log("not bound: certificate not trusted")


def test_behind_a_balancer_the_log_has_the_real_address(tmp_path: Path) -> None:
    """`haproxy:tcp:` reads the PROXY line in front."""
    port = free_port()
    endpoint = f"haproxy:tcp:{port}:interface=127.0.0.1"
    with listening(tmp_path, endpoint, port) as gate:
        sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        sock.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 2775\r\n")
        esme = Wire(sock)
        assert bind(esme) == 0
        gate.wait_for_log("ESME acme bound as transceiver from 192.0.2.7:40000")


def is_turned_away(port: int, greeting: bytes) -> bool:
    """Whether a connection is closed, or cut, before anything comes on it.

    The gate may be faster than the client: its reset can be there before `connect` is over, or
    before the greeting is written, and then the kernel tells of it there.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
            sock.sendall(greeting)
            return Wire(sock).is_closed()
    except (ConnectionResetError, BrokenPipeError):
        return True


@pytest.mark.parametrize("wrapping", ["tcp", "ssl", "haproxy"])
def test_connections_too_many_are_closed_whatever_wraps_them(
    tmp_path: Path, certificate: Path, wrapping: str
) -> None:
    """No traceback, and no descriptor is left behind."""
    port = free_port()
    keys = f"privateKey={certificate}/key.pem:certKey={certificate}/cert.pem"
    endpoint = {
        "tcp": f"tcp:{port}:interface=127.0.0.1",
        "ssl": f"ssl:{port}:{keys}:interface=127.0.0.1",
        "haproxy": f"haproxy:tcp:{port}:interface=127.0.0.1",
    }[wrapping]
    limit = "max_sessions = 1\n\n[[esme]]"
    with listening(tmp_path, endpoint, port, limit=limit) as gate:
        first = socket.create_connection(("127.0.0.1", port), PATIENCE)
        greeting = b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 2775\r\n"
        for _ in range(5):
            assert is_turned_away(port, greeting if wrapping == "haproxy" else b"")
        first.close()
        # The first as it is, and the others with their number.
        gate.wait_for_log("all 1 sessions of the listener are in use", 2)
        assert "more refused in 1 s: " in gate.log
        assert "Traceback" not in gate.log
