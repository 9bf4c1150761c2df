"""An unbind, of whichever end, loses no answer."""

from __future__ import annotations

from typing import Any

from smppgate.settings import EsmeSettings, GateSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import DeliverSm, SubmitSm, Unbind
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.txsmpp.pairs import numbered

SUBMIT = SubmitSm(destination_addr=b"447700900123", short_message=b"hi")
MO = DeliverSm(source_addr=b"447700900123", destination_addr=b"1000", short_message=b"hi")

SUBMIT_RESP, DELIVER_RESP = CommandId.SUBMIT_SM_RESP, CommandId.DELIVER_SM_RESP
UNBIND_RESP = CommandId.UNBIND_RESP


class Pair:
    """A gate with one link to SMSC alpha, and an ESME bound as acme."""

    def __init__(self, *names: str, **gate: Any) -> None:
        self.gate = MemoryGateway(
            *(smsc(name, sessions=1, enquire_link=0.0) for name in names or ("alpha",)),
            esme=(EsmeSettings(system_id="acme", password="secret", address_ranges=("1*",)),),
            gate=GateSettings(**gate),
        )
        self.links = [self.link(at) for at in range(len(names) or 1)]
        self.smsc = self.links[0]
        self.esme = self.gate.esme(bind())
        (bound,) = self.esme.heard()
        assert bound.command_status == 0

    def link(self, at: int = -1) -> End:
        end = self.gate.smsc(at)
        (request,) = end.heard()
        end.answer(request, 0, b"smsc\0")
        return end

    def wait(self, seconds: float) -> None:
        """Time passes, and the clock is looked at often."""
        self.gate.reactor.pump([0.1] * round(seconds * 10))
        self.gate.turn()


def kinds(frames: list[Frame]) -> list[tuple[int, int]]:
    """Command and status of each."""
    return [(frame.command_id, frame.command_status) for frame in frames]


def submits(count: int, first: int = 1) -> bytes:
    return b"".join(numbered(SUBMIT, first + at) for at in range(count))


def answers(requests: list[Frame]) -> bytes:
    """What an SMSC answers to messages that it takes."""
    return b"".join(response(request, 0, b"id\0") for request in requests)


def test_an_smscs_answers_behind_its_unbind_reach_the_esme() -> None:
    """In the same read: five answers, then the gate's unbind_resp."""
    pair = Pair()
    pair.esme.send(submits(5))
    requests = pair.smsc.heard()
    pair.smsc.send(numbered(Unbind(), 9) + answers(requests))
    assert kinds(pair.esme.heard()) == [(SUBMIT_RESP, 0)] * 5
    assert kinds(pair.smsc.heard()) == [(UNBIND_RESP, 0)]
    assert pair.smsc.is_closed()


def test_requests_between_a_bind_resp_and_an_unbind_are_answered() -> None:
    """All in one read: the ESME gets them, its answers reach the SMSC, the unbind_resp is last."""
    pair = Pair("alpha", "beta")
    pair.smsc.ask(Unbind(), 9)
    pair.smsc.heard()
    pair.wait(10)
    alpha = pair.gate.smsc(-1)
    (request,) = alpha.heard()
    bound = response(request, 0, b"smsc\0")
    alpha.send(bound + numbered(MO, 1) + numbered(MO, 2) + numbered(Unbind(), 3))
    assert alpha.heard() == []
    pair.esme.send(submits(1))
    assert [frame.is_response for frame in pair.links[1].heard()] == [False]
    for delivery in pair.esme.heard():
        pair.esme.answer(delivery, 0, b"\0")
    assert kinds(alpha.heard()) == [*[(DELIVER_RESP, 0)] * 2, (UNBIND_RESP, 0)]
    assert alpha.is_closed()


def test_an_esmes_requests_in_front_of_its_unbind_are_answered() -> None:
    """All twenty, and the unbind_resp last; what stands behind the unbind is refused at once."""
    pair = Pair()
    pair.esme.send(submits(20) + numbered(Unbind(), 99) + submits(1, 100))
    requests = pair.smsc.heard()
    assert len(requests) == 20
    assert kinds(pair.esme.heard()) == [(SUBMIT_RESP, 0x04)]
    pair.smsc.send(answers(requests))
    heard = pair.esme.heard()
    assert kinds(heard) == [(SUBMIT_RESP, 0)] * 20 + [(UNBIND_RESP, 0)]
    assert [frame.sequence_number for frame in heard] == [*range(1, 21), 99]
    assert pair.esme.is_closed()


