"""Which running gate a command asks."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.control import target as module
from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.target import Socket, Target, Url, add_target_arguments, target_of
from smppgate.cli.failures import UsageError
from smppgate.settings import AdminSettings, GateSettings
from smppgate.settings.admin_side import placed
from smppgate.settings.endpoints import split


def found(*words: str, **environment: str) -> Target:
    parser = argparse.ArgumentParser()
    add_target_arguments(parser)
    variables = {f"SMPPGATE_{name.upper()}": value for name, value in environment.items()}
    return target_of(parser.parse_args(words), variables)


def configured(folder: Path, text: str, *sockets: str) -> Target:
    (folder / "gate.toml").write_text(text)
    for path in sockets:
        place = folder / path
        place.parent.mkdir(exist_ok=True, parents=True)
        place.touch()
    return found("--config", str(folder / "gate.toml"))


def test_what_is_given_wins_over_the_environment() -> None:
    assert found("--socket", "a", socket="b", url="http://c") == Socket("a")
    assert found(socket="b", url="http://c", config="d") == Socket("b")
    url = found("--url", "https://gate.example:8443/admin/", "--ca", "ca.pem", socket="b")
    assert isinstance(url, Url)
    assert (url.parts.hostname, url.parts.port, url.authorities) == (
        "gate.example",
        8443,
        "ca.pem",
    )


def test_the_user_is_given_or_of_the_environment() -> None:
    assert found("--url", "http://c", "--user", "ann", user="bob") == found(
        url="http://c", user="ann"
    )


def test_the_configuration_of_this_folder_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "smppgate.toml").write_text("")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/admin.sock").touch()
    assert found() == Socket("state/admin.sock")


def test_nothing_names_a_gate() -> None:
    with pytest.raises(UsageError, match="give --socket, --config or --url"):
        found()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "state/admin.sock"),
        ('[gate]\nstate_dir = "kept"', "kept/admin.sock"),
        ('[gate]\nstate_dir = "a:b=c"', "a:b=c/admin.sock"),
        ('[admin]\nendpoint = "unix:run/gate.sock:mode=660"', "run/gate.sock"),
        ('[admin]\nendpoint = ["tcp:8080", "unix:address=x.sock"]', "x.sock"),
        ('[admin]\nendpoint = "unix:mode=600:a\\\\:b.sock"', "a:b.sock"),
        ('[gate]\nstate_dir = "kept"\n[admin]\nendpoint = "unix:STATE_DIR/other.sock"',
         "kept/other.sock"),
    ],
)  # fmt: skip
def test_the_configuration_names_the_socket(tmp_path: Path, text: str, path: str) -> None:
    assert configured(tmp_path, text, path) == Socket(path)


def test_a_relative_path_counts_from_the_folder_of_the_file_too(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    target = configured(tmp_path / "etc", "", "state/admin.sock")
    assert target == Socket(str(tmp_path / "etc/state/admin.sock"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no socket state/admin.sock or "),
        ("[admin]\nendpoint = []", "switched off"),
        ('[admin]\nendpoint = "tcp:8080"', "give --url"),
        ("[admin]\nendpoint = 3", "give --url"),
        ("admin = 3", "there is no socket"),
        ("= x", "is not TOML"),
    ],
)
def test_a_configuration_without_a_socket(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(NotReached, match=told):
        configured(tmp_path, text)


def test_a_configuration_that_is_not_there() -> None:
    with pytest.raises(NotReached, match=r"none\.toml cannot be read: No such file"):
        found("--config", "none.toml")


@pytest.mark.parametrize(
    "url",
    ["gate:8080", "ftp://gate", "http://", "http://gate:x", "http://gate:99999", "http://g?a"],
)
def test_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(UsageError):
        found("--url", url)


def test_a_password_in_a_url_is_refused_and_not_told() -> None:
    with pytest.raises(UsageError) as raised:
        found("--url", "http://ann:secret@gate")
    assert "secret" not in str(raised.value)


def test_the_defaults_are_those_of_the_settings() -> None:
    assert GateSettings().state_dir == module.DEFAULT_STATE_DIR
    assert AdminSettings().endpoint == (module.DEFAULT_ENDPOINT,)


@given(st.text(min_size=1))
def test_any_state_dir_is_found_where_the_gate_puts_its_socket(state_dir: str) -> None:
    (endpoint,) = module._endpoints({"gate": {"state_dir": state_dir}}, "")
    assert endpoint == placed(module.DEFAULT_ENDPOINT, state_dir)
    assert list(module._socket_path(endpoint)) == [f"{state_dir}/admin.sock"]


@pytest.mark.parametrize(
    "endpoint", ["unix:a\\:b/c\\\\d\\=e:mode=600", "unix:x:lockfile=0", "unix:address=y", "unix:q"]
)
def test_endpoints_are_read_as_the_gate_reads_them(endpoint: str) -> None:
    assert list(module._socket_path(endpoint)) == [split(endpoint).get("address", 0)]


@pytest.mark.parametrize("endpoint", ["", "tcp:8080", "unix", "unix:mode=600", ":::", "ssl:a:b=c"])
def test_endpoints_without_a_socket(endpoint: str) -> None:
    assert list(module._socket_path(endpoint)) == []
