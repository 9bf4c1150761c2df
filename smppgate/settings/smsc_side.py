"""The tables ``[[smsc]]`` and ``[[pool]]``."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Seconds, Several, Whole
from smppgate.settings.endpoints import client_fault
from smppgate.settings.errors import Problem
from smppgate.settings.relations import reconnect_problems
from smppgate.settings.tables import COUNT, PASSWORD, SYSTEM_ID, Table, told
from smppgate.settings.texts import Choice, Endpoint, Name, Octets, Reference

# One octet on the wire, and vendors have their own values: SMPP v3.4 §5.2.5, §5.2.6.
_OCTET = Whole(0, 255)


@attrs.frozen
class SmscSettings(Table):
    """``[[smsc]]``: one message center, and how the gate binds to it."""

    name: str = attrs.field(
        metadata=told(Name(), "What pools and logs call it; no two SMSCs share one."),
    )
    endpoint: str = attrs.field(
        metadata=told(
            Endpoint("client", client_fault), "Where the gate connects to.", reloadable=False
        ),
    )
    system_id: str = attrs.field(
        metadata=told(SYSTEM_ID, "The name the gate binds with.", reloadable=False)
    )
    password: str = attrs.field(
        repr=False,
        metadata=told(
            PASSWORD,
            "The password the gate binds with. SMPP itself ends at 8 octets.",
            reloadable=False,
        ),
    )
    system_type: str = attrs.field(
        default="",
        metadata=told(
            Octets(0, 12), "The system_type to bind with, if one is asked for.", reloadable=False
        ),
    )
    bind: str = attrs.field(
        default="transceiver",
        metadata=told(
            Choice(("transceiver", "transmitter+receiver")),
            "One session for both directions, or a pair with one for each.",
            reloadable=False,
        ),
    )
    sessions: int = attrs.field(
        default=1,
        metadata=told(
            Whole(1, 1000),
            "How many sessions, or pairs of them, are bound in parallel.",
            "sessions",
            reloadable=False,
        ),
    )
    interface_version: str = attrs.field(
        default="3.4",
        metadata=told(
            Choice(("3.3", "3.4", "5.0")),
            "The version of SMPP to speak. In quotes.",
            reloadable=False,
        ),
    )
    addr_ton: int = attrs.field(
        default=0,
        metadata=told(
            _OCTET, "Type of number of address_range, in the bind.", "TON", reloadable=False
        ),
    )
    addr_npi: int = attrs.field(
        default=0,
        metadata=told(
            _OCTET, "Numbering plan of address_range, in the bind.", "NPI", reloadable=False
        ),
    )
    address_range: str = attrs.field(
        default="",
        metadata=told(
            Octets(0, 40),
            "The addresses to ask for in the bind. Most SMSCs want it empty.",
            reloadable=False,
        ),
    )
    window: int = attrs.field(
        default=100,
        metadata=told(COUNT, "Unanswered requests to the SMSC allowed per session.", "requests"),
    )
    weight: int = attrs.field(
        default=1,
        metadata=told(
            Whole(1, 256), "Its share of a pool's messages, against the other members' weights."
        ),
    )
    enquire_link: float = attrs.field(
        default=30.0,
        metadata=told(
            Seconds(zero=True),
            "A session idle for this long is asked with enquire_link; 0 never asks.",
            "seconds",
        ),
    )
    reconnect_min: float = attrs.field(
        default=1.0,
        metadata=told(
            Seconds(),
            "The first wait before a lost link is tried again; later ones grow.",
            "seconds",
        ),
    )
    reconnect_max: float = attrs.field(
        default=60.0,
        metadata=told(
            Seconds(), "The longest wait, and the wait after a refused bind.", "seconds"
        ),
    )

    def _relations(self) -> Iterator[Problem]:
        return reconnect_problems(self.reconnect_min, self.reconnect_max)


@attrs.frozen
class PoolSettings(Table):
    """``[[pool]]``: SMSCs that share messages."""

    name: str = attrs.field(
        metadata=told(Name(), "What accounts call it; no two pools share one.")
    )
    members: tuple[str, ...] = attrs.field(
        metadata=told(Several(Reference("smsc"), 1), "The SMSCs in it.")
    )
    balance: str = attrs.field(
        default="least_outstanding",
        metadata=told(
            Choice(("least_outstanding", "round_robin")),
            "Who gets the next message: the member with the fewest unanswered requests for its "
            "weight, or each in turn as often as its weight says.",
        ),
    )
