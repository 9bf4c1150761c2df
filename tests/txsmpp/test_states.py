"""The state table against the specification's, typed out once more."""

from __future__ import annotations

import pytest

from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.states import (
    BOUND,
    BOUND_BY,
    KNOWN,
    SESSION_COMMANDS,
    WITHOUT_RESP,
    Role,
    State,
    allowed,
)

# SMPP v5.0 §2.4, table 2-1, "Operation Matrix", which contains table 2-1 of v3.4 §2.3: who may
# issue what in which state, E for the ESME and M for the message center.
MATRIX = """
PDU                       OPEN OUTBOUND BOUND_TX BOUND_RX BOUND_TRX UNBOUND
alert_notification        -    -        -        M        M         -
bind_receiver             E    E        -        -        -         -
bind_receiver_resp        M    M        -        -        -         -
bind_transceiver          E    E        -        -        -         -
bind_transceiver_resp     M    M        -        -        -         -
bind_transmitter          E    E        -        -        -         -
bind_transmitter_resp     M    M        -        -        -         -
broadcast_sm              -    -        E        -        E         -
broadcast_sm_resp         -    -        M        -        M         -
cancel_broadcast_sm       -    -        E        -        E         -
cancel_broadcast_sm_resp  -    -        M        -        M         -
cancel_sm                 -    -        E        -        E         -
cancel_sm_resp            -    -        M        -        M         -
data_sm                   -    -        E        M        EM        -
data_sm_resp              -    -        M        E        EM        -
deliver_sm                -    -        -        M        M         -
deliver_sm_resp           -    -        -        E        E         -
enquire_link              EM   EM       EM       EM       EM        EM
enquire_link_resp         EM   EM       EM       EM       EM        EM
generic_nack              EM   EM       EM       EM       EM        EM
outbind                   M    -        -        -        -         -
query_broadcast_sm        -    -        E        -        E         -
query_broadcast_sm_resp   -    -        M        -        M         -
query_sm                  -    -        E        -        E         -
query_sm_resp             -    -        M        -        M         -
replace_sm                -    -        E        -        E         -
replace_sm_resp           -    -        M        -        M         -
submit_multi              -    -        E        -        E         -
submit_multi_resp         -    -        M        -        M         -
submit_sm                 -    -        E        -        E         -
submit_sm_resp            -    -        M        -        M         -
unbind                    -    -        EM       EM       EM        -
unbind_resp               -    -        EM       EM       EM        -
"""

# What this implementation does otherwise, on purpose: once unbound nothing passes any more but
# the unbind_resp that may still be on its way.
UNBOUND_ALLOWS = {CommandId.UNBIND_RESP}


def read_matrix() -> dict[tuple[Role, State, CommandId], bool]:
    """(who, in which state, issues what) → may it?"""
    head, *rows = (line.split() for line in MATRIX.strip().splitlines())
    cells = {
        (role, State[state], CommandId[name.upper()]): letter in cell
        for name, *row in rows
        for state, cell in zip(head[1:], row, strict=True)
        for role, letter in ((Role.ESME, "E"), (Role.SMSC, "M"))
    }
    for role, state, command in cells:
        if state is State.UNBOUND:
            cells[role, state, command] = command in UNBOUND_ALLOWS
    closed = {(role, State.CLOSED, command): False for role in Role for command in CommandId}

    cells |= {
        (role, State.UNBINDING, command): _is_allowed_unbinding(cells, role, command)
        for role in Role
        for command in CommandId
    }
    return cells | closed


def _is_allowed_unbinding(
    cells: dict[tuple[Role, State, CommandId], bool], role: Role, command: CommandId
) -> bool:
    """Answers to what is open, the unbind that crosses another, and signs of life."""
    if command in (CommandId.ENQUIRE_LINK, CommandId.UNBIND):
        return True
    return command >= RESPONSE_BIT and any(cells[role, state, command] for state in BOUND)


MAY_SEND = read_matrix()


def test_the_matrix_has_every_command() -> None:
    """Else the tests below would leave something out."""
    assert len(MAY_SEND) == len(Role) * len(State) * len(CommandId)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_the_table_is_the_specifications(role: Role, state: State) -> None:
    """Every command, in each state, from either end."""
    expected = {command for command in CommandId if MAY_SEND[role, state, command]}
    assert {CommandId(command) for command in allowed(role, state)} == expected


def test_every_command_is_known_and_nothing_else() -> None:
    """Unknown is what no version of the specification has."""
    assert set(CommandId) == KNOWN
    for unknown in (0, 0x0A, 0x14, 0x16, 0x104, 0x00010200, 0x8000000B, 0xFFFFFFFF):
        assert unknown not in KNOWN
        assert not any(unknown in allowed(role, state) for role in Role for state in State)


def test_every_resp_is_of_a_request_that_has_one() -> None:
    """outbind and alert_notification have none, SMPP v5.0 §4.1.1.7 and §4.1.3."""
    requests = {command for command in CommandId if command < RESPONSE_BIT}
    resps = {command & ~RESPONSE_BIT for command in CommandId if command > RESPONSE_BIT}
    assert requests - resps == WITHOUT_RESP == {CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_what_one_end_may_ask_the_other_may_answer(role: Role, state: State) -> None:
    """In the same state, for every request that has a resp."""
    for command in allowed(role, state):
        if command < RESPONSE_BIT and command not in WITHOUT_RESP:
            assert command | RESPONSE_BIT in allowed(role.peer, state)


def test_each_bind_leads_to_its_state() -> None:
    """Transmitter, receiver, transceiver; SMPP v5.0 §2.3."""
    assert BOUND_BY == {
        CommandId.BIND_TRANSMITTER: State.BOUND_TX,
        CommandId.BIND_RECEIVER: State.BOUND_RX,
        CommandId.BIND_TRANSCEIVER: State.BOUND_TRX,
    }
    assert frozenset(BOUND_BY.values()) == BOUND


def test_a_role_has_a_peer() -> None:
    """The other one, both ways."""
    assert Role.ESME.peer is Role.SMSC
    assert Role.SMSC.peer is Role.ESME


def test_what_the_session_sees_to_is_session_management() -> None:
    """All that changes a session's state, and no message: those pass the short way."""
    names = {CommandId(command).name.removesuffix("_RESP") for command in SESSION_COMMANDS}
    binds = {"BIND_TRANSMITTER", "BIND_RECEIVER", "BIND_TRANSCEIVER"}
    assert binds | {"UNBIND", "ENQUIRE_LINK"} <= names
    assert names <= binds | {"UNBIND", "ENQUIRE_LINK", "OUTBIND"}
