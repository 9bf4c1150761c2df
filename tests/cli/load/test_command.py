"""``smppgate load``: its arguments, its sessions, its exit status."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from smppgate.cli.failures import UsageError
from smppgate.cli.load.command import DEFAULT_COUNT, Plan, add_arguments, load, run
from smppgate.cli.load.run import Terms
from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import SubmitSm
from tests.cli.load.rig import receipt
from tests.cli.peers import ENDPOINT, Peer, parsed
from tests.fakes import outcomes

OK, FAILED, USAGE = 0, 1, 2


def plan(*arguments: str) -> Plan:
    return Plan.of(parsed(add_arguments, "--connect", ENDPOINT, *arguments))


def loading(reactor: MemoryReactorClock, *arguments: str) -> Deferred[int]:
    return ensureDeferred(load(plan(*arguments), reactor))


def accept_all(reactor: MemoryReactorClock) -> list[Peer]:
    """Accept every connection asked for, and its bind."""
    peers = [Peer.accepting(reactor, index) for index in range(len(reactor.unixClients))]
    for peer in peers:
        peer.accept_bind()
    return peers


def serve(peers: list[Peer], status: int = 0) -> list[Frame]:
    """Answer all that comes until nothing does; gives the submit_sm among it."""
    submitted: list[Frame] = []
    while frames := [(peer, frame) for peer in peers for frame in peer.received()]:
        for peer, frame in frames:
            is_message = frame.command_id == CommandId.SUBMIT_SM
            peer.answer(frame, b"id\0" if is_message else b"", status if is_message else 0)
            submitted += [frame] * is_message
    return submitted


def test_a_load_is_sent_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """Bound, sent, answered, unbound; exit 0, the report on standard output and nothing else."""
    reactor = MemoryReactorClock()
    status = outcomes(loading(reactor, "--sessions", "3", "--window", "2", "--count", "50"))
    peers = accept_all(reactor)
    assert len(peers) == 3
    assert len(serve(peers)) == 50
    assert status == [OK]
    assert all(peer.transport.disconnecting for peer in peers)
    out, err = capsys.readouterr()
    assert "ok        50 of 50\n" in out
    assert err == ""


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else stands on standard output."""
    reactor = MemoryReactorClock()
    status = outcomes(loading(reactor, "--count", "5", "--json"))
    serve(accept_all(reactor))
    told = json.loads(capsys.readouterr().out)
    assert (told["sent"], told["ok"], told["count"], told["sessions"]) == (5, 5, 5, 1)
    assert status == [OK]


