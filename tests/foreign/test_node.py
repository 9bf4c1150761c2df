"""An ESME and an SMSC that nobody here wrote: `smpp` for node, from npm."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.program import RunningProgram
from tests.e2e.wire import DELIVER_SM, RESP, SUBMIT_SM
from tests.foreign.programs import MESSAGES, NODE_MODULES, before, program
from tests.foreign.tap import Tap, dissected, overtaking

SCRIPTS = Path(__file__).parent / "node"


def node(
    folder: Path, ready: str, script: str, *arguments: object
) -> AbstractContextManager[RunningProgram]:
    """A script of ours with that package, once it has said ``ready``."""
    environment = {"NODE_PATH": str(NODE_MODULES)}
    return program(folder, ready, "node", SCRIPTS / script, *arguments, environment=environment)


def test_every_message_is_answered_and_has_its_receipt(tmp_path: Path) -> None:
    """Node on both sides of the gate; some receipts overtake the answer, and none is lost.

    The ESME has each of them after its answer.
    """
    port = free_port()
    with node(tmp_path, "listens", "smsc.js", port) as smsc, Tap(port) as behind:
        with (
            before(tmp_path, {"alpha": behind.port}) as gate,
            Tap(gate.port) as front,
        ):
            gate.wait_for_log("bound at")
            with node(tmp_path, "receipts", "esme.js", front.port, MESSAGES) as esme:
                assert esme.wait() == 0, esme.log
        assert smsc.wait() == 0, smsc.log
    told = json.loads(esme.log)
    assert len(set(told["ids"])) == MESSAGES
    assert sorted(each["text"] for each in told["receipts"]) == sorted(told["ids"])
    assert all(each["text"] == each["tlv"] for each in told["receipts"])
    _, numbers = smsc.log.splitlines()
    assert json.loads(numbers) == {"taken": MESSAGES, "acknowledged": MESSAGES, "refused": 0}
    assert overtaking(front.passed) == []
    for tap in (front, behind):
        passed = dissected(tmp_path, tap.passed)
        assert {passed[command] for command in (SUBMIT_SM, DELIVER_SM)} == {MESSAGES}
        assert {passed[command | RESP] for command in (SUBMIT_SM, DELIVER_SM)} == {MESSAGES}
