"""`Seat`: what one process has of what the processes of a gate share out among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from attrs import field, frozen

from smppgate.gate.sessions.all_strangers import AllStrangers
from smppgate.gate.sessions.endpoints import server_endpoint
from smppgate.gate.sessions.listeners import MakeEndpoint


@frozen
class Seat:
    """The place of a process among those of one gate.

    :ivar number: of the process, counted from 0.
    :ivar count: of the processes.
    :ivar smscs: SMSC → the process, counted from 0, that has its first link; 0 for others.
    :ivar endpoint: makes the endpoints that ESMEs, and SMSCs with outbind, connect to.
    :ivar strangers: what all processes know of peers that are not bound; None where there is one.
    """

    number: int = 0
    count: int = 1
    smscs: Mapping[str, int] = field(factory=dict)
    endpoint: MakeEndpoint = server_endpoint
    strangers: AllStrangers | None = None

    @property
    def is_alone(self) -> bool:
        """Whether no other process has a part in this gate."""
        return self.count == 1

    def has_link(self, smsc: str, link: int) -> bool:
        """Whether link number ``link`` of that SMSC, counted from 1, belongs to this process."""
        return (self.smscs.get(smsc, 0) + link - 1) % self.count == self.number

    def session_ids(self) -> Iterator[int]:
        """Numbers for sessions, from 1 on, none of which another process gives."""
        return count(self.number + 1, self.count)


ALONE = Seat()
"""The seat of a gate that is one process."""
