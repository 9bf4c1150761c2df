"""Every PDU in every state reaches the owner or gets the specification's answer, or neither."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import StateError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.session import Session
from smppgate.txsmpp.states import BOUND, BOUND_BY, KNOWN, WITHOUT_RESP, Role, State
from tests.txsmpp.pairs import BINDS, bare, frames_of, resp_of
from tests.txsmpp.test_states import MAY_SEND

MAX = 1000
UNKNOWN = (0x00, 0x0A, 0x16, 0x00010200, 0x7FFFFFFF)
UNKNOWN_RESPS = (0x8000000A, 0x80010200, 0xFFFFFFFF)
REACHED = [state for state in State if state is not State.OUTBOUND]


def taken(session: Session) -> bytes:
    """What the session would have written, taken out."""
    return session.data_to_send()


def bound(role: Role, state: State) -> Session:
    """A session that was bound by a bind and its resp."""
    session = Session(role, MAX)
    bind = BINDS[state].command_id
    if role is Role.SMSC:
        [frame] = session.receive_data(bare(bind, 7))
        session.answer_bind(frame, 0, b"smsc\0")
    else:
        session.send_request(Request(bind, 0), bare(bind))
        [answer] = session.receive_data(resp_of(bind, 1))
        session.outstanding.answered(answer)
    taken(session)
    return session


def in_state(role: Role, state: State) -> Session:
    """A session that came to ``state`` as sessions do; with nothing in its outbox."""
    if state is State.OPEN:
        return Session(role, MAX)
    session = bound(role, state if state in BOUND else State.BOUND_TRX)
    if state in (State.UNBINDING, State.UNBOUND):
        session.receive_data(bare(CommandId.UNBIND, 9))
    if state is State.UNBOUND:
        session.unbound()
    elif state is State.CLOSED:
        session.close("for the test")
    taken(session)
    assert session.state is state
    return session


every_state = pytest.mark.parametrize("state", REACHED)
both_roles = pytest.mark.parametrize("role", Role)


@both_roles
@every_state
@pytest.mark.parametrize("command", [c for c in CommandId if c < RESPONSE_BIT])
def test_every_request_in_every_state(role: Role, state: State, command: CommandId) -> None:
    """Allowed: the owner's or answered ESME_ROK. Not allowed: 0x04 in its own resp."""
    session = in_state(role, state)
    octets = bare(command, 0xABCDEF)
    passed = session.receive_data(octets)
    answer = taken(session)
    if state in (State.UNBOUND, State.CLOSED):
        assert (passed, answer) == ([], b"")
    elif not MAY_SEND[role.peer, state, command]:
        refused = b"" if command in WITHOUT_RESP else resp_of(command, 0xABCDEF, 0x04)
        assert (passed, answer) == ([], refused)
    elif command == CommandId.UNBIND and state is State.UNBINDING:
        assert (passed, answer) == ([], resp_of(command, 0xABCDEF, 0x04)), "one is open already"
    elif command == CommandId.UNBIND:
        assert (passed, answer) == ([], b"")
        session.unbound()
        assert taken(session) == resp_of(command, 0xABCDEF)
    elif command == CommandId.ENQUIRE_LINK:
        assert (passed, answer) == ([], resp_of(command, 0xABCDEF))
    else:
        assert (passed, answer) == ([Frame.of(octets)], b"")


@both_roles
@every_state
@pytest.mark.parametrize("status", [0, 8])
@pytest.mark.parametrize("command", [*(c for c in CommandId if c >= RESPONSE_BIT), *UNKNOWN_RESPS])
def test_no_resp_is_ever_answered(role: Role, state: State, command: int, status: int) -> None:
    """Nor does one that answers nothing change the state; where not allowed it is dropped."""
    session = in_state(role, state)
    passed = session.receive_data(bare(command, 1, status))
    assert taken(session) == b""
    assert session.state is state
    may = command in KNOWN and MAY_SEND[role.peer, state, CommandId(command)]
    if not may or command != CommandId.ENQUIRE_LINK_RESP:
        assert passed == ([Frame.of(bare(command, 1, status))] if may else [])


