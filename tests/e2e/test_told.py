"""What an operator reads in the log: trouble in words, storms in summary, nothing raw."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
)

DAY = datetime.timedelta(days=1)


def certificate(folder: Path, name: str = "localhost", days: int = 1) -> Path:
    """key.pem and cert.pem in ``folder``, signed by itself, and a folder that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + days * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
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


@contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """A server whose handshakes may fail; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(sock, server_side=True).close()
            except OSError:
                sock.close()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # To wake the thread up: closing alone does not.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.join()


def config_of(port: int, endpoint: str) -> str:
    """A gate with one SMSC at ``endpoint``."""
    config = settings(port, {"alpha": 1})
    return config.replace("tcp:127.0.0.1:1", endpoint)


@pytest.mark.parametrize(
    ("name", "days", "trusts", "words"),
    [
        ("localhost", 1, False, "certificate not trusted"),
        ("localhost", -1, True, "certificate expired"),
        ("smsc.example", 1, True, "certificate of another name"),
    ],
)
def test_what_is_wrong_with_a_certificate(
    tmp_path: Path, name: str, days: int, trusts: bool, words: str
) -> None:
    """With SMSC and endpoint."""
    certificate(tmp_path, name, days)
    with tls_server(tmp_path) as smsc:
        port = free_port()
        endpoint = f"tls:localhost:{smsc}"
        if trusts:
            endpoint += f":trustRoots={tmp_path}/trusted"
        with running(tmp_path, config_of(port, endpoint), port) as gate:
            gate.wait_for_log(f"SMSC alpha transceiver 1 at {endpoint} not bound: {words}")


def test_tls_to_an_smsc_without_it_and_the_reverse(tmp_path: Path) -> None:
    """Both are likely mistakes in an endpoint."""
    certificate(tmp_path)
    port = free_port()
    with tls_server(tmp_path) as smsc:
        config = config_of(port, f"tcp:127.0.0.1:{smsc}")
        with running(tmp_path, config, port) as gate:
            gate.wait_for_log("closed before it answered the bind: TLS on the other side?")
    with Smsc() as smsc_without:
        (tmp_path / "second").mkdir()
        config = config_of(port, f"tls:localhost:{smsc_without.port}")
        with running(tmp_path / "second", config, port) as gate:
            smsc_without.accept().send(pdu(BIND_TRANSCEIVER | RESP, 1))
            gate.wait_for_log("not bound: the other side does not speak TLS")


def test_an_smsc_that_is_not_there(tmp_path: Path) -> None:
    """Refused; and with a name that does not exist."""
    port, nowhere = free_port(), free_port()
    config = config_of(port, f"tcp:127.0.0.1:{nowhere}")
    with running(tmp_path, config, port) as gate:
        gate.wait_for_log(
            f"SMSC alpha transceiver 1 not reached at tcp:127.0.0.1:{nowhere}: connection refused"
        )
    with running(tmp_path, config_of(port, "tls:no.such.host.invalid:1"), port) as gate:
        gate.wait_for_log("not reached at tls:no.such.host.invalid:1: name unknown")


def test_a_pool_loses_its_smsc_and_has_one_again(tmp_path: Path) -> None:
    """The loss itself is told too, with the endpoint."""
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, settings(port, {"alpha": smsc.port}), port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            link.sock.close()
            gate.wait_for_log(f"alpha transceiver 1 at tcp:127.0.0.1:{smsc.port} gone: closed by")
            gate.wait_for_log(
                "pool default is without an SMSC: its messages are answered 0x08 after 5 s"
            )
            smsc.link()
            gate.wait_for_log("pool default has an SMSC again: alpha")


def test_connections_without_a_bind_are_told_in_summary(tmp_path: Path) -> None:
    """The first as it is; the others in one line, at the stop at the latest."""
    with relaying(tmp_path, "alpha") as (gate, _):
        for _ in range(5):
            connect(gate.port).sock.close()
        gate.wait_for_log("ended without a bind: closed by the peer")
        # Its answer shows that all of them were accepted before.
        bound(gate.port)
        gate.stop()
        assert gate.log.count("ended without a bind: closed by the peer") == 1
        assert "more without a bind in 60 s: 127.0.0.1: closed by the peer (" in gate.log


def test_a_message_that_is_refused_is_told_with_account_smsc_and_status(tmp_path: Path) -> None:
    """Many of a kind are one line and a count."""
    with relaying(tmp_path, "alpha") as (gate, (link,)):
        esme = bound(gate.port)
        for number in range(1, 6):
            esme.send(pdu(SUBMIT_SM, number, message_body()))
            answer(link, link.receive_message(), b"", 0x0B)
            assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0x0B, number, b"")
        text = "not delivered: to the SMSC: refused; account acme, SMSC alpha, status 0x0000000B"
        gate.wait_for_log(f"1 message {text}")
        gate.stop()
        assert gate.log.count(text) == 2
        assert f"4 messages {text}" in gate.log


def test_peers_have_brackets_around_an_ipv6_address(tmp_path: Path) -> None:
    """Behind a balancer too, whatever its PROXY header says; and nothing in it acts."""
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}).replace(
            f'"tcp:{port}:interface=127.0.0.1"', f'"haproxy:tcp:{port}:interface=127.0.0.1"'
        )
        with running(tmp_path, config, port) as gate:
            for address in (b"2001:db8::7", b"\x1b[2J\x07"):
                esme = connect(port)
                esme.send(b"PROXY TCP6 %s ::1 40312 2775\r\n" % address)
                esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
                assert esme.receive().status == 0
            gate.wait_for_log("ESME acme bound as transceiver from [2001:db8::7]:40312")
            gate.wait_for_log(r"ESME acme bound as transceiver from \x1b[2J\x07:40312")
            assert "\x1b" not in gate.log
