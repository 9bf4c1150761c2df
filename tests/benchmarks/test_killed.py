"""Gates that are killed: which receipts are owed then, and what is said of those that come."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import wire
from benchmarks.gate_process import GateOptions
from benchmarks.ids import Home
from benchmarks.kill_bench import IdDebt, IdReceipts, KillBench, own_id
from benchmarks.killed import Homecoming, KilledFound, line, measure_killed
from benchmarks.receipts import ReceiptSender
from benchmarks.report import Report
from benchmarks.session import Ledger
from tests.benchmarks.fakes import (
    FakeSocket,
    as_socket,
    deliver_sm_resp,
    feed,
    loop,
    numbered,
    submit_sm_resp,
)

IDS = [b"k3f910000000%03d" % n for n in range(9)]


def home(told: list[bytes], receipted: list[bytes]) -> Home:
    """An account that was told ids in answers, and has had receipts for others."""
    found = Home()
    for message_id in told:
        found.note(submit_sm_resp(message_id, 1))
    for message_id in receipted:
        found.receipted.note(message_id, len(message_id), 0, len(message_id))
    return found


def test_each_id_is_home_missing_or_elsewhere() -> None:
    """What comes twice is home once; an id that nobody was told is nobody's."""
    homes = {
        "one": home(IDS[:4], [IDS[0], IDS[0], IDS[1], IDS[5], b"torn"]),
        "two": home(IDS[4:6], [IDS[4]]),
    }
    found = Homecoming.of(homes)
    assert found == Homecoming(told=6, home=3, missing=3, elsewhere=1, unknown=1, again=1)
    assert sum(found.faults.values()) == 6
    assert Homecoming.of({"one": home(IDS, IDS[::-1])}).faults == {}
    assert found + found == Homecoming(12, 6, 6, 2, 2, 2)
    assert Homecoming.of({}) == Homecoming()


@given(st.lists(st.integers(1, 400), max_size=5))
def test_receipts_are_sent_for_just_the_ids_told(counts: list[int]) -> None:
    """Each once, within the window, whatever their order."""
    sock, debt, ledger = FakeSocket(), IdDebt(), Ledger()
    sender = ReceiptSender(loop(), as_socket(sock), ledger, IdReceipts(), debt)
    ids = [b"2%010d" % (n * 7919) for n in range(sum(counts))]
    for count in counts:
        debt.owe(ids[debt.count : debt.count + count])
    receipts: list[bytes] = []
    debt.pay()
    while sent := sock.taken():
        receipts += sent
        feed(sender, sock, b"".join(deliver_sm_resp(receipt[15]) for receipt in sent))
    assert [numbered(receipt, 0) for receipt in receipts] == [wire.receipt(i) for i in ids]
    assert sender.drained
    sender.check()
    assert not ledger.faults


def test_an_smscs_own_id_is_what_stands_behind_the_tag() -> None:
    """Nothing is taken of a debt that has nothing."""
    assert IdDebt().take(5).count == 0
    assert own_id(b"k3f9" + b"10000000042") == b"10000000042"


def test_a_bench_owes_nothing_when_its_sessions_are_gone() -> None:
    """What was not sent before a kill is not sent after it."""
    bench = KillBench(Random(1))
    try:
        bench.homes = {"esme0": home(IDS, [])}
        bench.hang_up()
        assert bench.sessions == []
        assert Homecoming.of(bench.homes).missing == len(IDS)
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("coming", "met"),
    [
        (Homecoming(told=9, home=9), [True, True]),
        (Homecoming(told=9, home=8, missing=1), [False, True]),
        (Homecoming(told=9, home=9, elsewhere=1), [True, False]),
        (Homecoming(), [False, False]),
    ],
)
def test_nothing_may_be_missing_or_elsewhere(
    tmp_path: Path, coming: Homecoming, met: list[bool]
) -> None:
    """Nor may nothing have been told. JSON can say all of it."""
    found = KilledFound(50, 1, coming, 1.5, coming.faults)
    report = Report({}, {}, killed=found)
    assert [target.met for target in report.targets] == met
    assert report.status == bool(coming.faults)
    assert ("FAULTS" in line(found)) == bool(coming.faults)
    report.write(tmp_path / "found.json")
    written = json.loads((tmp_path / "found.json").read_text())["killed"]["homecoming"]
    assert written["told"] == coming.told


@pytest.mark.thorough
@pytest.mark.parametrize(("store", "comes"), [("process", True), ("memory", False)])
def test_a_gate_is_killed_and_what_it_told_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, store: str, comes: bool
) -> None:
    """With real processes; a gate that forgets is found out."""
    monkeypatch.setattr("benchmarks.killed._LATEST", 0.2)
    core = min(os.sched_getaffinity(0))
    found = measure_killed(core, GateOptions(store), 1, 1, lambda _: None)
    coming = found.homecoming
    assert coming.told > 0
    assert coming.home == (coming.told if comes else 0)
    assert coming.missing == (0 if comes else coming.told)
    assert bool(found.faults) != comes
