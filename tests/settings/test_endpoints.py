"""Which endpoint strings are valid, and the errors of the others."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from smppgate.settings.endpoints import client_fault, is_exposed, server_fault


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a private key and a certificate for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate.example")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start)
    signed = builder.not_valid_after(datetime.datetime(2046, 1, 1)).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "gate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    "description",
    [
        "tcp:2775",
        "tcp:0:interface=127.0.0.1",
        "tcp:port=2775:interface=127.0.0.1:backlog=9",
        r"tcp6:2775:interface=\:\:1",
        "unix:/run/gate.sock",
        "haproxy:tcp:2775",
        "haproxy:systemd:domain=INET:index=0",
        "systemd:domain=INET:index=0",
        "systemd:domain=INET6:name=smpp",
        "systemd:UNIX:0",
    ],
)
def test_servers_taken(description: str) -> None:
    """What listens, in the forms of the documentation; systemd's without systemd."""
    assert server_fault(description) is None


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("", "Unknown endpoint type"),
        ("2775", "Unknown endpoint type: '2775'"),
        ("haproxy", "Unknown endpoint type"),
        ("haproxy:tcp", "missing 1 required"),
        ("haproxy:tcp:x", "port must be 0 to 65535, not 'x'"),
        ("tcp", "missing 1 required positional argument: 'port'"),
        ("tcp:", "port must be"),
        ("tcp:65536", "port must be"),
        ("tcp:-1", "port must be"),
        ("tcp:2775:interfaces=127.0.0.1", "unexpected keyword argument 'interfaces'"),
        ("tcp:2775:backlog=x", "is not an endpoint"),
        ("unix:/run/gate\\", "is not usable"),
        ("unix:", "names no socket"),
        ("ssl:3550:privateKey=/no/key.pem:certKey=/no/cert.pem", "'/no/cert.pem' cannot be read"),
        ("tls:/no/directory:3550", "no directory of certificates '/no/directory'"),
        ("tls", "missing 1 required"),
        ("systemd", "needs domain="),
        ("systemd:domain=AX25:index=0", "needs domain="),
        ("systemd:domain=INET", "exactly one of index= and name="),
        ("systemd:domain=INET:index=0:name=x", "exactly one of index= and name="),
        ("systemd:domain=INET:index=x", "index must be a number"),
        ("systemd:domain=INET:index=0:backlog=4", "no more"),
    ],
)
def test_servers_refused(description: str, reason: str) -> None:
    """The fault is named so that one can mend it."""
    assert reason in (server_fault(description) or "")


@pytest.mark.parametrize(
    "description",
    [
        "tcp:127.0.0.1:3001",
        "tcp:host=smsc.example:port=3001:timeout=5",
        "tls:smsc.example:3550",
        "ssl:smsc.example:3550",
        "unix:/run/smsc.sock",
    ],
)
def test_clients_taken(description: str) -> None:
    """What connects, in the forms of the documentation."""
    assert client_fault(description) is None


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("127.0.0.1:3001", "Unknown endpoint type"),
        ("haproxy:tcp:2775", "Unknown endpoint type"),
        ("tcp:127.0.0.1", "missing 1 required positional argument: 'port'"),
        ("tcp::3001", "names no host"),
        ("tcp:127.0.0.1:70000", "port must be 0 to 65535, not '70000'"),
        ("tls:smsc.example:x", "port must be"),
        ("tls:smsc.example:3550:certificate=/no/cert.pem", "'/no/cert.pem' cannot be read"),
        ("tls:smsc.example:3550:trustRoots=/no/roots", "a directory of certificates"),
        ("unix:", "names no socket"),
    ],
)
def test_clients_refused(description: str, reason: str) -> None:
    """The fault is named so that one can mend it."""
    assert reason in (client_fault(description) or "")


def test_certificates_are_read(certificate: Path) -> None:
    """A valid one is accepted; another file is an error of the endpoint, not a traceback."""
    assert server_fault(f"ssl:3550:privateKey={certificate}:certKey={certificate}") is None
    assert server_fault(f"tls:{certificate.parent}:3550") is None
    empty = certificate.with_suffix(".txt")
    empty.write_text("no certificate")
    fault = server_fault(f"ssl:3550:privateKey={empty}:certKey={empty}") or ""
    assert fault == f"{str(empty)!r} has no certificate"


@pytest.mark.parametrize(
    ("description", "exposed"),
    [
        ("tcp:2775", True),
        ("tcp:2775:interface=0.0.0.0", True),
        ("tcp:2775:interface=", True),
        (r"tcp6:2775", True),
        ("haproxy:tcp:2775", True),
        ("tcp:2775:127.0.0.1", False),
        ("tcp:2775:interface=10.0.0.1", False),
        (r"tcp6:2775:interface=\:\:1", False),
        ("haproxy:tcp:2775:interface=127.0.0.1", False),
        ("ssl:3550", False),
        ("unix:/run/gate.sock", False),
        ("systemd:domain=INET:index=0", False),
    ],
)
def test_which_listeners_are_exposed(description: str, exposed: bool) -> None:
    """On all addresses and in the clear; what cannot be known is not called so."""
    assert is_exposed(description) is exposed


@given(st.sampled_from(["", "tcp:", "tls:", "ssl:", "unix:", "systemd:", "haproxy:"]), st.text())
def test_any_text_is_an_endpoint_or_has_a_fault(scheme: str, rest: str) -> None:
    """No string makes the checks raise."""
    for fault in (server_fault, client_fault):
        assert fault(scheme + rest) != ""


def test_no_reactor_is_installed() -> None:
    """Reading settings leaves the choice of a reactor to the program."""
    script = (
        "import sys; from smppgate.settings import parse\n"
        "from smppgate.settings.endpoints import client_fault, server_fault\n"
        "assert not server_fault('haproxy:tcp:1') and not client_fault('tls:h.example:1')\n"
        "print('twisted.internet.reactor' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
