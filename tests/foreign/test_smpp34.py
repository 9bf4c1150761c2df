"""An ESME that nobody here wrote: smpp34, which is Rust, from PyPI."""

from __future__ import annotations

import asyncio
from pathlib import Path

import smpp34

from tests.e2e.wire import PATIENCE
from tests.foreign.programs import MESSAGES, before_simulated
from tests.foreign.tap import Tap, overtaking


async def _exchanged(port: int) -> tuple[list[str], list[str]]:
    """The ids of all messages, and those that receipts came for."""
    session = await smpp34.Client("127.0.0.1", port, "acme", "secret", window_size=10).connect()
    room = asyncio.Semaphore(10)

    async def submit(number: int) -> str:
        async with room, asyncio.timeout(PATIENCE):
            answer = await session.submit_sm(
                "4477009001", b"message %d" % number, source_addr="1234", registered_delivery=1
            )
        assert answer.is_success, answer.command_status
        return answer.message_id

    async def receipt() -> str:
        async with asyncio.timeout(PATIENCE):
            event = await session.next()
        assert event.esm_class == 4, event
        (message_id,) = (
            tlv.as_string() for tlv in event.tlvs if tlv.tag == smpp34.TLV_RECEIPTED_MESSAGE_ID
        )
        return message_id

    async with asyncio.TaskGroup() as group:
        submitting = [group.create_task(submit(number)) for number in range(MESSAGES)]
        told = [await receipt() for _ in range(MESSAGES)]
    await session.unbind()
    return [task.result() for task in submitting], told


def test_every_message_is_answered_and_has_its_receipt(tmp_path: Path) -> None:
    """No id comes twice, although two SMSCs hand out the same ones."""
    with before_simulated(tmp_path) as gate, Tap(gate.port) as front:
        ids, told = asyncio.run(_exchanged(front.port))
        gate.wait_for_log("ESME acme at")
    assert len(set(ids)) == MESSAGES
    assert sorted(told) == sorted(ids)
    # What it tells first of two that come together is its own affair.
    assert overtaking(front.passed) == []
