"""``[listen.tls]`` and ``[smsc.tls]``: what is wrong with them, and with their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from smppgate.cli.surroundings import surroundings_warnings
from smppgate.settings import Settings, SettingsError, load, parse, warnings
from smppgate.settings.difference import difference
from smppgate.settings.tls_checks import CertificateName
from tests.certificates import Authority, Pair
from tests.settings import documents

PAIR = Pair("gate.example")


def written(folder: Path) -> Path:
    """A folder with cert.pem, key.pem and ca.pem."""
    PAIR.write(folder)
    (folder / "key.pem").chmod(0o600)
    Authority().write(folder)
    return folder


def with_listen(**tls: Any) -> dict[str, Any]:
    document = documents.minimal()
    document["listen"][0]["tls"] = {"certificate": "cert.pem", "key": "key.pem", **tls}
    return document


def with_smsc(smsc: dict[str, Any] | None = None, **tls: Any) -> dict[str, Any]:
    document = documents.minimal()
    document["smsc"][0] |= {"tls": tls, **(smsc or {})}
    return document


def loaded(folder: Path, document: dict[str, Any]) -> Settings:
    """Read as a file in ``folder``, from which paths count."""
    file = folder / "gate.toml"
    file.write_text(documents.toml(document))
    file.chmod(0o600)
    return load(file)


def errors_of(folder: Path, document: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, document)
    return caught.value.errors


def test_files_are_found_beside_the_configuration(tmp_path: Path) -> None:
    """A key may be in the file of the certificate; the authorities may be several."""
    written(tmp_path)
    (tmp_path / "both.pem").write_bytes(PAIR.certificate + PAIR.key)
    (tmp_path / "cas.pem").write_bytes((tmp_path / "ca.pem").read_bytes() + PAIR.certificate)
    settings = loaded(
        tmp_path,
        with_listen(
            certificate="both.pem",
            key="",
            client_ca="cas.pem",
            certificates=[{"certificate": "cert.pem", "key": "key.pem"}],
        ),
    )
    tls = settings.listen[0].tls
    assert tls is not None
    assert [files.key for files in tls.every] == [
        str(tmp_path / "both.pem"),
        str(tmp_path / "key.pem"),
    ]
    assert tls.client_ca == str(tmp_path / "cas.pem")
    assert warnings(settings)[0].startswith("esme[0].password: has 16 octets")


LISTEN, SMSC = "listen[0].tls", "smsc[0].tls"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (
            with_listen(certificate="none.pem"),
            f"{LISTEN}.certificate: '{{at}}/none.pem' cannot be",
        ),
        (with_listen(key="none.pem"), f"{LISTEN}.key: '{{at}}/none.pem' cannot be read: No such"),
        (with_listen(key="ca.pem"), f"{LISTEN}.key: '{{at}}/ca.pem' has no private key"),
        (with_listen(client_ca="key.pem"), f"{LISTEN}.client_ca: '{{at}}/key.pem' has no cert"),
        (with_listen(client_ca="none.pem"), f"{LISTEN}.client_ca: '{{at}}/none.pem' cannot be"),
        (with_listen(certificate="ca.pem"), f"{LISTEN}.certificate: the certificate in "),
        (with_listen(certificate=""), f"{LISTEN}.certificate: must not be empty"),
        (with_listen(min_version="1.1"), f'{LISTEN}.min_version: must be "1.2" or "1.3", not'),
        (
            with_listen(min_version=1.2),
            f"{LISTEN}.min_version: must be a string: put it in quotes",
        ),
        (with_listen(ciphers="NOTHING"), f"{LISTEN}.ciphers: names no cipher of TLS 1.2 that"),
        (with_listen(cipher=""), f"{LISTEN}.cipher: unknown key; did you mean 'ciphers'?"),
        (
            with_listen(certificates=[{"certificate": "none.pem"}]),
            f"{LISTEN}.certificates[0].certificate: '{{at}}/none.pem' cannot be read",
        ),
        (
            with_listen(certificates={"certificate": "cert.pem"}),
            f"{LISTEN}.certificates: must be an array of tables: [[listen.tls.certificates]]",
        ),
        (with_smsc(ca="key.pem"), f"{SMSC}.ca: '{{at}}/key.pem' has no certificate"),
        (with_smsc(key="key.pem"), f"{SMSC}.key: needs certificate"),
        (with_smsc(certificate="cert.pem"), f"{SMSC}.certificate: '{{at}}/cert.pem' has no priv"),
        (with_smsc(server_name="a b"), f"{SMSC}.server_name: must be the name or the address of"),
        (
            with_smsc({"endpoint": "tls:smsc.example:3550"}),
            f"{SMSC}: must not be there: the endpoint is tls:, with TLS of its own",
        ),
        (
            with_smsc({"receive_endpoint": "ssl:smsc.example:3550"}),
            f"{SMSC}: must not be there: the endpoint is ssl:, with TLS of its own",
        ),
        (
            with_smsc({"endpoint": "unix:/run/smsc.sock"}),
            f"{SMSC}.server_name: is missing: a unix: endpoint names no host",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_path(
    tmp_path: Path, document: dict[str, Any], error: str
) -> None:
    found = errors_of(written(tmp_path), document)
    assert len(found) == 1, found
    assert found[0].startswith(error.format(at=tmp_path)), found


def test_an_endpoint_with_tls_has_no_table_beside_it(tmp_path: Path) -> None:
    """Also behind haproxy:."""
    written(tmp_path)
    keys = f"privateKey={tmp_path}/key.pem:certKey={tmp_path}/cert.pem"
    for endpoint in (f"ssl:3550:{keys}", f"haproxy:ssl:3550:{keys}", f"tls:{tmp_path}:3550"):
        document = with_listen()
        document["listen"][0]["endpoint"] = endpoint
        (error,) = errors_of(tmp_path, document)
        assert error.startswith("listen[0].tls: must not be there: the endpoint is ")


def test_a_fault_of_a_file_is_told_beside_others(tmp_path: Path) -> None:
    document = with_listen(certificate="none.pem", ciphers="NOTHING")
    document["listen"][0]["max_sessions"] = 0
    assert [error.partition(": ")[0] for error in errors_of(written(tmp_path), document)] == [
        "listen[0].max_sessions",
        "listen[0].tls.ciphers",
        "listen[0].tls.certificate",
    ]


def test_what_openssl_does_not_take_is_an_error(tmp_path: Path) -> None:
    """A key that is too short seems to be sound until it is used."""
    written(tmp_path)
    short = Pair("short.example", rsa.generate_private_key(65537, 1024))
    (tmp_path / "short.pem").write_bytes(short.certificate + short.key)
    (error,) = errors_of(tmp_path, with_listen(certificate="short.pem", key=""))
    assert error == "listen[0].tls.certificate: cannot be used: ee key too small"


def test_a_change_is_told_without_defaults(tmp_path: Path) -> None:
    written(tmp_path)
    old = loaded(tmp_path, documents.minimal())
    new = loaded(tmp_path, with_listen(min_version="1.3"))
    (line,) = difference(old, new).lines()
    assert line == (
        '[[listen]] "tcp:2775:interface=127.0.0.1": tls none -> { certificate = '
        f'"{tmp_path}/cert.pem", key = "{tmp_path}/key.pem", min_version = "1.3" }}, at once'
    )


@pytest.mark.parametrize(
    ("text", "kept", "fault"),
    [
        ("acme.example", "acme.example", ""),
        ("", "", ""),
        ("SHA256:" + "AB:" * 31 + "AB", "sha256:" + "ab" * 32, ""),
        ("sha256:ab", "sha256:ab", "must be sha256: and 64 hexadecimal digits"),
        ("sha256:" + "xy" * 32, "sha256:" + "xy" * 32, "must be sha256: and 64"),
        ("a\nb", "a\nb", "must have no control characters"),
    ],
)
def test_names_of_certificates(text: str, kept: str, fault: str) -> None:
    check = CertificateName()
    assert check.tidy(text) == kept
    problems = [problem.text for problem in check.problems(kept)]
    assert [each[: len(fault)] for each in problems] == ([fault] if fault else [])


@pytest.mark.parametrize("section", ["listen", "smsc"])
def test_a_key_that_others_may_read_is_warned_of(tmp_path: Path, section: str) -> None:
    """And a password."""
    written(tmp_path)
    tls = {"certificate": "cert.pem", "key": "key.pem"}
    document = with_listen(**tls) if section == "listen" else with_smsc(None, **tls)
    del document["esme"][0]["password"]
    document["esme"][0]["password_file"] = "password"
    (tmp_path / "password").write_text("12345678")
    for each in ("password", "key.pem"):
        (tmp_path / each).chmod(0o600)
    settings = loaded(tmp_path, document)
    file = str(tmp_path / "gate.toml")
    assert list(surroundings_warnings(settings, file, 10**6)) == []
    for each in ("password", "key.pem"):
        (tmp_path / each).chmod(0o644)
    assert list(surroundings_warnings(settings, file, 10**6)) == [
        f"{section}[0].tls: other users may read the private key '{tmp_path}/key.pem'",
        f"esme[0].password_file: other users may read the password '{tmp_path}/password'",
    ]


def warnings_of(document: dict[str, Any]) -> tuple[str, ...]:
    document["esme"][0]["password"] = document["smsc"][0]["password"] = "12345678"
    return warnings(parse(documents.toml(document)))


def test_warnings() -> None:
    """Of what works, and is likely to be a mistake."""
    tls = {"certificate": documents.CERTIFICATE, "key": documents.KEY}
    document = with_listen(**tls)
    document["listen"][0]["endpoint"] = "tcp:2775"
    assert warnings_of(document) == ()
    document["esme"][0]["certificate"] = "acme"
    (warning,) = warnings_of(document)
    assert warning.startswith("esme[0].certificate: it can never bind, no listener asks for")
    document["listen"][0]["tls"]["client_ca"] = documents.CERTIFICATE
    assert warnings_of(document) == ()
    document["listen"][0]["tls"] |= {"ciphers": "ECDHE+AESGCM", "min_version": "1.3"}
    assert warnings_of(document) == ("listen[0].tls.ciphers: is not used, TLS 1.3 has its own",)