def test_an_esmes_answer_behind_its_unbind_reaches_the_smsc() -> None:
    pair = Pair()
    pair.smsc.ask(MO, 7)
    (request,) = pair.esme.heard()
    pair.esme.send(numbered(Unbind(), 9) + response(request, 0, b"\0"))
    assert kinds(pair.smsc.heard()) == [(DELIVER_RESP, 0)]
    assert kinds(pair.esme.heard()) == [(UNBIND_RESP, 0)]


def test_a_request_that_crosses_the_gates_unbind_is_answered() -> None:
    """From an SMSC, whose ESMEs are still bound while the gate stops."""
    pair = Pair(inactivity_timeout=50, enquire_link=0)
    pair.wait(50.1)
    (unbind,) = pair.esme.heard()
    assert unbind.command_id == CommandId.UNBIND
    pair.esme.send(submits(1) + response(unbind, 0))
    pair.smsc.send(answers([f for f in pair.smsc.heard() if not f.is_response]))
    assert kinds(pair.esme.heard()) == [(SUBMIT_RESP, 0)]
    assert pair.esme.is_closed()


def test_a_place_is_free_as_soon_as_the_unbind_is_there() -> None:
    """Though the old session still waits for an answer."""
    pair = Pair()
    account = pair.gate.router.accounts.named(b"acme")
    pair.esme.send(submits(1) + numbered(Unbind(), 2))
    assert account.sessions == []
    assert not pair.esme.is_closed()
    pair.wait(5.1)
    assert kinds(pair.esme.heard()) == [(UNBIND_RESP, 0)]
    assert pair.esme.is_closed()


def test_a_link_leaves_the_rotation_as_soon_as_the_unbind_is_there() -> None:
    """And what is open on it takes no place of the other's window."""
    pair = Pair("alpha", "beta")
    pair.esme.send(submits(4))
    alpha, beta = (end.heard() for end in pair.links)
    assert (len(alpha), len(beta)) == (2, 2)
    pair.smsc.ask(Unbind(), 9)
    pair.esme.send(submits(4, 10))
    assert pair.smsc.heard() == []
    assert len(pair.links[1].heard()) == 4
    pair.smsc.send(answers(alpha))
    assert kinds(pair.esme.heard()) == [(SUBMIT_RESP, 0)] * 2


def test_a_message_is_not_sent_to_an_esme_that_unbinds() -> None:
    pair = Pair()
    pair.esme.send(submits(1) + numbered(Unbind(), 2))
    pair.smsc.heard()
    pair.smsc.ask(MO, 7)
    assert kinds(pair.smsc.heard()) == [(DELIVER_RESP, 0x64)]


def test_a_receipt_that_waits_for_its_message_is_answered_before_the_unbind() -> None:
    """It came before its submit_sm_resp, and both come with the SMSC's unbind."""
    pair = Pair()
    receipt = DeliverSm(
        destination_addr=b"1000",
        esm_class=4,
        short_message=b"id:id sub:001 dlvrd:001 stat:DELIVRD err:000 text:",
    )
    asked = SubmitSm(source_addr=b"1000", registered_delivery=1, short_message=b"hi")
    pair.esme.ask(asked, 1)
    (request,) = pair.smsc.heard()
    pair.smsc.send(numbered(receipt, 7) + numbered(Unbind(), 8) + answers([request]))
    taken, brought = pair.esme.heard()
    assert (taken.command_id, brought.command_id) == (SUBMIT_RESP, CommandId.DELIVER_SM)
    assert pair.smsc.heard() == []
    pair.esme.answer(brought, 0, b"\0")
    assert kinds(pair.smsc.heard()) == [(DELIVER_RESP, 0), (UNBIND_RESP, 0)]


def test_a_stop_waits_two_seconds_for_peers_that_never_answer_an_unbind() -> None:
    pair = Pair()
    stopped: list[object] = []
    pair.gate.gateway.stopService().addBoth(stopped.append)
    pair.wait(2.2)
    assert pair.esme.is_closed()
    pair.wait(2.5)
    assert pair.smsc.is_closed()
