"""Receipts come home however many workers there are by then, and however the last ones ended."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.twistd import RunningGate, running, settings
from tests.e2e.wire import (
    DELIVER_SM,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    Smsc,
    Wire,
    answer,
    bound,
    hang_up,
    id_of,
    message_body,
    pdu,
    readable,
    receipt_body,
)

COUNTS = (2, 3, 1, 4, 2)
"""How many workers there are, one after the other."""

SESSIONS = 3
"""Of the ESME, and of the SMSC."""

PROCESS = re.compile(r"serves, process (\d+)")


@contextmanager
def gate_with(folder: Path, count: int, smsc: Smsc) -> Iterator[tuple[RunningGate, list[Wire]]]:
    """A gate of so many workers, and its links."""
    port = free_port()
    config = settings(
        port, {"alpha": smsc.port}, gate=f"workers = {count}", smsc=f"sessions = {SESSIONS}"
    )
    with running(folder, config, port) as gate:
        links = [smsc.link() for _ in range(SESSIONS)]
        gate.wait_for_log("bound at", SESSIONS)
        if count > 1:
            gate.wait_for_log("serves, process", count)
            gate.wait_for_log("bound, both ways", count * (count - 1))
        yield gate, links


def _submitted(esme: Wire, links: list[Wire], message_id: bytes) -> bytes:
    """Submit a message that wants a receipt, on whichever link; gives the ESME's id."""
    esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
    link = readable(*links)
    answer(link, link.receive_message(), message_id + b"\0")
    got = esme.receive_message()
    assert got[:3] == (SUBMIT_SM | RESP, 0, 1), got
    return id_of(got)


def _receipted(link: Wire, esme: Wire, message_id: bytes) -> bytes:
    """Bring the receipt of a message, again until it is taken; gives the body that came.

    A worker hears a moment later that an ESME has bound at another.
    """
    while True:
        link.send(pdu(DELIVER_SM, 500, receipt_body(message_id)))
        if readable(link, esme) is esme:
            break
        assert link.receive_message().status != 0
    got = esme.receive_message()
    assert got.command_id == DELIVER_SM, got
    answer(esme, got, b"\0")
    assert link.receive_message().status == 0
    return got.body


def _killed(gate: RunningGate) -> None:
    """The master, by kill -9; workers end with it."""
    handles = [os.pidfd_open(pid) for pid in map(int, PROCESS.findall(gate.log))]
    gate.kill()
    hang_up()
    for handle in handles:
        assert select.select([handle], [], [], PATIENCE)[0]
        os.close(handle)


def test_every_receipt_comes_home_when_there_are_more_or_fewer_workers(tmp_path: Path) -> None:
    given: dict[bytes, bytes] = {}
    with Smsc() as smsc:
        for run, count in enumerate(COUNTS):
            with gate_with(tmp_path, count, smsc) as (gate, links):
                first = bound(gate.port)
                for number, (own, message_id) in enumerate(given.items()):
                    link = links[number % SESSIONS]
                    assert _receipted(link, first, own) == receipt_body(message_id)
                esmes = [first, *(bound(gate.port) for _ in range(SESSIONS - 1))]
                for number, esme in enumerate(esmes):
                    own = b"%d%d" % (run, number)
                    given[own] = _submitted(esme, links, own)
                _killed(gate)
    assert len(set(given.values())) == len(given) == SESSIONS * len(COUNTS)
