"""The words for a certificate that cannot be used: they name the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smppgate.settings.endpoints import server_fault
from tests.certificates import Pair

ONE, OTHER = Pair("one.example"), Pair("other.example")


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda at: (at / "cert.pem").unlink(), "{at}/cert.pem' cannot be read: No such file"),
        (lambda at: (at / "key.pem").unlink(), "{at}/key.pem' cannot be read: No such file"),
        (lambda at: (at / "cert.pem").write_text(""), "{at}/cert.pem' has no certificate"),
        (lambda at: (at / "key.pem").write_text(""), "{at}/key.pem' has no private key"),
        (
            lambda at: (at / "key.pem").write_bytes(OTHER.key),
            "the certificate in '{at}/cert.pem' does not fit the private key in '{at}/key.pem'",
        ),
        (
            lambda at: (at / "cert.pem").write_bytes(ONE.certificate.replace(b"MII", b"AAA", 1)),
            "the certificate in '{at}/cert.pem' cannot be used: ",
        ),
        (
            lambda at: (at / "key.pem").write_bytes(ONE.key.replace(b"MIG", b"AAA", 1)),
            "the private key in '{at}/key.pem' cannot be used: ",
        ),
        (
            lambda at: (at / "key.pem").write_bytes(ONE.key_with_password()),
            "the private key in '{at}/key.pem' has a password",
        ),
        (lambda at: (at / "chain.pem").write_text("none"), "{at}/chain.pem' has no certificate"),
        (lambda at: (at / "chain.pem").unlink(), "{at}/chain.pem' cannot be read"),
        (lambda at: (at / "dh.pem").write_text("none"), "{at}/dh.pem' has no DH parameters"),
    ],
)
def test_the_file_at_fault_is_named(
    tmp_path: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    endpoint = f"ssl:3550:{ONE.write(tmp_path)}"
    for name, contents in (
        ("chain", OTHER.certificate),
        ("dh", b"-----BEGIN DH PARAMETERS-----\nMAYCAQ8CAQI=\n-----END DH PARAMETERS-----\n"),
    ):
        (tmp_path / f"{name}.pem").write_bytes(contents)
    endpoint += f":extraCertChain={tmp_path}/chain.pem:dhParameters={tmp_path}/dh.pem"
    assert server_fault(endpoint) is None
    spoil(tmp_path)
    assert fault.format(at=tmp_path) in (server_fault(endpoint) or "")


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (ONE.key.replace(b"MIG", b"AAA", 1), "the private key in '{at}/key.pem' cannot be used: "),
        (ONE.key_with_password(), "the private key in '{at}/key.pem' has a password"),
    ],
)
def test_the_file_of_a_folder_that_is_at_fault_is_named(
    tmp_path: Path, key: bytes, fault: str
) -> None:
    ONE.write(tmp_path)
    assert server_fault(f"tls:{tmp_path}:3550") is None
    (tmp_path / "key.pem").write_bytes(key)
    assert fault.format(at=tmp_path) in (server_fault(f"tls:{tmp_path}:3550") or "")


def test_one_file_may_have_all(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(ONE.key + ONE.certificate)
    assert server_fault(f"ssl:3550:{both}") is None
    both.write_bytes(ONE.key + OTHER.certificate)
    assert "does not fit" in (server_fault(f"ssl:3550:{both}") or "")


def test_what_is_missing_in_the_string_is_told_first() -> None:
    assert "missing 1 required" in (server_fault("ssl") or "")