@both_roles
@pytest.mark.parametrize("state", [State.OPEN, *sorted(BOUND, key=lambda state: state.name)])
@pytest.mark.parametrize("command", UNKNOWN)
def test_an_unknown_command_gets_a_generic_nack(role: Role, state: State, command: int) -> None:
    """0x03, and the session goes on; SMPP v5.0 §2.8.2."""
    session = in_state(role, state)
    assert session.receive_data(bare(command, 5) + bare(CommandId.ENQUIRE_LINK, 6)) == []
    nack, alive = frames_of(taken(session))
    assert nack[:3] == (CommandId.GENERIC_NACK, 0x03, 5)
    assert alive[:3] == (CommandId.ENQUIRE_LINK_RESP, 0, 6)
    assert session.close_reason is None


@both_roles
@pytest.mark.parametrize("state", [State.OPEN, State.BOUND_TRX])
@pytest.mark.parametrize("length", [0, 15, MAX + 1, 2**31 - 1, 2**32 - 1])
def test_a_bad_length_is_told_and_ends_the_session(role: Role, state: State, length: int) -> None:
    """One generic_nack 0x02 under the PDU's number; nothing after it is looked at."""
    session = in_state(role, state)
    bad = length.to_bytes(4, "big") + bare(CommandId.SUBMIT_SM, 8)[4:]
    assert session.receive_data(bare(CommandId.ENQUIRE_LINK, 7) + bad) == []
    alive, nack = frames_of(taken(session))
    assert alive[:3] == (CommandId.ENQUIRE_LINK_RESP, 0, 7)
    assert nack[:3] == (CommandId.GENERIC_NACK, 0x02, 8)
    assert session.close_reason is not None
    assert str(length) in session.close_reason
    assert session.receive_data(bare(CommandId.ENQUIRE_LINK) + bad) == []
    assert taken(session) == b""


@both_roles
def test_after_a_bad_length_no_messages_flow(role: Role) -> None:
    """The session may be asked before its connection is gone; it is not bound any more."""
    session = in_state(role, State.BOUND_TRX)
    session.receive_data(bytes(16))
    assert not session.is_bound
    assert not session.submits
    assert not session.receives


def test_pdus_in_front_of_a_bad_length_are_the_owners_still() -> None:
    """They were whole and allowed."""
    session = in_state(Role.SMSC, State.BOUND_TRX)
    submit = bare(CommandId.SUBMIT_SM, 3)
    assert session.receive_data(submit + bytes(4)) == [Frame.of(submit)]


@both_roles
def test_an_unbind_is_answered_and_ends_the_session(role: Role) -> None:
    """What stands before it passes, what comes after it is refused; its answer comes last."""
    session = in_state(role, State.BOUND_TRX)
    command = CommandId.SUBMIT_SM if role is Role.SMSC else CommandId.DELIVER_SM
    before, after = bare(command, 1), bare(command, 3)
    passed = session.receive_data(before + bare(CommandId.UNBIND, 2) + after)
    assert passed == [Frame.of(before)]
    assert taken(session) == resp_of(command, 3, 0x04)
    assert (session.state, session.unbinding) == (State.UNBINDING, True)
    session.outbox.append(resp_of(command, 1))
    session.unbound()
    assert taken(session) == resp_of(command, 1) + resp_of(CommandId.UNBIND, 2)
    assert session.state is State.UNBOUND
    assert session.close_reason == "unbound by the peer"
    assert session.receive_data(after + bare(CommandId.ENQUIRE_LINK) + bare(0x0A)) == []
    assert taken(session) == b""


