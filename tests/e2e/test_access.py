"""Who may come in: hashed passwords, networks, certificates and TLS of the settings."""

from __future__ import annotations

import signal
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from smppgate.settings.password_hash import hashed
from tests.certificates import Authority, Issued
from tests.e2e.daemon import command, daemon
from tests.e2e.ports import free_port
from tests.e2e.test_tls import is_turned_away
from tests.e2e.twistd import RunningGate, running, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
)

WRONG = 0x0E


def bind(esme: Wire, password: bytes = b"secret", name: bytes = b"acme") -> int:
    """Bind; gives the status."""
    esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(name, password)))
    return esme.receive().status


def secure(
    port: int,
    authority: Path,
    client: Issued | None = None,
    name: str = "gate.example",
    before: bytes = b"",
    **limits: ssl.TLSVersion,
) -> Wire:
    """A connection in TLS, to a gate whose certificate is for ``name``."""
    context = ssl.create_default_context(cafile=str(authority))
    if "maximum" in limits:
        context.maximum_version = limits["maximum"]
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    sock.sendall(before)
    return Wire(context.wrap_socket(sock, server_hostname=name))


class Files:
    """What a gate and its peers need, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        self.ca = self.authority.write(folder)
        self.gate = self.issue("gate.example", x509.DNSName("gate.example"))

    def issue(self, name: str, *others: x509.GeneralName) -> Issued:
        return self.authority.issue(self.folder, name, *others)

    def listening(self, port: int, more: str = "", smscs: dict[str, int] | None = None) -> str:
        """A configuration whose listener has TLS."""
        config = settings(port, smscs or {"alpha": free_port()})
        table = '[listen.tls]\ncertificate = "gate.example.pem"\nkey = "gate.example.key"\n'
        return config.replace("[[esme]]", f"{table}{more}\n[[esme]]", 1)


def test_a_hash_a_file_and_a_variable_have_passwords(tmp_path: Path) -> None:
    """Each lets the right one in, and no other; a reload reads the file again."""
    port = free_port()
    (tmp_path / "file.txt").write_text("in-file\n")
    accounts = (
        f'[[esme]]\nsystem_id = "acme"\npassword_hash = "{hashed("in-hash")}"\n'
        '[[esme]]\nsystem_id = "bolt"\npassword_file = "file.txt"\n'
        '[[esme]]\nsystem_id = "corp"\npassword_env = "CORP_PASSWORD"\n'
    )
    config = tmp_path / "gate.toml"
    config.write_text(settings(port, {"alpha": free_port()}, esmes=accounts))
    line = command("run", config)
    with daemon(tmp_path, line, port, {"CORP_PASSWORD": "in-env"}) as gate:
        gate.wait_for_log("listening on")
        right = {b"acme": b"in-hash", b"bolt": b"in-file", b"corp": b"in-env"}
        for name, password in right.items():
            assert bind(connect(port), password, name) == 0
            assert bind(connect(port), password + b"x", name) == WRONG
        many = [connect(port) for _ in range(5)]
        for esme in many:
            esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"in-hash")))
        assert [esme.receive().status for esme in many] == [0] * 5
        (tmp_path / "file.txt").write_text("new-one\n")
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log("is done")
        assert bind(connect(port), b"in-file", b"bolt") == WRONG
        assert bind(connect(port), b"new-one", b"bolt") == 0
        assert "Traceback" not in gate.log


def test_an_account_from_elsewhere_is_refused_whatever_its_password(tmp_path: Path) -> None:
    """By the address behind PROXY; the log tells why, the answer does not."""
    port = free_port()
    config = settings(port, {"alpha": free_port()})
    config = config.replace(f'"tcp:{port}', f'"haproxy:tcp:{port}', 1)
    config = config.replace("[[esme]]", '[[esme]]\nallow = ["192.0.2.0/24"]', 1)
    with running(tmp_path, config, port) as gate:
        for source, password, status in (
            ("192.0.2.7", b"secret", 0),
            ("198.51.100.7", b"secret", WRONG),
            ("198.51.100.7", b"wrong", WRONG),
        ):
            esme = connect(port)
            esme.sock.sendall(f"PROXY TCP4 {source} 127.0.0.1 40000 2775\r\n".encode())
            assert bind(esme, password) == status
        gate.wait_for_log("its address is not among those that the account allows", 2)


def test_a_listener_closes_connections_from_elsewhere(tmp_path: Path) -> None:
    """At once, or as soon as the header has come; nothing is read."""
    port, behind = free_port(), free_port()
    allow = '\nallow = ["192.0.2.0/24"]\n'
    config = settings(port, {"alpha": free_port()})
    more = f'[[listen]]\nendpoint = "haproxy:tcp:{behind}:interface=127.0.0.1"{allow}[[esme]]'
    config = config.replace("[[esme]]", f"{allow}{more}", 1)
    with running(tmp_path, config, port) as gate:
        reason = "its address is not among those that the listener allows"
        assert is_turned_away(port, b"")
        gate.wait_for_log(reason)
        inside = connect(behind)
        inside.sock.sendall(b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 2775\r\n")
        assert bind(inside) == 0
        outside = connect(behind)
        outside.sock.sendall(b"PROXY TCP4 198.51.100.7 127.0.0.1 40000 2775\r\n")
        assert outside.is_closed()
        # As a line of its own, or with others of that second.
        gate.wait_for_log(reason, 2)


def test_clients_are_known_by_their_certificates(tmp_path: Path) -> None:
    """By CN, alternative name or digest; without one of the authority there is no connection."""
    files, port = Files(tmp_path), free_port()
    acme = files.issue("acme", x509.DNSName("acme.example"), x509.RFC822Name("ops@acme.example"))
    bolt = files.issue("bolt")
    stranger = Authority("other").issue(tmp_path, "stranger")
    config = files.listening(port, 'client_ca = "ca.pem"')
    digest = ":".join(bolt.digest.upper()[at : at + 2] for at in range(0, 64, 2))
    config = config.replace('"hidden"', f'"hidden"\ncertificate = "sha256:{digest}"', 1)
    for name in ("acme", "acme.example", "ops@acme.example"):
        folder = tmp_path / name
        folder.mkdir()
        text = config.replace('"secret"', f'"secret"\ncertificate = "{name}"', 1)
        text = text.replace('"gate.', f'"{tmp_path}/gate.').replace('"ca.', f'"{tmp_path}/ca.')
        with running(folder, text, port) as gate:
            assert bind(secure(port, files.ca, acme)) == 0
            for password in (b"secret", b"wrong"):
                assert bind(secure(port, files.ca, bolt), password) == WRONG
            assert bind(secure(port, files.ca, bolt), b"hidden", b"bolt") == 0
            assert bind(secure(port, files.ca, acme), b"hidden", b"bolt") == WRONG
            for client in (None, stranger):
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    bind(secure(port, files.ca, client))
            gate.wait_for_log("it has not the client certificate of the account", 3)
            assert "Traceback" not in gate.log


def test_tls_behind_a_balancer(tmp_path: Path) -> None:
    """The header comes before TLS, and says whose address counts."""
    files, port = Files(tmp_path), free_port()
    config = files.listening(port).replace(f'"tcp:{port}', f'"haproxy:tcp:{port}', 1)
    config = config.replace("[[esme]]", '[[esme]]\nallow = ["192.0.2.0/24"]', 1)
    with running(tmp_path, config, port) as gate:
        for source, status in (("192.0.2.7", 0), ("198.51.100.7", WRONG)):
            header = f"PROXY TCP4 {source} 127.0.0.1 40000 2775\r\n".encode()
            assert bind(secure(port, files.ca, before=header)) == status
        gate.wait_for_log("ESME acme bound as transceiver from 192.0.2.7:40000")


def test_other_names_have_other_certificates(tmp_path: Path) -> None:
    """The client verifies the one that it has asked for; old versions of TLS are refused."""
    files, port = Files(tmp_path), free_port()
    files.issue("other", x509.DNSName("other.example"), x509.DNSName("*.wild.example"))
    more = (
        'min_version = "1.3"\n'
        '[[listen.tls.certificates]]\ncertificate = "other.pem"\nkey = "other.key"\n'
    )
    with running(tmp_path, files.listening(port, more), port):
        for name in ("gate.example", "other.example", "any.wild.example"):
            assert bind(secure(port, files.ca, name=name)) == 0
        with pytest.raises(ssl.SSLError):
            secure(port, files.ca, name="unknown.example")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            secure(port, files.ca, maximum=ssl.TLSVersion.TLSv1_2)


class Renewing:
    """A gate whose certificate, and whose file, change while it runs."""

    def __init__(self, gate: RunningGate, files: Files, smsc: int) -> None:
        self.gate = gate
        self.files = files
        self._smscs = {"alpha": smsc}

    def reload(self, told: str, has_tls: bool = True) -> None:
        """Reload with TLS or without, and wait until this is told."""
        port = self.gate.port
        plain = settings(port, self._smscs)
        text = self.files.listening(port, smscs=self._smscs) if has_tls else plain
        (self.files.folder / "gate.toml").write_text(text)
        self.gate.process.send_signal(signal.SIGHUP)
        self.gate.wait_for_log(told)

    def shown(self) -> bytes:
        """The certificate that a new session is shown."""
        esme: Any = secure(self.gate.port, self.files.ca)
        assert bind(esme) == 0
        return bytes(esme.sock.getpeercert(binary_form=True))


def test_certificates_are_renewed_and_tls_begins_and_ends_by_reloads(tmp_path: Path) -> None:
    """Sessions that are bound go on; a key that does not fit leaves the certificate as it was."""
    files, port = Files(tmp_path), free_port()
    config = tmp_path / "gate.toml"
    with Smsc() as smsc:
        config.write_text(files.listening(port, smscs={"alpha": smsc.port}))
        with daemon(tmp_path, command("run", config), port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            at, old = Renewing(gate, files, smsc.port), secure(port, files.ca)
            assert bind(old) == 0
            first = at.shown()
            files.issue("gate.example", x509.DNSName("gate.example"))
            at.reload(f"new certificate of tcp:{port}:interface=127.0.0.1: CN=gate.example")
            second = at.shown()
            assert second != first
            # A broken file is an error of the configuration, and nothing changes.
            files.gate.key.write_text("none")
            at.reload("listen[0].tls.key: ")
            assert at.shown() == second
            files.issue("gate.example", x509.DNSName("gate.example"))
            at.reload("tls { certificate = ", has_tls=False)
            assert bind(connect(port)) == 0
            at.reload("tls none -> { certificate = ")
            assert at.shown() != second
            old.send(pdu(SUBMIT_SM, 2, message_body()))
            answer(link, link.receive_message())
            assert old.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 2, b"alphaid\0")
            assert "Traceback" not in gate.log


class TlsSmsc(Smsc):
    """An SMSC that asks for certificates."""

    def __init__(self, issued: Issued, authority: Path) -> None:
        super().__init__()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(issued.certificate, issued.key)
        self.context.load_verify_locations(authority)
        self.context.verify_mode = ssl.CERT_REQUIRED

    def accept(self) -> Wire:
        wire = super().accept()
        wire.sock = self.context.wrap_socket(wire.sock, server_side=True)
        return wire


def test_links_in_tls(tmp_path: Path) -> None:
    """With a certificate of the gate's; the SMSC's must be for the name that is expected."""
    files, port = Files(tmp_path), free_port()
    with TlsSmsc(files.issue("smsc", x509.DNSName("smsc.example")), files.ca) as smsc:
        tls = (
            '[smsc.tls]\nca = "ca.pem"\ncertificate = "gate.example.pem"\n'
            'key = "gate.example.key"\nserver_name = "NAME"\n'
        )
        config = settings(port, {"alpha": smsc.port}, smsc=tls)
        file = tmp_path / "gate.toml"
        file.write_text(config.replace("NAME", "elsewhere.example"))
        with daemon(tmp_path, command("run", file), port) as gate:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                smsc.accept().receive()
            gate.wait_for_log("certificate of another name")
            file.write_text(config.replace("NAME", "smsc.example"))
            gate.process.send_signal(signal.SIGHUP)
            gate.wait_for_log("is done")
            link = None
            while link is None:
                try:
                    link = smsc.link()
                except (ssl.SSLError, ConnectionError):
                    # One of the former settings that was under way.
                    continue
            assert ("commonName", "gate.example") in [
                pair
                for part in link.sock.getpeercert()["subject"]  # type: ignore[attr-defined]
                for pair in part
            ]
            gate.wait_for_log("SMSC alpha transceiver 1 bound")
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 1, message_body()))
            answer(link, link.receive_message())
            assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 1, b"alphaid\0")
            assert "Traceback" not in gate.log
