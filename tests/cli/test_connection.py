"""What `send` and `load` share: options, binding, unbinding."""

from __future__ import annotations

import argparse

import pytest
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from smppgate.cli.connection import (
    PASSWORD_VARIABLE,
    Connection,
    NotBound,
    add_arguments,
    unbind,
)
from smppgate.cli.failures import UsageError
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.pdu import BindTransceiver, BindTransmitter, Pdu
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.states import Role
from tests.cli.peers import ENDPOINT, Peer, parsed
from tests.fakes import outcomes


def connection(*arguments: str) -> Connection:
    return Connection.of(parsed(add_arguments, "--connect", ENDPOINT, *arguments))


def opening(reactor: MemoryReactorClock, link: Connection) -> tuple[SmppProtocol, Deferred[Pdu]]:
    session = SmppProtocol(Role.ESME, reactor, link.timers)
    return session, ensureDeferred(link.open(reactor, session))


def not_bound(seen: list[Pdu | Failure]) -> str:
    (failure,) = seen
    assert isinstance(failure, Failure)
    assert failure.check(NotBound)
    return failure.getErrorMessage()


def test_the_options_are_what_is_bound_with() -> None:
    """Every option of the bind is in the bind PDU."""
    options = ["--system-id", "bolt", "--password", "hidden", "--system-type", "WEB"]
    link = connection(*options, "--interface-version", "5.0", "--response-timeout", "7")
    assert link.bind == BindTransceiver(
        system_id=b"bolt", password=b"hidden", system_type=b"WEB", interface_version=0x50
    )
    assert link.endpoint == ENDPOINT
    assert link.timers.response == 7.0
    assert link.receives


def test_a_transmitter_does_not_receive() -> None:
    """--bind transmitter binds as one, and says that nothing can come over it."""
    link = connection("--bind", "transmitter")
    assert isinstance(link.bind, BindTransmitter)
    assert not link.receives


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It need not stand in the list of processes; an option counts more."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "from-env")
    assert connection().bind.password == b"from-env"
    assert connection("--password", "given").bind.password == b"given"
    monkeypatch.delenv(PASSWORD_VARIABLE)
    assert connection().bind.password == b"secret"


def test_a_password_that_cannot_be_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable and not its value."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "hunter2" * 20)
    with pytest.raises(UsageError) as error:
        connection()
    assert PASSWORD_VARIABLE in str(error.value)
    assert "hunter2" not in str(error.value)


def test_no_text_shows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the help nor a repr."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "hunter2")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert "hunter2" not in parser.format_help()
    assert "hunter2" not in repr(connection())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--connect", "tcp:localhost"),
        ("--system-id", "sixteen-octets--"),
        ("--password", "p" * 64),
        ("--system-type", "thirteen-octs"),
        ("--interface-version", "4.0"),
        ("--response-timeout", "0"),
    ],
)
def test_what_no_bind_can_have_is_a_usage_error(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 with the option's name, before anything is connected."""
    with pytest.raises(SystemExit) as exit_:
        parsed(add_arguments, *arguments)
    assert exit_.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_opening_connects_and_binds() -> None:
    """The bind of the options is sent, and the session bound when it is answered."""
    reactor = MemoryReactorClock()
    link = connection()
    session, opened = opening(reactor, link)
    seen = outcomes(opened)
    peer = Peer.accepting(reactor)
    bind = peer.one()
    assert decode(bind.octets) == BindTransceiver(
        system_id=b"acme", password=b"secret", interface_version=0x34, sequence_number=1
    )
    assert seen == []
    peer.answer(bind, b"smsc\0")
    assert seen == [None]
    assert session.session.is_bound


def test_a_refused_connection_is_told_in_one_line() -> None:
    """With the endpoint and the reason."""
    reactor = MemoryReactorClock()
    _, opened = opening(reactor, connection())
    seen = outcomes(opened)
    reactor.unixClients[0][1].clientConnectionFailed(None, Failure(Refused()))
    message = not_bound(seen)
    assert message.startswith(f"cannot connect to {ENDPOINT}: ")
    assert "refused" in message
    assert "\n" not in message


def test_a_refused_bind_is_told_with_its_meaning_and_hung_up() -> None:
    """The status in words and as a number; the connection does not stay."""
    reactor = MemoryReactorClock()
    _, opened = opening(reactor, connection())
    seen = outcomes(opened)
    peer = Peer.accepting(reactor)
    peer.answer(peer.one(), status=CommandStatus.ESME_RINVPASWD)
    assert not_bound(seen) == f"{ENDPOINT}: bind refused: invalid password (0x0000000E)"
    assert peer.transport.disconnecting


def test_a_bind_that_is_not_answered_ends_with_the_response_timer() -> None:
    """After --response-timeout, and not before."""
    reactor = MemoryReactorClock()
    _, opened = opening(reactor, connection("--response-timeout", "5"))
    seen = outcomes(opened)
    peer = Peer.accepting(reactor)
    reactor.advance(4.9)
    assert seen == []
    reactor.advance(0.2)
    assert not_bound(seen) == f"{ENDPOINT}: bind not answered: no answer in 5 s"
    assert peer.transport.disconnecting


def test_a_connection_closed_in_place_of_an_answer_is_told() -> None:
    """As a TLS handshake that fails does, for one."""
    reactor = MemoryReactorClock()
    _, opened = opening(reactor, connection())
    seen = outcomes(opened)
    Peer.accepting(reactor).hang_up()
    assert not_bound(seen) == f"{ENDPOINT}: bind not answered: Connection was closed cleanly"


def test_unbinding_waits_for_the_answer() -> None:
    """Unbind, its resp, then the connection is closed."""
    reactor = MemoryReactorClock()
    session, opened = opening(reactor, connection())
    outcomes(opened)
    peer = Peer.accepting(reactor)
    peer.accept_bind()
    done = outcomes(ensureDeferred(unbind(session, reactor)))
    request = peer.one()
    assert request.command_id == CommandId.UNBIND
    assert done == []
    peer.answer(request)
    assert done == [None]
    assert peer.transport.disconnecting


def test_unbinding_does_not_wait_long() -> None:
    """A peer that does not answer is left after two seconds."""
    reactor = MemoryReactorClock()
    session, opened = opening(reactor, connection())
    outcomes(opened)
    peer = Peer.accepting(reactor)
    peer.accept_bind()
    done = outcomes(ensureDeferred(unbind(session, reactor)))
    reactor.advance(1.9)
    assert done == []
    reactor.advance(0.2)
    assert done == [None]
    assert peer.transport.disconnecting