@both_roles
@pytest.mark.parametrize("answered_by", [CommandId.UNBIND_RESP, CommandId.GENERIC_NACK])
def test_behind_an_unbind_of_ours_requests_pass_until_it_is_answered(
    role: Role, answered_by: CommandId
) -> None:
    """And answers pass until the end."""
    session = in_state(role, State.BOUND_TRX)
    command = CommandId.SUBMIT_SM if role is Role.SMSC else CommandId.DELIVER_SM
    asked = CommandId.DELIVER_SM if role is Role.SMSC else CommandId.SUBMIT_SM
    session.send_request(Request(asked, 0), bare(asked))
    session.unbind()
    request, unbind = frames_of(taken(session))
    assert (session.unbinding, session.is_unbind_answered) == (True, False)
    assert session.receive_data(bare(command, 1)) == [Frame.of(bare(command, 1))]
    for frame in session.receive_data(bare(answered_by, unbind.sequence_number)):
        late = session.outstanding.answered_late(frame)
        assert late is not None
        late.answered_late(frame, 0)
    assert session.is_unbind_answered
    assert session.receive_data(bare(command, 2)) == []
    assert taken(session) == resp_of(command, 2, 0x04)
    answer = resp_of(asked, request.sequence_number)
    assert session.receive_data(answer) == [Frame.of(answer)]
    session.unbound()
    assert (session.state, session.close_reason) == (State.UNBOUND, "unbound")
    assert taken(session) == b""


@both_roles
def test_unbinds_that_cross_are_both_answered(role: Role) -> None:
    """And the session ends for this end's reason."""
    session = in_state(role, State.BOUND_TRX)
    session.unbind_reason = "stopping"
    session.unbind()
    [unbind] = frames_of(taken(session))
    session.receive_data(bare(CommandId.UNBIND, 7))
    session.receive_data(resp_of(CommandId.UNBIND, unbind.sequence_number))
    assert len(session.outstanding) == 0
    session.unbound()
    assert taken(session) == resp_of(CommandId.UNBIND, 7)
    assert session.close_reason == "stopping"


@both_roles
def test_an_unbind_resp_never_asked_for_ends_nothing(role: Role) -> None:
    """It goes to the owner as a stray."""
    session = in_state(role, State.BOUND_TRX)
    session.receive_data(resp_of(CommandId.UNBIND, 1))
    assert session.state is State.BOUND_TRX
    assert session.close_reason is None


@pytest.mark.parametrize("state", BINDS)
def test_a_bind_is_bound_by_its_answer(state: State) -> None:
    """Not before it, and only by ESME_ROK."""
    session = Session(Role.SMSC)
    bind = bare(BINDS[state].command_id, 4)
    [frame] = session.receive_data(bind)
    assert session.state is State.OPEN
    session.answer_bind(frame, 0x0E)
    assert session.state is State.OPEN
    [again] = session.receive_data(bind)
    session.answer_bind(again, 0, b"smsc\0")
    assert session.state is state
    refused, accepted = frames_of(taken(session))
    assert refused.octets == resp_of(BINDS[state].command_id, 4, 0x0E)
    assert accepted.octets[16:] == b"smsc\0"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("status", "passed", "answered"),
    [(0, [CommandId.SUBMIT_SM], []), (0x0D, [], [(CommandId.SUBMIT_SM_RESP, 4)])],
)
def test_what_stands_behind_a_bind_waits_for_its_answer(
    together: bool, status: int, passed: list[int], answered: list[tuple[int, int]]
) -> None:
    """In the same read or in later ones; an enquire_link need not wait."""
    session = Session(Role.SMSC, 70_000)
    # Accepted, it may be longer than a PDU in front of a bind.
    long = bare(CommandId.SUBMIT_SM, 2) + b"x" * (50 if status else 2000)
    long = len(long).to_bytes(4, "big") + long[4:]
    pieces = [bare(CommandId.BIND_TRANSCEIVER, 1), long, bare(CommandId.ENQUIRE_LINK, 3)]
    frames = []
    for piece in [b"".join(pieces)] if together else pieces:
        frames += session.receive_data(piece)
    [bind] = frames
    assert taken(session) == resp_of(CommandId.ENQUIRE_LINK, 3)
    session.answer_bind(bind, status)
    assert [frame.command_id for frame in session.receive_data(b"")] == passed
    told = [frame[:2] for frame in frames_of(taken(session))]
    assert told == [(CommandId.BIND_TRANSCEIVER_RESP, status), *answered]