def test_an_error_fails_the_load(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, with the status in the report."""
    reactor = MemoryReactorClock()
    status = outcomes(loading(reactor, "--count", "5"))
    serve(accept_all(reactor), CommandStatus.ESME_RMSGQFUL)
    assert status == [FAILED]
    assert (
        "error     5 × ESME_RMSGQFUL (0x00000014): message queue full" in capsys.readouterr().out
    )


def test_receipts_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """They are asked for with --receipts."""
    reactor = MemoryReactorClock()
    status = outcomes(loading(reactor, "--count", "1", "--receipts"))
    peers = accept_all(reactor)
    (message,) = serve(peers)
    assert peek.registered_delivery(message.octets) == 1
    assert status == []
    peers[0].deliver(receipt(1))
    serve(peers)
    assert status == [OK]
    assert "receipts  1\n" in capsys.readouterr().out


def test_the_destination_is_varied(capsys: pytest.CaptureFixture[str]) -> None:
    """--to-range goes through that many, over all sessions."""
    reactor = MemoryReactorClock()
    arguments = ["--to", "4477000", "--to-range", "3", "--count", "6", "--sessions", "2"]
    loading(reactor, *arguments)
    messages = [decode(frame.octets) for frame in serve(accept_all(reactor))]
    destinations = sorted(m.destination_addr for m in messages if isinstance(m, SubmitSm))
    assert destinations == sorted([b"4477000", b"4477001", b"4477002"] * 2)
    assert "ok        6 of 6" in capsys.readouterr().out


def test_nothing_is_sent_before_all_are_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """The first waits for the last."""
    reactor = MemoryReactorClock()
    loading(reactor, "--sessions", "2", "--window", "2", "--count", "4")
    first, last = Peer.accepting(reactor, 0), Peer.accepting(reactor, 1)
    first.accept_bind()
    assert first.received() == []
    last.accept_bind()
    assert [len(first.received()), len(last.received())] == [2, 2]
    for peer in (first, last):
        peer.hang_up()
    assert "sessions  2 lost" in capsys.readouterr().out


def test_a_refused_bind_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1; nothing is sent, and those that are bound are unbound."""
    reactor = MemoryReactorClock()
    status = outcomes(loading(reactor, "--sessions", "2"))
    bound, refused = Peer.accepting(reactor, 0), Peer.accepting(reactor, 1)
    bound.accept_bind()
    refused.answer(refused.one(), status=CommandStatus.ESME_RBINDFAIL)
    unbind = bound.one()
    assert unbind.command_id == CommandId.UNBIND
    bound.answer(unbind)
    assert status == [FAILED]
    assert capsys.readouterr() == (
        "",
        f"smppgate load: {ENDPOINT}: bind refused: bind failed (0x0000000D) (1 of 2 sessions)\n",
    )


def test_a_refused_connection_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1."""
    reactor = MemoryReactorClock()
    status = outcomes(loading(reactor))
    reactor.unixClients[0][1].clientConnectionFailed(None, Failure(Refused()))
    assert status == [FAILED]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"smppgate load: cannot connect to {ENDPOINT}: ")
    assert err.count("\n") == 1


def test_many_sessions_do_not_connect_all_at_once() -> None:
    """A listener's backlog is short."""
    reactor = MemoryReactorClock()
    running = loading(reactor, "--sessions", "100")
    assert len(reactor.unixClients) == 20
    Peer.accepting(reactor, 0).accept_bind()
    assert len(reactor.unixClients) == 21
    running.cancel()
    reactor.advance(5.1)
    assert len(outcomes(running)) == 1


def test_an_interrupt_while_it_binds_is_no_failure_to_bind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It ends as interrupted, with nothing said, and unbinds those that are bound."""
    reactor = MemoryReactorClock()
    running = loading(reactor, "--sessions", "2")
    bound = Peer.accepting(reactor, 0)
    bound.accept_bind()
    running.cancel()
    ended = outcomes(running)
    bound.answer(bound.one())
    (failure,) = ended
    assert isinstance(failure, Failure)
    assert failure.check(CancelledError)
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_ends_it_with_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    """What was measured so far is told, the sessions are unbound, and it has failed."""
    reactor = MemoryReactorClock()
    running = loading(reactor, "--count", "100", "--window", "5", "--json")
    (peer,) = accept_all(reactor)
    first, *_ = peer.received()
    peer.answer(first, b"id\0")
    running.cancel()
    status = outcomes(running)
    *_, unbind = peer.received()
    assert unbind.command_id == CommandId.UNBIND
    peer.answer(unbind)
    # Answers of the others may come for some seconds yet.
    assert status == []
    reactor.pump([1.0] * 6)
    assert status == [FAILED]
    told = json.loads(capsys.readouterr().out)
    assert (told["sent"], told["ok"], told["unanswered"]) == (6, 1, 5)


def test_the_arguments_are_the_plan() -> None:
    """What is not given has a default, and the default count goes with no duration."""
    full = plan(
        *("--sessions", "4", "--window", "7", "--count", "9", "--rate", "50"),
        *("--duration", "3", "--receipts", "--wait", "2", "--json"),
    )
    assert (full.sessions, full.window, full.count, full.json) == (4, 7, 9, True)
    assert full.terms == Terms(rate=50.0, duration=3.0, receipts_wait=2.0)
    assert (plan().sessions, plan().window, plan().count) == (1, 10, DEFAULT_COUNT)
    assert plan().terms == Terms(rate=None, duration=None, receipts_wait=None)
    assert plan("--duration", "3").count is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("--sessions", "0"),
        ("--window", "x"),
        ("--count", "-1"),
        ("--rate", "0"),
        ("--duration", "0"),
        ("--to-range", "100001"),
    ],
)
def test_what_no_load_can_have_is_a_usage_error(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 with the option's name."""
    with pytest.raises(SystemExit) as exit_:
        parsed(add_arguments, *arguments)
    assert exit_.value.code == USAGE
    assert arguments[0] in capsys.readouterr().err


def test_arguments_that_do_not_go_together_are_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, and nothing is connected."""
    args = parsed(add_arguments, "--connect", ENDPOINT, "--bind", "transmitter", "--receipts")
    assert run(args) == USAGE
    assert "--receipts needs a transceiver" in capsys.readouterr().err
    with pytest.raises(UsageError, match="--to"):
        plan("--to", "9", "--to-range", "2")
