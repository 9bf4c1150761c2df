"""`SmppClient`: its binds, its requests and what it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.application.service import IService
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from smppgate.txsmpp.client import SmppClient
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import (
    BindRefused,
    Nacked,
    PduError,
    RequestTimeout,
    SessionLost,
    WindowFull,
)
from smppgate.txsmpp.frame import Frame, generic_nack
from smppgate.txsmpp.pdu import (
    AlertNotification,
    BindTransceiver,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    Outbind,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
)
from smppgate.txsmpp.program_session import Limits
from tests.fakes import outcomes
from tests.txsmpp.pairs import failure_of
from tests.txsmpp.programs import BIND, Programs

MESSAGE = SubmitSm(destination_addr=b"447700900123", short_message=b"hi")
MO = DeliverSm(source_addr=b"447700900123", short_message=b"hi")


def statuses(seen: list[Any]) -> list[int]:
    return [answer.command_status for answer in seen]


def test_it_is_a_service() -> None:
    assert verifyObject(IService, Programs().client())


def test_a_request_has_its_answer() -> None:
    programs = Programs()
    client = programs.client()
    assert outcomes(client.when_bound()) == [None]
    seen = outcomes(client.request(MESSAGE))
    programs.turn()
    assert seen == [SubmitSmResp(sequence_number=2, message_id=b"1")]
    assert programs.requests == [MESSAGE.replaced(sequence_number=2)]


def test_a_generic_nack_is_an_error_with_its_status() -> None:
    programs = Programs(replies=[Deferred()])
    client = programs.client()
    seen = outcomes(client.request(MESSAGE))
    programs.turn()
    programs.session().send(generic_nack(2, CommandStatus.ESME_RTHROTTLED))
    programs.turn()
    error = failure_of(seen)
    assert isinstance(error, Nacked)
    assert error.command_status == CommandStatus.ESME_RTHROTTLED


def test_what_cannot_be_encoded_is_told_at_once_and_also_when_it_would_wait() -> None:
    programs = Programs(replies=[Deferred()])
    client = programs.client(limits=Limits(window=1))
    text: Any = "447700900123"
    for _ in range(2):
        with pytest.raises(PduError, match="destination_addr: bytes are needed, not str"):
            client.request(SubmitSm(destination_addr=text))
        client.request(MESSAGE).addErrback(lambda _: None)


@pytest.mark.parametrize("unanswered", [AlertNotification(), Outbind()])
def test_what_is_not_answered_is_no_request_and_also_not_one_that_would_wait(
    unanswered: Any,
) -> None:
    reply: Deferred[int] = Deferred()
    programs = Programs(replies=[reply])
    client = programs.client(limits=Limits(window=1))
    seen = []
    for _ in range(2):
        with pytest.raises(ValueError, match="is not answered"):
            client.request(unanswered)
        seen.append(outcomes(client.request(MESSAGE)))
    programs.turn()
    reply.callback(0)
    programs.turn()
    assert [statuses(one) for one in seen] == [[0], [0]]


def test_a_bind_that_cannot_be_encoded_is_told_before_it_is_tried() -> None:
    text: Any = "secret"
    with pytest.raises(PduError, match="bind_transceiver: password: bytes are needed, not str"):
        SmppClient(Programs().clock, "tcp:127.0.0.1:2775", BindTransceiver(password=text))


# The window


def test_requests_wait_for_room_in_their_order() -> None:
    replies: list[Deferred[int]] = [Deferred() for _ in range(4)]
    programs = Programs(replies=list(replies))
    client = programs.client(limits=Limits(window=2))
    ended: list[str] = []
    for name in "abcd":
        client.request(QuerySm(message_id=name.encode())).addCallback(
            lambda _, name=name: ended.append(name)
        )
    programs.turn()
    assert len(programs.requests) == 2
    replies[1].callback(CommandStatus.ESME_RQUERYFAIL)
    programs.turn()
    assert ended == ["b"]
    asked = [request.message_id for request in programs.requests]  # type: ignore[attr-defined]
    assert asked == [b"a", b"b", b"c"]
    for reply in (replies[0], replies[2], replies[3]):
        reply.callback(CommandStatus.ESME_RQUERYFAIL)
        programs.turn()
    assert ended == ["b", "a", "c", "d"]


def test_a_full_queue_refuses_and_a_timeout_makes_room() -> None:
    programs = Programs(replies=[Deferred()])
    client = programs.client(limits=Limits(window=1, queue=1))
    first, second, third = (outcomes(client.request(MESSAGE)) for _ in range(3))
    assert isinstance(failure_of(third), WindowFull)
    programs.turn()
    programs.clock.advance(client.timers.response)
    programs.turn()
    assert isinstance(failure_of(first), RequestTimeout)
    assert statuses(second) == [0]


def test_a_request_may_be_cancelled_before_it_is_sent_and_after() -> None:
    """What was sent keeps its room until its answer comes, which nobody hears."""
    reply: Deferred[int] = Deferred()
    programs = Programs(replies=[reply])
    client = programs.client(limits=Limits(window=1))
    requests = [client.request(MESSAGE) for _ in range(3)]
    seen = [outcomes(request) for request in requests]
    requests[1].cancel()
    assert len(seen[1]) == 1
    programs.turn()
    requests[0].cancel()
    programs.turn()
    assert (len(seen[0]), seen[2]) == (1, [])
    reply.callback(0)
    programs.turn()
    assert statuses(seen[2]) == [0]
    assert len(programs.requests) == 2


def test_when_the_session_is_lost_all_requests_end() -> None:
    """Those that wait too, however many; none is sent on the next session by itself."""
    programs = Programs(replies=[Deferred()])
    client = programs.client(limits=Limits(window=1))
    seen = [outcomes(client.request(MESSAGE)) for _ in range(5000)]
    programs.turn()
    programs.endpoint.transports[0].lose()
    programs.turn()
    assert all(isinstance(failure_of(one), SessionLost) for one in seen)
    programs.clock.advance(1.0)
    programs.turn()
    assert client.session is not None
    assert len(programs.requests) == 1


def test_without_a_session_a_request_fails_at_once() -> None:
    programs = Programs()
    programs.endpoint.is_there = False
    client = programs.client()
    assert isinstance(failure_of(outcomes(client.request(MESSAGE))), SessionLost)


# Binds


def test_it_comes_back_after_a_loss() -> None:
    programs = Programs()
    client = programs.client()
    programs.endpoint.transports[0].lose()
    programs.turn()
    assert client.session is None
    bound = outcomes(client.when_bound())
    programs.clock.advance(1.0)
    programs.turn()
    assert bound == [None]
    assert len(programs.endpoint.transports) == 2


def test_it_waits_longer_where_nobody_is_there() -> None:
    programs = Programs()
    programs.endpoint.is_there = False
    client = programs.client()
    patient, hasty = outcomes(client.when_bound()), outcomes(client.when_bound(tries=2))
    for pause in (1.0, 2.0, 4.0):
        programs.clock.advance(pause - 0.01)
        programs.clock.advance(0.02)
    assert isinstance(failure_of(hasty), Refused)
    programs.endpoint.is_there = True
    programs.clock.advance(8.0)
    programs.turn()
    assert patient == [None]


def test_a_refused_bind_is_told_to_who_waits_and_tried_again_after_the_longest_pause() -> None:
    programs = Programs()
    programs.endpoint.is_there = False
    bind = BindTransceiver(system_id=b"acme", password=b"guess")
    client = programs.client(bind=bind)
    refused = outcomes(client.when_bound(tries=1))
    programs.endpoint.is_there = True
    programs.clock.advance(1.0)
    programs.turn()
    error = failure_of(refused)
    assert isinstance(error, BindRefused)
    assert error.command_status == CommandStatus.ESME_RINVPASWD
    programs.clock.advance(59.9)
    assert len(programs.endpoint.transports) == 1
    programs.clock.advance(0.2)
    assert len(programs.endpoint.transports) == 2


def test_it_unbinds_when_it_stops_and_leaves_no_timer() -> None:
    programs = Programs(replies=[Deferred()])
    client = programs.client(limits=Limits(window=1))
    seen = [outcomes(client.request(MESSAGE)) for _ in range(2)]
    programs.turn()
    stopped = outcomes(client.stopService())
    # What has not been sent is not sent any more; what has been is waited for.
    assert isinstance(failure_of(seen[1]), SessionLost)
    assert (stopped, seen[0]) == ([], [])
    programs.clock.advance(client.timers.unbinding)
    programs.turn()
    assert stopped == [None]
    assert programs.server.sessions == set()
    programs.clock.advance(10.0)
    assert programs.clock.getDelayedCalls() == []


def test_a_stop_while_it_binds_is_no_failure_in_the_log() -> None:
    programs = Programs()
    client = SmppClient(programs.clock, programs.endpoint, BIND)
    client.startService()
    assert client.session is None
    with capturedLogs() as events:
        stopped = outcomes(client.stopService())
        programs.turn()
    assert stopped == [None]
    assert [event["code"] for event in events if "code" in event] == []
    assert programs.server.sessions == set()


def test_a_stop_before_the_bind_ends_those_who_wait_for_it() -> None:
    programs = Programs()
    programs.endpoint.is_there = False
    client = programs.client()
    bound, given_up = outcomes(client.when_bound()), client.when_bound()
    seen = outcomes(given_up)
    given_up.cancel()
    assert len(seen) == 1
    stopped = outcomes(client.stopService())
    programs.turn()
    assert stopped == [None]
    assert isinstance(failure_of(bound), SessionLost)
    assert programs.clock.getDelayedCalls() == []


# What it is sent


def delivered(programs: Programs, message: DeliverSm | DataSm = MO) -> list[Any]:
    seen = outcomes(programs.session().request(message))
    programs.turn()
    return seen


def test_a_message_is_answered_with_what_the_program_says() -> None:
    """Nothing, a status, a resp; at once, by a Deferred or by a coroutine."""
    replies: list[Any] = [
        None,
        CommandStatus.ESME_RX_P_APPN,
        DeliverSmResp(command_status=0x0400),
        Deferred(),
    ]
    messages: list[DeliverSm | DataSm] = []
    later = replies[3]

    def on_message(message: DeliverSm | DataSm) -> Any:
        messages.append(message)
        return replies.pop(0)

    programs = Programs()
    programs.client(on_message)
    assert [statuses(delivered(programs)) for _ in range(3)] == [[0], [0x65], [0x400]]
    late = delivered(programs)
    assert late == []
    later.callback(CommandStatus.ESME_RX_R_APPN)
    programs.turn()
    assert statuses(late) == [0x66]
    assert messages[0] == MO.replaced(sequence_number=1)


def test_a_coroutine_answers_when_it_returns() -> None:
    known: Deferred[int] = Deferred()

    async def on_message(message: DeliverSm | DataSm) -> int:
        return await known

    programs = Programs()
    programs.client(on_message)
    seen = delivered(programs)
    assert seen == []
    known.callback(CommandStatus.ESME_RX_T_APPN)
    programs.turn()
    assert statuses(seen) == [0x64]


@pytest.mark.parametrize("wrong", [ValueError("bug"), SubmitSmResp(), "text"])
def test_a_program_that_fails_lets_the_message_come_again(wrong: Any) -> None:
    def on_message(message: DeliverSm | DataSm) -> Any:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong

    programs = Programs()
    client = programs.client(on_message)
    assert statuses(delivered(programs)) == [CommandStatus.ESME_RX_T_APPN]
    assert client.session is not None


def test_messages_without_a_program_are_taken() -> None:
    programs = Programs()
    programs.client()
    assert statuses(delivered(programs)) == [0]
    assert statuses(delivered(programs, DataSm())) == [0]


def test_more_than_the_program_may_have_open_is_throttled() -> None:
    programs = Programs()
    open_: list[Deferred[int]] = []

    def on_message(message: DeliverSm | DataSm) -> Deferred[int]:
        open_.append(Deferred())
        return open_[-1]

    programs.client(on_message, limits=Limits(open_requests=2))
    first, second, third = (delivered(programs) for _ in range(3))
    assert (first, second, statuses(third)) == ([], [], [CommandStatus.ESME_RTHROTTLED])
    open_[0].callback(0)
    programs.turn()
    assert statuses(first) == [0]
    assert delivered(programs) == []
    assert len(open_) == 3


def test_what_the_program_has_open_is_answered_before_an_unbind() -> None:
    answer: Deferred[int] = Deferred()
    programs = Programs()
    client = programs.client(lambda message: answer)
    seen = delivered(programs)
    stopped = outcomes(ensureDeferred(client.stopService()))
    programs.turn()
    assert (seen, stopped) == ([], [])
    answer.callback(0)
    programs.turn()
    assert statuses(seen) == [0]
    assert not isinstance(stopped[0], Failure)


def test_a_message_that_cannot_be_read_does_not_reach_the_program() -> None:
    programs = Programs()
    programs.client(lambda message: pytest.fail("it cannot be read"))
    session = programs.session()
    sent: list[Frame] = []
    session.send(b"\0\0\0\x12" + CommandId.DELIVER_SM.to_bytes(4, "big") + bytes(7) + b"\x09xx")
    session.strayReceived = sent.append  # type: ignore[method-assign]
    programs.turn()
    (stray,) = sent
    assert stray.command_id == CommandId.DELIVER_SM_RESP
    assert stray.command_status != 0