def test_an_unbind_behind_a_bind_is_judged_after_it() -> None:
    session = Session(Role.SMSC)
    [bind] = session.receive_data(bare(CommandId.BIND_TRANSCEIVER, 1) + bare(CommandId.UNBIND, 2))
    session.answer_bind(bind, 0)
    assert session.receive_data(b"") == []
    assert session.unbinding
    session.unbound()
    bound_resp, unbound_resp = frames_of(taken(session))
    assert bound_resp[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0, 1)
    assert unbound_resp[:3] == (CommandId.UNBIND_RESP, 0, 2)


def test_requests_that_overtake_the_bind_resp_are_held() -> None:
    """As many as one read brings; beyond that they are refused, and the SMSC sends them again."""
    session = Session(Role.ESME, 70_000)
    session.send_request(Request(CommandId.BIND_TRANSCEIVER, 0), bare(CommandId.BIND_TRANSCEIVER))
    [bind] = frames_of(taken(session))
    early = [bare(CommandId.DELIVER_SM, number) for number in range(1, 6)]
    assert session.receive_data(b"".join(early)) == []
    assert taken(session) == b""
    passed = session.receive_data(
        resp_of(CommandId.BIND_TRANSCEIVER, bind.sequence_number) + bare(CommandId.DELIVER_SM, 6)
    )
    assert [frame.sequence_number for frame in passed] == [1, *range(1, 6), 6]
    assert taken(session) == b""


def test_requests_that_overtake_the_bind_resp_are_held_within_a_bound() -> None:
    session = Session(Role.ESME, 70_000)
    session.send_request(Request(CommandId.BIND_TRANSCEIVER, 0), bare(CommandId.BIND_TRANSCEIVER))
    taken(session)
    assert session.receive_data(b"".join(bare(CommandId.DELIVER_SM, 1) for _ in range(5000))) == []
    assert len(frames_of(taken(session))) == 5000 - 65536 // 16


@pytest.mark.parametrize("second", BINDS.values())
def test_a_second_bind_while_the_first_is_pending_is_refused(second: type) -> None:
    """With 0x04: Kannel takes 0x05 for success. The first gets its answer all the same."""
    session = Session(Role.SMSC)
    [first] = session.receive_data(bare(CommandId.BIND_TRANSCEIVER, 1))
    assert session.receive_data(bare(second.command_id, 2)) == []  # type: ignore[attr-defined]
    session.answer_bind(first, 0)
    statuses = {frame.sequence_number: frame.command_status for frame in frames_of(taken(session))}
    assert statuses == {1: 0, 2: 4}
    assert session.state is State.BOUND_TRX


def test_a_bind_is_answered_once() -> None:
    """The second answer is the owner's mistake, and is not sent."""
    session = Session(Role.SMSC)
    [bind] = session.receive_data(bare(CommandId.BIND_RECEIVER, 1))
    session.answer_bind(bind, 0)
    taken(session)
    with pytest.raises(StateError):
        session.answer_bind(bind, 0)
    assert taken(session) == b""


@pytest.mark.parametrize("end", [b"", bytes(16)])
def test_a_bind_answered_after_the_end_binds_nothing(end: bytes) -> None:
    """Whoever looked the account up took longer than the session lasted."""
    session = Session(Role.SMSC)
    [bind] = session.receive_data(bare(CommandId.BIND_RECEIVER, 1))
    session.receive_data(end)
    session.close("connection lost")
    taken(session)
    with pytest.raises(StateError):
        session.answer_bind(bind, 0)
    assert not session.is_bound
    assert session.state is State.CLOSED
    assert taken(session) == b""


