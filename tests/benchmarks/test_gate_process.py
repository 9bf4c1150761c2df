"""The gate's configuration in a benchmark."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import gate_process
from benchmarks.gate_process import STORES, Accounts, GateOptions, configuration
from benchmarks.pauses import PAUSES
from smppgate.settings import Settings, parse


def settings(options: GateOptions) -> Settings:
    """What a gate of these options is told."""
    return parse(configuration(2775, [2776, 2777], Accounts(), options, Path("/nowhere/state")))


def test_everything_is_on_by_default() -> None:
    """Tagged ids, and SQLite that has each return path before its answer leaves."""
    found = settings(GateOptions())
    assert found.gate.message_ids == "tagged"
    assert (found.store.kind, found.store.durability) == ("disk", "process")
    assert found.gate.state_dir == "/nowhere/state"
    assert len({smsc.tag_or_derived for smsc in found.smsc}) == len(found.smsc)


@pytest.mark.parametrize("store", STORES)
def test_every_store_can_be_chosen(store: str) -> None:
    """One word says both kind and durability."""
    found = settings(GateOptions(store, pairs=True)).store
    assert store == (found.kind if found.kind == "memory" else found.durability)


def test_a_probed_gate_is_this_checkouts_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run with the probe around it, and the same file."""
    commands: list[list[str]] = []

    @contextlib.contextmanager
    def running(command: list[str], *_: object) -> Iterator[None]:
        commands.append(command)
        yield None

    monkeypatch.setattr(gate_process, "running", running)
    for probed in (False, True):
        with gate_process.gate([1], 0, Accounts(), GateOptions(probed=probed)):
            pass
    assert "smppgate" in commands[0]
    assert "benchmarks.probed_gate" not in commands[0]
    assert commands[1][1:3] == ["-m", "benchmarks.probed_gate"]
    assert Path(commands[1][3]).name == PAUSES
    assert [Path(each[-1]).name for each in commands] == ["gate.toml"] * 2


def test_pairs_are_for_every_smsc() -> None:
    """Receipts come on sessions of their own."""
    assert {smsc.bind for smsc in settings(GateOptions(pairs=True)).smsc} == {
        "transmitter+receiver"
    }


def test_rates_are_for_everything_and_for_this_checkouts_gate_only() -> None:
    accounts = Accounts(count=2)
    found = parse(configuration(2775, [2776], accounts, GateOptions(rates=True), Path("state")))
    assert all(esme.rate and esme.session_rate for esme in found.esme)
    assert all(smsc.rate and smsc.link_rate and smsc.adaptive_rate for smsc in found.smsc)
    plain = parse(configuration(2775, [2776], accounts, GateOptions(), Path("state")))
    assert not any(smsc.rate for smsc in plain.smsc)


def test_links_and_prefixes_are_as_many_as_asked_for() -> None:
    for links in (0, 1, 8):
        found = settings(GateOptions(links=links))
        assert {smsc.sessions for smsc in found.smsc} == {links}
    lines = gate_process._prefix_lines(100).splitlines()
    assert len(set(lines)) == 100
    assert "4477 main" in lines
