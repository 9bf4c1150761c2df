"""No octet of an answer is written before the store has its return path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from smppgate.settings import EsmeSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import SubmitSm, Unbind
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.txsmpp.pairs import numbered

MESSAGE = SubmitSm(destination_addr=b"4477", short_message=b"hi", registered_delivery=1)


class Watched:
    """A gate whose store looks at what an ESME has been written, whenever it keeps something."""

    def __init__(self) -> None:
        account = EsmeSettings(system_id="acme", password="secret")
        self.gate = MemoryGateway(smsc(sessions=1), esme=(account,))
        self.link = self.gate.smsc()
        (request,) = self.link.heard()
        self.link.answer(request, 0, b"smsc\0")
        self.esme = self.gate.esme(bind())
        self.esme.heard()
        self.kept: list[tuple[int, int]] = []
        """Return paths of each batch, and octets that the ESME had been written by then."""
        store = self.gate.gateway.store
        self._keep = store.keep
        store.keep = self._watched

    def _watched(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Any:
        written = self.esme.transport.take()
        self.kept.append((len(paths), len(written)))
        return self._keep(paths, waited)

    def submitted(self, count: int) -> list[Frame]:
        """The SMSC gets messages of the ESME's."""
        self.esme.send(b"".join(numbered(MESSAGE, n) for n in range(1, count + 1)))
        return self.link.heard()


def answered(requests: list[Frame]) -> bytes:
    """The answers of an SMSC that takes all of them."""
    return b"".join(_resp(request, b"%d\0" % at) for at, request in enumerate(requests))


def _resp(request: Frame, body: bytes) -> bytes:
    head = (16 + len(body), CommandId.SUBMIT_SM_RESP, 0, request.sequence_number)
    return b"".join(part.to_bytes(4, "big") for part in head) + body


@pytest.mark.parametrize("count", [1, 3])
def test_the_store_has_them_first(count: int) -> None:
    """One message alone, which is written at once, and several, at the end of the turn."""
    watched = Watched()
    watched.link.transport.deliver(answered(watched.submitted(count)))
    watched.gate.turn()
    assert watched.kept == [(count, 0)]
    assert len(watched.esme.heard()) == count


def test_also_where_the_session_is_written_to_without_the_turn_s_end() -> None:
    """The answers of a session that unbinds leave with its unbind_resp, in the same read."""
    watched = Watched()
    requests = watched.submitted(2)
    watched.esme.send(numbered(Unbind(), 9))
    watched.link.transport.deliver(answered(requests))
    assert watched.kept in ([], [(2, 0)])
    watched.gate.turn()
    assert watched.kept == [(2, 0)]
    commands = [frame.command_id for frame in watched.esme.heard()]
    assert commands == [CommandId.SUBMIT_SM_RESP, CommandId.SUBMIT_SM_RESP, CommandId.UNBIND_RESP]


def test_a_session_that_is_closed_is_written_its_answers_behind_the_store() -> None:
    """`close` writes what is in the outbox by itself."""
    watched = Watched()
    requests = watched.submitted(2)
    session = watched.gate.gateway.esme_sessions()[0]
    watched.link.transport.deliver(answered(requests))
    session.close("a test says so")
    assert watched.kept == [(2, 0)]
    assert len(_frames(watched.esme)) == 2


def _frames(end: End) -> list[Frame]:
    return end.heard()