@pytest.mark.parametrize("command", [bind | RESPONSE_BIT for bind in BOUND_BY])
def test_a_bind_resp_never_asked_for_binds_nothing(command: int) -> None:
    """Neither without any bind, nor with one of another kind under that number."""
    session = Session(Role.ESME)
    session.receive_data(bare(command, 1))
    assert session.state is State.OPEN
    other = next(bind for bind in BOUND_BY if bind | RESPONSE_BIT != command)
    session.send_request(Request(other, 0), bare(other))
    session.receive_data(bare(command, 1))
    session.receive_data(bare(command, 2))
    assert session.state is State.OPEN
    assert not session.is_bound


@pytest.mark.parametrize("bind", BOUND_BY)
def test_a_bind_of_ours_is_bound_by_its_answer(bind: int) -> None:
    """Only by ESME_ROK; a refusal and a generic_nack reach the owner and leave it open."""
    for answer, state in (
        (resp_of(bind, 1, 0x0D), State.OPEN),
        (bare(CommandId.GENERIC_NACK, 1, 0x03), State.OPEN),
        (bare(CommandId.GENERIC_NACK, 1, 0), State.OPEN),
        (resp_of(bind, 1), BOUND_BY[bind]),
    ):
        session = Session(Role.ESME)
        session.send_request(Request(bind, 0), bare(bind))
        assert session.receive_data(answer) == [Frame.of(answer)]
        assert session.state is state


def test_messages_right_behind_the_bind_resp_pass() -> None:
    """In one read: an SMSC that has messages waiting need not wait itself."""
    session = Session(Role.ESME)
    bind = CommandId.BIND_RECEIVER
    session.send_request(Request(bind, 0), bare(bind))
    octets = resp_of(bind, 1) + bare(CommandId.DELIVER_SM, 1)
    assert [frame.command_id for frame in session.receive_data(octets)] == [
        CommandId.BIND_RECEIVER_RESP,
        CommandId.DELIVER_SM,
    ]


def test_an_outbind_leads_to_outbound() -> None:
    """SMPP v5.0 §2.3.2: an ESME that was outbound to may bind, and can tell that it was."""
    session = Session(Role.ESME)
    outbind = bare(CommandId.OUTBIND, 1)
    assert session.receive_data(outbind) == [Frame.of(outbind)]
    assert session.state is State.OUTBOUND
    session.send_request(Request(CommandId.BIND_RECEIVER, 0), bare(CommandId.BIND_RECEIVER))
    session.receive_data(resp_of(CommandId.BIND_RECEIVER, 1))
    assert session.receives


def test_an_outbind_of_our_own_leads_there_too_and_a_bind_may_follow() -> None:
    """SMPP v3.4 §2.2.1; a message may not."""
    session = Session(Role.SMSC)
    session.outbind(bare(CommandId.OUTBIND, 99))
    assert session.data_to_send() == bare(CommandId.OUTBIND, 1)
    assert session.state is State.OUTBOUND
    assert session.receive_data(bare(CommandId.SUBMIT_SM, 5)) == []
    assert session.data_to_send() == resp_of(CommandId.SUBMIT_SM, 5, CommandStatus.ESME_RINVBNDSTS)
    (bind,) = session.receive_data(bare(CommandId.BIND_RECEIVER, 6))
    session.answer_bind(bind, CommandStatus.ESME_ROK)
    assert session.receives


@pytest.mark.parametrize(
    ("role", "state"),
    [
        (Role.ESME, State.OPEN),
        *((Role.SMSC, state) for state in State if state is not State.OPEN),
    ],
)
def test_an_outbind_comes_from_an_smsc_and_comes_first(role: Role, state: State) -> None:
    session = Session(role)
    session._enter(state)
    with pytest.raises(StateError):
        session.outbind(bare(CommandId.OUTBIND))
    assert session.data_to_send() == b""


