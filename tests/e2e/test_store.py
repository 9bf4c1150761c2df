"""What outlives the gate, and what becomes of the gate when it cannot be kept."""

from __future__ import annotations

import resource
import stat
import sys
from pathlib import Path
from random import Random

import pytest

from tests.e2e.crowd import Center, Crowd, Submitter, enter, submitters
from tests.e2e.twistd import RunningGate, free_port, relaying, running, settings, start
from tests.e2e.wire import (
    Smsc,
    Wire,
    bound,
    delivered,
    receipt_body,
    submitted,
)

MESSAGES = 9_999
"""Of all senders together."""


def test_every_acknowledged_message_gets_its_receipt_though_the_gate_is_killed(
    tmp_path: Path,
) -> None:
    """With kill -9 half-way: at the account that sent it, under the id that it was given."""
    senders = submitters(MESSAGES)
    centers = [Center(Random(seed)) for seed in (1, 2)]
    crowd = Crowd([*senders, *centers])
    with Smsc() as alpha, Smsc() as beta:
        port = free_port()
        # Of messages that got lost in the crash the SMSC still reports, and nothing is guessed.
        ids = 'receipt_ids = "same"'
        config = settings(port, {"alpha": alpha.port, "beta": beta.port}, smsc=ids)
        with running(tmp_path, config, port) as doomed:
            enter(doomed, (alpha, beta), centers, senders)
            crowd.run(lambda: sum(len(s.given) for s in senders) >= MESSAGES // 2)
            doomed.kill()
            # What had left the gate before is on its way still.
            crowd.run(lambda: False)
        before = [dict(sender.given) for sender in senders]
        with running(tmp_path, config, port) as instance:
            enter(instance, (alpha, beta), centers, senders)
            crowd.run(lambda: crowd.is_done)
            assert "Traceback" not in instance.log
    for sender, acknowledged in zip(senders, before, strict=True):
        assert 0 < len(acknowledged) < sender.count
        assert acknowledged.items() <= sender.given.items()
    for account in (b"acme", b"bolt"):
        check_account(account, [sender for sender in senders if sender.account == account])


def check_account(account: bytes, senders: list[Submitter]) -> None:
    """All messages of the account that were acknowledged are reported to it, as they were."""
    given = {text: message_id for sender in senders for text, message_id in sender.given.items()}
    told = {(receipt.text, receipt.message_id) for s in senders for receipt in s.told}
    # Messages whose acknowledgement was lost may be reported too, to their sender only.
    assert {text.split(b"-")[0] for text, _ in told} == {account}
    assert {(text, message_id) for text, message_id in told if text in given} == set(given.items())


def linked(gate: RunningGate, smsc: Smsc) -> Wire:
    """The gate's link to this SMSC, bound."""
    link = smsc.link()
    gate.wait_for_log("bound at")
    return link


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_what_an_esme_was_told_is_known_after_a_crash(tmp_path: Path, durability: str) -> None:
    """Killed as soon as the ESME has its answer, again and again; receipts come days later."""
    given: dict[bytes, bytes] = {}
    port = free_port()
    with Smsc() as smsc:
        store = f'durability = "{durability}"'
        config = settings(port, {"alpha": smsc.port}, store=store)
        for run in range(4):
            with running(tmp_path, config, port) as gate:
                link, esme = linked(gate, smsc), bound(port)
                for own, message_id in given.items():
                    assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)
                # Too long for a tag, and so known by an alias: numbers do not begin anew.
                for own in (b"%d" % run, b"%d" % run + b"x" * 63):
                    given[own] = submitted(esme, link, own)
                gate.kill()
    assert len(set(given.values())) == len(given)


def test_what_workers_have_kept_that_there_are_no_more_is_known(tmp_path: Path) -> None:
    """Of two that were killed; the heir is killed too, and then another one has it again."""
    given: dict[bytes, bytes] = {}
    port = free_port()
    with Smsc() as smsc:
        for run, folder in enumerate(("state/worker-1", "state/worker-7", "state", "state")):
            config = settings(port, {"alpha": smsc.port}, gate=f'state_dir = "{folder}"')
            with running(tmp_path, config, port) as gate:
                link, esme = linked(gate, smsc), bound(port)
                if folder == "state":
                    for own, message_id in given.items():
                        assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)
                for own in (b"%d" % run, b"%d" % run + b"x" * 63):
                    given[own] = submitted(esme, link, own)
                gate.kill()
                assert ("return paths in" in gate.log) is (folder == "state")
    logs = {file.parent.parent.name for file in tmp_path.glob("state/**/paths/*.log")}
    assert logs == {"state", "worker-1", "worker-7"}


