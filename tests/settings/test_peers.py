"""The settings of nodes: what must be there, what must not, and where the secret is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smppgate.cli.surroundings import surroundings_warnings
from smppgate.settings import (
    PeerSettings,
    PeersSettings,
    Settings,
    SettingsError,
    load,
    parse,
    warnings,
)
from smppgate.settings.peer_side import MOST_PEERS
from tests.settings import documents

SECRET = documents.PASSWORD


def document(peers: dict[str, Any], *others: str, **more: Any) -> dict[str, Any]:
    found = documents.minimal() | {"peers": peers} | more
    found["peer"] = [{"name": name, "endpoint": f"tcp:{name}:2790"} for name in others]
    return found


def node(**more: Any) -> dict[str, Any]:
    return {"name": "a", "endpoint": "tcp:2790:interface=127.0.0.1", "secret": SECRET} | more


def read(found: dict[str, Any]) -> Settings:
    return parse(documents.toml(found))


def errors_of(found: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(found)
    return caught.value.errors


def test_without_a_name_there_are_no_peers() -> None:
    assert read(documents.minimal()).peers == PeersSettings()
    assert not read(documents.minimal()).peer


def test_a_node_with_its_peers() -> None:
    """Its own table among them, so that all nodes may have the same list."""
    settings = read(document(node(), "a", "b"))
    assert settings.peers.name == "a"
    assert settings.peers.password == SECRET
    assert settings.peer[1] == PeerSettings("b", "tcp:b:2790")
    assert not [each for each in warnings(settings) if each.startswith("peer")]


def test_all_that_is_missing_is_told_at_once() -> None:
    assert errors_of(document({"name": "a"}, "b")) == (
        "peers.endpoint: is missing: peers bind at a node that has a name",
        "peers.secret: is missing: there must be secret or secret_file",
    )


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a/b", "must be letters, digits, '_', '.' and '-', not 'a/b'"),
        ("a" * 16, "must be at most 15 octets, not 16"),
    ],
)
def test_a_name_is_that_of_a_bind(name: str, fault: str) -> None:
    assert f"peers.name: {fault}" in errors_of(document(node(name=name)))
    assert f"peer[0].name: {fault}" in errors_of(document(node(), name))


def test_no_two_nodes_have_one_name() -> None:
    assert errors_of(document(node(), "b", "c", "b")) == (
        "peer[2].name: 'b' is the name of peer[0] too",
    )


def test_there_are_so_many_nodes_and_no_more() -> None:
    """This one counts, whether it is in the list or not."""
    others = [f"n{number}" for number in range(MOST_PEERS - 1)]
    assert len(read(document(node(), "a", *others)).peer) == MOST_PEERS
    assert len(read(document(node(), *others)).peer) == MOST_PEERS - 1
    text = f"peer: must be at most {MOST_PEERS} nodes with this one, not {MOST_PEERS + 1}"
    assert errors_of(document(node(), *others, "more")) == (text,)
    assert errors_of(document(node(), "a", *others, "more")) == (text,)


def test_peers_and_esmes_do_not_bind_at_one_place() -> None:
    endpoint = "tcp:2775:interface=127.0.0.1"
    assert errors_of(document(node(endpoint=endpoint), "b")) == (
        "peers.endpoint: listens where listen[0].endpoint does already",
    )


def test_no_balancer_is_before_peers() -> None:
    assert errors_of(document(node(endpoint="haproxy:tcp:2790"), "b")) == (
        "peers.endpoint: must not begin with haproxy: here",
    )


# The secret


def test_the_secret_is_read_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    """Without the line end, and shown nowhere."""
    (tmp_path / "peers.secret").write_text(f"{SECRET}\n")
    found = document(node(secret_file="peers.secret"), "b")
    del found["peers"]["secret"]
    (tmp_path / "gate.toml").write_text(documents.toml(found))
    settings = load(tmp_path / "gate.toml")
    assert settings.peers.password == SECRET
    assert SECRET not in repr(settings)
    assert "peers.secret" in repr(settings)


def test_others_must_not_read_that_file(tmp_path: Path) -> None:
    path = tmp_path / "peers.secret"
    path.write_text(SECRET)
    found = document(node(secret_file=str(path)), "b")
    del found["peers"]["secret"]
    settings = read(found)
    for mode, is_told in ((0o644, True), (0o600, False)):
        path.chmod(mode)
        told = [e for e in surroundings_warnings(settings, "none", 10**6) if "secret" in e]
        assert bool(told) == is_told


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "must not be empty"),
        (b"x" * 65, "must be at most 64 octets, not 65"),
        (b"a\nb", "must have no control characters"),
    ],
)
def test_what_is_no_secret(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "peers.secret"
    path.write_bytes(content)
    found = document(node(secret_file=str(path)), "b")
    del found["peers"]["secret"]
    assert errors_of(found) == (f"peers.secret_file: the secret in {str(path)!r} {fault}",)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    (error,) = errors_of(document(node(secret="", secret_file=path), "b"))
    assert error == f"peers.secret_file: {path!r} cannot be read: No such file or directory"


def test_one_secret_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "peers.secret"
    path.write_text(SECRET)
    assert errors_of(document(node(secret_file=str(path)), "b")) == (
        "peers.secret_file: must not be there beside secret: one of both is enough",
    )


@pytest.mark.parametrize("key", ["secret", "secret_file"])
def test_a_secret_that_is_none_is_not_shown(key: str) -> None:
    found = document(node(**{key: 4711_4711}), "b")
    assert not any("4711" in error for error in errors_of(found))


# Likely mistakes


def test_peers_without_a_name_of_this_node_are_warned_of() -> None:
    (warning,) = [e for e in warnings(read(document({}, "b"))) if e.startswith("peers")]
    assert warning == "peers.name: is missing, so there are no links to any [[peer]]"


def test_a_node_alone_is_warned_of() -> None:
    for others in ((), ("a",)):
        found = [e for e in warnings(read(document(node(), *others))) if e.startswith("peers")]
        assert found == ["peers.name: 'a' is alone, there is no other [[peer]]"]


def test_an_endpoint_that_others_can_listen_to_is_warned_of() -> None:
    found = warnings(read(document(node(endpoint="tcp:2790"), "b")))
    assert any(e.startswith("peers.endpoint: listens on all addresses") for e in found)
