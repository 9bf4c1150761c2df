"""Files for reloads in a row, what is said of them, and an SMSC that is taken away meanwhile."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from benchmarks import wire
from benchmarks.churn import EXTRA_SMSC, Churn
from benchmarks.debt import Debt, ReceiptRing, Run
from benchmarks.gate_process import Accounts
from benchmarks.pauses import PAUSES, Pause, late_ms, own_ms, pauses_since
from benchmarks.receipts import ReceiptSender
from benchmarks.reloads import FLAT_MB, MOST_PAUSE_MS, Phase, ReloadsFound
from benchmarks.report import Report
from benchmarks.session import Ledger
from smppgate.settings import Settings, parse
from smppgate.settings.difference import difference
from smppgate.settings.takes import Takes
from tests.benchmarks.fakes import FakeSocket, as_socket, deliver_sm_resp, feed, loop

ACCOUNTS = Accounts(count=100, ranges_each=3)
BUSY = {"esme0", "esme50"}


def files(count: int) -> list[Settings]:
    """The settings of so many files in a row."""
    gate = '[gate]\nname = "bench"\n'
    churn = Churn(2775, 2776, [3000, 3001, 3002], ACCOUNTS, BUSY, gate)
    return [parse(churn.text(turn)) for turn in range(count)]


def test_files_in_a_row_change_all_that_a_reload_can_change() -> None:
    """Each differs from the one before, and none waits for a restart."""
    settings = files(9)
    changes = [difference(*pair) for pair in itertools.pairwise(settings)]
    assert all(changes)
    assert not any(change.waiting() for change in changes)
    for section in ("listen", "esme", "smsc", "pool"):
        found = [getattr(change, section) for change in changes]
        assert any(each.added for each in found)
        assert any(each.removed for each in found)
        assert any(each.changed for each in found)
    keys = {key for change in changes for each in change.esme.changed for key in each.keys}
    assert keys == {"window", "weight", "password", "address_ranges"}
    keys = {key for change in changes for each in change.smsc.changed for key in each.keys}
    assert keys == {"window", "weight", "password"}


def test_an_upheaval_changes_all_idle_accounts_and_no_other() -> None:
    gate = '[gate]\nname = "bench"\n'
    churn = Churn(2775, 2776, [3000, 3001, 3002], ACCOUNTS, BUSY, gate)
    first = parse(churn.text(0))
    changed, gone, again = map(parse, churn.upheavals())
    change = difference(first, changed)
    idle = {each.new.system_id for each in change.esme.changed if "window" in each.keys}
    assert idle == {each.system_id for each in first.esme} - BUSY
    assert all("address_ranges" in each.keys for each in change.esme.changed[1:50])
    assert {each.system_id for each in gone.esme} == BUSY
    assert len(again.esme) == len(first.esme)


def test_what_carries_the_load_stays_as_it_is() -> None:
    """Its accounts can do what they could before, and its SMSCs keep their links."""
    settings = files(9)
    for before, after in itertools.pairwise(settings):
        change = difference(before, after)
        assert not BUSY & {each.system_id for each in change.esme.removed}
        for each in change.esme.changed:
            assert each.new.system_id not in BUSY or each.keys <= {"window", "weight"}
            assert each.new.window >= ACCOUNTS.window
        for one in change.smsc.changed:
            assert one.new.name == EXTRA_SMSC or not one.taking(Takes.LINK_BY_LINK)
        assert {each.name for each in change.smsc.removed} <= {EXTRA_SMSC}
    names = [{each.name for each in one.smsc} for one in settings]
    assert [EXTRA_SMSC in each for each in names] == [turn % 4 != 0 for turn in range(9)]


def test_an_smsc_that_is_unbound_keeps_what_it_owes_for_the_next_session() -> None:
    """What was sent before is answered still."""
    sock, debt, ledger = FakeSocket(), Debt(), Ledger()
    sender = ReceiptSender(loop(), as_socket(sock), ledger, ReceiptRing(1), debt)
    debt.add(Run(0, 0, 2))
    debt.pay()
    sent = sock.taken()
    feed(sender, sock, wire.pdu(wire.UNBIND, 7))
    assert sock.taken() == [wire.pdu(wire.UNBIND | wire.RESPONSE, 7)]
    debt.add(Run(0, 2, 3))
    debt.pay()
    feed(sender, sock, *(deliver_sm_resp(pdu[15]) for pdu in sent))
    assert (len(sent), sock.taken(), debt.count) == (2, [], 3)
    sender.check()
    assert not ledger.faults


def phase(own_ms: float) -> Phase:
    """A phase with this pause."""
    return Phase(30.0, 5000.0, {"p99": 1.0}, 2 * own_ms, own_ms)


@pytest.mark.parametrize(
    ("own_ms", "rss_mb", "met"),
    [
        (MOST_PAUSE_MS, [50.0, 90.0, 90.0, 90.0 + FLAT_MB], [True, True]),
        (MOST_PAUSE_MS + 1, [50.0, 90.0, 90.0, 91.0 + FLAT_MB], [False, False]),
    ],
)
def test_reloads_are_judged_by_pauses_and_by_growth_in_the_end(
    tmp_path: Path, own_ms: float, rss_mb: list[float], met: list[bool]
) -> None:
    """Faults are faults, and JSON can say all of it."""
    found = ReloadsFound(phase(own_ms), [phase(1.0)], phase(50.0), rss_mb, 5, {"session lost": 1})
    report = Report({}, {}, reloads=found)
    assert [target.met for target in report.targets] == met
    assert report.faults == ["reloads: session lost: 1"]
    report.write(tmp_path / "found.json")
    assert json.loads((tmp_path / "found.json").read_text())["reloads"]["rss_mb"] == rss_mb


def test_a_pause_is_the_gates_own_as_far_as_it_was_at_work() -> None:
    assert Pause(1.0, 0.030, 0.010).own_ms == 10.0
    assert Pause(1.0, 0.010, 0.030).own_ms == 10.0


def test_pauses_are_read_as_the_gate_tells_them(tmp_path: Path) -> None:
    """Those that began before do not count, nor does a line that is being written."""
    (tmp_path / PAUSES).write_text("9.5 0.6 0.1\n10.5 0.2 0.03\n11 0.05 0.04\n12.0 0.")
    found = pauses_since(tmp_path, 9.0)
    assert [each.at for each in found] == [10.5, 11.0]
    assert (late_ms(found), own_ms(found)) == (200.0, 40.0)
    assert (late_ms([]), own_ms([])) == (0.0, 0.0)