@pytest.mark.parametrize(
    ("state", "submits", "receives"),
    [
        (State.OPEN, False, False),
        (State.BOUND_TX, True, False),
        (State.BOUND_RX, False, True),
        (State.BOUND_TRX, True, True),
        (State.UNBOUND, False, False),
        (State.CLOSED, False, False),
    ],
)
@both_roles
def test_what_a_session_is_for(role: Role, state: State, submits: bool, receives: bool) -> None:
    """Said from the ESME's side, at either end."""
    session = in_state(role, state)
    assert (session.submits, session.receives) == (submits, receives)
    assert session.is_bound is (submits or receives)


def test_requests_bear_numbers_of_this_end() -> None:
    """Whatever number stood in the octets; the rest of them stays."""
    session = bound(Role.ESME, State.BOUND_TX)
    octets = bare(CommandId.SUBMIT_SM, 77)[:4] + bytes(12)
    session.send_request(Request(CommandId.SUBMIT_SM, 0), octets)
    session.send_request(Request(CommandId.SUBMIT_SM, 0), octets)
    first, second = frames_of(taken(session))
    assert (first.sequence_number, second.sequence_number) == (2, 3)
    assert first.octets[:12] == octets[:12]
    assert len(session.outstanding) == 2


def test_the_first_reason_to_close_is_the_one_told() -> None:
    """What follows is its consequence."""
    session = Session(Role.SMSC)
    session.close("no bind in time")
    session.close("connection lost")
    assert session.close_reason == "no bind in time"


@pytest.mark.parametrize("command", [CommandId.ENQUIRE_LINK, CommandId.SUBMIT_SM, 0x0A])
def test_the_peers_own_accord_is_told(command: int) -> None:
    """An answer to our enquire_link is not of its own accord; anything it asks is."""
    session = bound(Role.SMSC, State.BOUND_RX)
    session.peer_spoke = False
    session.receive_data(resp_of(CommandId.ENQUIRE_LINK, 1))
    assert not session.peer_spoke
    passed = session.receive_data(bare(command))
    assert passed or session.peer_spoke


def test_a_late_enquire_link_resp_frees_its_number() -> None:
    """Else each one holds a number until the session ends."""
    session = bound(Role.SMSC, State.BOUND_RX)
    session.enquire()
    [asked] = frames_of(taken(session))
    session.outstanding.expire(0)
    answer = Frame.of(resp_of(CommandId.ENQUIRE_LINK, asked.sequence_number))
    # The session sees to it, or gives it to the owner to look up.
    for frame in session.receive_data(answer.octets):
        session.outstanding.answered_late(frame)
    assert session.outstanding.answered_late(answer) is None


@both_roles
@pytest.mark.parametrize("heard", [bare(CommandId.ENQUIRE_LINK, 1), b"\0", None])
def test_an_enquire_link_takes_no_place_and_is_forgotten_when_the_peer_is_heard(
    role: Role, heard: bytes | None
) -> None:
    """Also where its answer never comes; one that comes then is nothing new."""
    session = bound(role, State.BOUND_TRX)
    session.enquire()
    [asked] = frames_of(taken(session))
    assert len(session.outstanding) == 0
    session.enquire()
    assert taken(session) == b"", "one at a time"
    answer = resp_of(CommandId.ENQUIRE_LINK, asked.sequence_number)
    session.receive_data(heard or answer)
    assert session.outstanding._late == {}
    session.enquire()
    [again] = frames_of(taken(session))[-1:]
    assert again.command_id == CommandId.ENQUIRE_LINK


def test_a_generic_nack_to_an_enquire_link_is_its_answer() -> None:
    """And the owner is told the status, as with an enquire_link_resp."""
    session = bound(Role.ESME, State.BOUND_TRX)
    session.enquire()
    [asked] = frames_of(taken(session))
    number = asked.sequence_number
    [told] = session.receive_data(bare(CommandId.GENERIC_NACK, number, 4))
    assert told[:3] == (CommandId.ENQUIRE_LINK_RESP, 4, number)


def test_a_session_shows_itself_without_secrets() -> None:
    """Role, state, and how much is outstanding."""
    session = bound(Role.SMSC, State.BOUND_RX)
    assert repr(session) == "<Session SMSC BOUND_RX outstanding=0>"


