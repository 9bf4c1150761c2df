"""The session state machine: one table, role × state × command.

Source: SMPP v3.4 §2.2 and table 2-1, SMPP v5.0 §2.3 and §2.4. Two departures:

- UNBINDING is between the unbind and the end of the session. New requests are refused in it, but
  the answers to those that are open pass, whichever end sent the unbind.
- Once unbound, a session passes nothing but the unbind_resp that may still be on its way, and does
  not bind again.
"""

from __future__ import annotations

from enum import Enum

from smppgate.txsmpp.constants import RESPONSE_BIT, numbers
from smppgate.txsmpp.constants import CommandId as C


class Role(Enum):
    """Which end of a session something is."""

    ESME = "ESME"
    SMSC = "SMSC"

    @property
    def peer(self) -> Role:
        """The other end."""
        return Role.SMSC if self is Role.ESME else Role.ESME


class State(Enum):
    """A session's state, SMPP v3.4 §2.2; OUTBOUND and UNBOUND are v5.0's, §2.3.

    UNBINDING is this implementation's own.
    """

    OPEN = "OPEN"
    OUTBOUND = "OUTBOUND"
    BOUND_TX = "BOUND_TX"
    BOUND_RX = "BOUND_RX"
    BOUND_TRX = "BOUND_TRX"
    UNBINDING = "UNBINDING"
    UNBOUND = "UNBOUND"
    CLOSED = "CLOSED"


_NONE: frozenset[State] = frozenset()
_OPEN = frozenset({State.OPEN})
_NOT_BOUND = frozenset({State.OPEN, State.OUTBOUND})
SENDING = frozenset({State.BOUND_TX, State.BOUND_TRX})
"""The states in which the ESME end sends messages."""
RECEIVING = frozenset({State.BOUND_RX, State.BOUND_TRX})
"""The states in which it receives messages."""
BOUND = SENDING | RECEIVING
"""The states in which messages flow."""
_UNBINDABLE = BOUND | {State.UNBINDING}
_CONNECTED = _UNBINDABLE | _NOT_BOUND
_ENDING = _UNBINDABLE | {State.UNBOUND}

# Request: the states in which an ESME may send it, and those in which an SMSC may. Its resp is
# allowed to the other end in the same states, but for those told in _RESPONSES.
_REQUESTS: dict[int, tuple[frozenset[State], frozenset[State]]] = {
    C.BIND_TRANSMITTER: (_NOT_BOUND, _NONE),
    C.BIND_RECEIVER: (_NOT_BOUND, _NONE),
    C.BIND_TRANSCEIVER: (_NOT_BOUND, _NONE),
    C.OUTBIND: (_NONE, _OPEN),
    # The unbinds of both ends may cross.
    C.UNBIND: (_UNBINDABLE, _UNBINDABLE),
    C.ENQUIRE_LINK: (_CONNECTED, _CONNECTED),
    C.SUBMIT_SM: (SENDING, _NONE),
    C.SUBMIT_MULTI: (SENDING, _NONE),
    C.DATA_SM: (SENDING, RECEIVING),
    C.DELIVER_SM: (_NONE, RECEIVING),
    C.QUERY_SM: (SENDING, _NONE),
    C.CANCEL_SM: (SENDING, _NONE),
    C.REPLACE_SM: (SENDING, _NONE),
    C.ALERT_NOTIFICATION: (_NONE, RECEIVING),
    C.BROADCAST_SM: (SENDING, _NONE),
    C.QUERY_BROADCAST_SM: (SENDING, _NONE),
    C.CANCEL_BROADCAST_SM: (SENDING, _NONE),
}

WITHOUT_RESP = numbers(C.OUTBIND, C.ALERT_NOTIFICATION)
"""Requests that are never answered, SMPP v3.4 §4.1.7 and §4.12."""

# An unbind_resp may still come when the state has moved on; a generic_nack comes at any time.
_RESPONSES: dict[int, tuple[frozenset[State], frozenset[State]]] = {
    C.UNBIND_RESP: (_ENDING, _ENDING),
    C.GENERIC_NACK: (_CONNECTED, _CONNECTED),
}

BOUND_BY: dict[int, State] = {
    int(C.BIND_TRANSMITTER): State.BOUND_TX,
    int(C.BIND_RECEIVER): State.BOUND_RX,
    int(C.BIND_TRANSCEIVER): State.BOUND_TRX,
}
"""The state that a bind leads to once it is answered with ESME_ROK."""

# What the session sees to itself before its owner, if the owner gets it at all.
SESSION_COMMANDS = numbers(
    *BOUND_BY,
    *(bind | RESPONSE_BIT for bind in BOUND_BY),
    C.OUTBIND,
    C.UNBIND,
    C.UNBIND_RESP,
    C.ENQUIRE_LINK,
)


def _answerable(states: frozenset[State]) -> frozenset[State]:
    """The states in which a request may be answered that is sent in ``states``."""
    return states | {State.UNBINDING} if states & BOUND else states


def _by_both_ends() -> dict[int, tuple[frozenset[State], frozenset[State]]]:
    """Every command, requests and resps: (states for an ESME, states for an SMSC) to send it."""
    resps = {
        request | RESPONSE_BIT: (_answerable(by_smsc), _answerable(by_esme))
        for request, (by_esme, by_smsc) in _REQUESTS.items()
        if request not in WITHOUT_RESP
    }
    return {**_REQUESTS, **resps, **_RESPONSES}


_ALLOWED: dict[tuple[Role, State], frozenset[int]] = {
    (role, state): numbers(
        *(command for command, by in _by_both_ends().items() if state in by[role is Role.SMSC])
    )
    for role in Role
    for state in State
}

KNOWN = numbers(*_by_both_ends())
"""Every command_id of SMPP 3.3, 3.4 and 5.0."""


def allowed(role: Role, state: State) -> frozenset[int]:
    """The command_ids that the ``role`` end of a session may send in ``state``."""
    return _ALLOWED[role, state]