@pytest.mark.parametrize("durability", ["none", "process", "disk"])
def test_an_orderly_stop_loses_nothing(tmp_path: Path, durability: str) -> None:
    """Whatever the durability."""
    port = free_port()
    with Smsc() as smsc:
        store = f'durability = "{durability}"'
        config = settings(port, {"alpha": smsc.port}, store=store)
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {own: submitted(esme, link, own) for own in (b"1", b"2", b"3" * 64)}
            gate.stop()
            assert "Traceback" not in gate.log
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            for own, message_id in given.items():
                assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)


def test_a_store_in_memory_writes_nothing(tmp_path: Path) -> None:
    """But for the admin socket, which ends with the gate; receipts come home while it runs."""
    with relaying(tmp_path, "alpha", store='kind = "memory"') as (gate, (link,)):
        esme = bound(gate.port)
        for own in (b"4F", b"x" * 64):
            given = submitted(esme, link, own)
            assert delivered(link, esme, receipt_body(own)) == receipt_body(given)
    assert list((tmp_path / "state").iterdir()) == []


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    """state_dir is made, with mode 0700, and so is what is in it; no other is touched."""
    line = f'state_dir = "{tmp_path}/var/lib/gate"'
    with relaying(tmp_path, "alpha", gate=line) as (gate, (link,)):
        submitted(bound(gate.port), link, b"4F")
        folder = tmp_path / "var" / "lib" / "gate"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        files = list(folder.iterdir())
        assert files
        assert not any(stat.S_IMODE(file.stat().st_mode) & 0o077 for file in files)
        assert not (tmp_path / "state").exists()


def test_two_gates_cannot_share_one_state_dir(tmp_path: Path) -> None:
    """The second says which process has it, and ends; the first notices nothing."""
    with relaying(tmp_path, "alpha") as (first, (link,)):
        port = free_port()
        line = f'state_dir = "{tmp_path}/state"'
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        second = start(elsewhere, settings(port, {"alpha": free_port()}, gate=line), port)
        try:
            second.wait_for_log(f"is in use by another gate (process {first.process.pid})")
            assert second.wait() == 1
        finally:
            second.kill()
        assert "Traceback" not in second.log
        esme = bound(first.port)
        given = submitted(esme, link, b"4F")
        assert delivered(link, esme, receipt_body(b"4F")) == receipt_body(given)


def test_a_state_dir_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """In one line, and the gate ends."""
    (tmp_path / "file").write_text("not a folder")
    port = free_port()
    line = f'state_dir = "{tmp_path}/file/state"'
    gate = start(tmp_path, settings(port, {"alpha": free_port()}, gate=line), port)
    try:
        gate.wait_for_log(f"{tmp_path}/file/state cannot be used")
        assert gate.wait() == 1
    finally:
        gate.kill()
    assert "Traceback" not in gate.log


def test_a_broken_file_is_set_aside(tmp_path: Path) -> None:
    """The gate starts and says what is lost; return paths lie elsewhere."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            before = submitted(esme, link, b"x" * 64)
            gate.stop()
        (database,) = (tmp_path / "state").glob("*.sqlite")
        database.write_bytes(b"no database at all\n" * 1000)
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            gate.wait_for_log("The store's file was broken. It lies in ")
            assert delivered(link, esme, receipt_body(b"x" * 64)) == receipt_body(before)
            given = submitted(esme, link, b"y" * 64)
            # Nobody is given an id that somebody else still waits for.
            assert given != before
            gate.kill()
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            assert delivered(link, esme, receipt_body(b"y" * 64)) == receipt_body(given)


def test_a_file_that_disappears_is_begun_anew(tmp_path: Path) -> None:
    """Messages go on meanwhile, and the return paths that memory has are written again."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {own: submitted(esme, link, own) for own in (b"1", b"x" * 64)}
            for file in (tmp_path / "state").rglob("*.[sl]*"):
                file.unlink()
            given[b"2"] = submitted(esme, link, b"2")
            gate.wait_for_log("was begun anew")
            gate.wait_for_log("00000001.log of return paths is gone")
            given[b"3"] = submitted(esme, link, b"3")
            gate.kill()
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            for own, message_id in given.items():
                assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)
            gate.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="takes a process's right to write files away")
def test_on_a_full_disk_messages_go_on_and_it_mends_itself(tmp_path: Path) -> None:
    """An error in the log; receipts from memory; and all is on disk when there is room again."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {b"before": submitted(esme, link, b"before")}
            process = gate.process.pid
            limits = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (0, limits[1]))
            for own in (b"1", b"2", b"x" * 64):
                given[own] = submitted(esme, link, own)
            gate.wait_for_log("Messages are forwarded all the same")
            assert delivered(link, esme, receipt_body(b"1")) == receipt_body(given[b"1"])
            resource.prlimit(process, resource.RLIMIT_FSIZE, limits)
            gate.wait_for_log("works again")
            given[b"after"] = submitted(esme, link, b"after")
            assert "Traceback" not in gate.log
            gate.kill()
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            for own, message_id in given.items():
                assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)