# Whatever arrives

commands = st.one_of(
    st.sampled_from(CommandId), st.sampled_from(UNKNOWN + UNKNOWN_RESPS), st.integers(0, 2**32 - 1)
)
peer_pdus = st.builds(bare, commands, st.integers(0, 4), st.sampled_from([0, 4, 0xFFFFFFFF]))
actions = st.one_of(
    peer_pdus,
    st.sampled_from(["accept", "refuse", "bind", "submit", "unbind", "unbound", "close"]),
    st.binary(max_size=5),
)


class Owner:
    """Owns a session, and checks what must hold after each step."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pending: list[Frame] = []
        self.answered: Counter[int] = Counter()

    def act(self, action: str | bytes) -> None:
        ended = self.session.state in (State.UNBOUND, State.CLOSED)
        if isinstance(action, bytes):
            frames = self.session.receive_data(action)
            self.pending += [frame for frame in frames if frame.command_id in BOUND_BY]
            if ended:
                assert {frame.command_id for frame in frames} <= {CommandId.UNBIND_RESP}
        elif action == "close":
            self.session.close("for the test")
        elif action == "unbind":
            if self.session.is_bound and not self.session.unbinding:
                self.session.unbind()
        elif action == "unbound":
            if self.session.unbinding:
                self.session.unbound()
        elif action in ("accept", "refuse"):
            if self.pending and not ended:
                self.session.answer_bind(self.pending.pop(0), 0 if action == "accept" else 0x0D)
        else:
            self.send(action)
        assert len(self.pending) <= 1, "one bind at a time"

    def send(self, action: str) -> None:
        command = {
            "bind": CommandId.BIND_TRANSCEIVER,
            "submit": CommandId.SUBMIT_SM,
        }[action]
        self.session.send_request(Request(command, 0), bare(command))


@both_roles
@every_state
@given(chunks=st.lists(st.binary(max_size=60), max_size=8))
def test_arbitrary_octets_raise_nothing(role: Role, state: State, chunks: list[bytes]) -> None:
    """And what is answered is whole PDUs, none of them longer than a header."""
    session = in_state(role, state)
    for chunk in chunks:
        session.receive_data(chunk)
    assert all(frame.is_response for frame in frames_of(taken(session)))


@both_roles
@every_state
@given(steps=st.lists(actions, max_size=25))
def test_arbitrary_pdus_raise_nothing_and_are_answered_once(
    role: Role, state: State, steps: list[str | bytes]
) -> None:
    """In any order, with whatever the owner does in between."""
    session = in_state(role, state)
    owner = Owner(session)
    for step in steps:
        owner.act(step)
    asked = Counter(
        (int.from_bytes(step[4:8], "big"), int.from_bytes(step[12:16], "big"))
        for step in steps
        if isinstance(step, bytes) and len(step) >= 16 and step[4] < 0x80
    )
    if state is State.UNBINDING:
        asked[CommandId.UNBIND, 9] += 1
    answers = [frame for frame in frames_of(taken(session)) if frame.is_response]
    given_answers = Counter(
        (frame.command_id & ~RESPONSE_BIT, frame.sequence_number)
        for frame in answers
        if frame.command_id != CommandId.GENERIC_NACK
    )
    assert given_answers <= asked


@both_roles
@every_state
@given(pdus=st.lists(peer_pdus, max_size=12), data=st.data())
def test_reads_do_not_matter(
    role: Role, state: State, pdus: list[bytes], data: st.DataObject
) -> None:
    """All in one read or in many: the same frames, the same answers, the same end."""
    stream = b"".join(pdus)
    whole, split = in_state(role, state), in_state(role, state)
    cut = data.draw(st.integers(0, len(stream)))
    together = whole.receive_data(stream)
    apart = split.receive_data(stream[:cut]) + split.receive_data(stream[cut:])
    assert together == apart
    assert taken(whole) == taken(split)
    assert (whole.state, whole.close_reason) == (split.state, split.close_reason)
