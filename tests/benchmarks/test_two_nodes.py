"""Two gates that are peers, as one program under measurement."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from re import Pattern
from typing import Any

import pytest

from benchmarks import two_nodes
from benchmarks.gate_process import Accounts, GateOptions, configuration
from smppgate.settings import Settings, parse


class Node:
    """A gate that is not there, with these settings."""

    running = True
    rss_mb, cpu_seconds = 10.0, 1.5

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.awaited_lines: list[str] = []

    def awaited(self, what: Pattern[str], count: int) -> list[str]:
        self.awaited_lines.append(what.pattern)
        return [what.pattern] * count

    def said(self) -> str:
        return f"of {self.settings.peers.name}"

    def errors(self) -> int:
        return 2


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Any:
    @contextlib.contextmanager
    def gate(
        smsc_ports: list[int], _core: int, accounts: Accounts, options: GateOptions
    ) -> Iterator[tuple[int, Node]]:
        text = configuration(2775, smsc_ports, accounts, options, Path("/nowhere/state"))
        yield 2775, Node(parse(text))

    monkeypatch.setattr(two_nodes, "gate", gate)
    options = GateOptions(
        more='[[route]]\npool = "all"\n[[pool]]\nname = "all"\nmembers = ["smsc0"]\n'
    )
    with two_nodes.two_nodes([2776, 2777], 0, Accounts(), options) as (_, found):
        yield found


def test_one_has_the_links_and_each_binds_where_the_other_listens(nodes: Any) -> None:
    near, far = (each.settings for each in (nodes.near, nodes.far))
    assert [{smsc.sessions for smsc in each.smsc} for each in (near, far)] == [{0}, {1}]
    assert (near.peers.name, near.peers.secret) == ("near", far.peers.secret)
    assert near.peer == far.peer
    assert [each.name for each in near.peer] == [near.peers.name, far.peers.name]
    for each, own in zip(near.peer, (near.peers, far.peers), strict=True):
        assert own.endpoint == f"tcp:{each.endpoint.rpartition(':')[2]}:interface=127.0.0.1"
    assert near.esme == far.esme
    assert near.pool == far.pool != ()


def test_they_are_there_once_both_are_bound(nodes: Any) -> None:
    assert nodes.near.awaited_lines == nodes.far.awaited_lines == ["bound, both ways"]


def test_what_both_use_and_say_is_added_up(nodes: Any) -> None:
    assert (nodes.cpu_seconds, nodes.rss_mb, nodes.errors()) == (3.0, 20.0, 4)
    assert "of near" in nodes.said()
    assert "of far" in nodes.said()
    assert nodes.running
    nodes.far.running = False
    assert not nodes.running
