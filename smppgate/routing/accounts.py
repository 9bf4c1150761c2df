"""Who may bind, and what of an account is bound."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from attrs import define, field

from smppgate.routing.pools import Pool
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import ProtocolError

BIND_KINDS: dict[int, str] = {
    CommandId.BIND_TRANSMITTER: "transmitter",
    CommandId.BIND_RECEIVER: "receiver",
    CommandId.BIND_TRANSCEIVER: "transceiver",
}
"""The configuration's names for the three binds."""


class BindRejected(ProtocolError):
    """A bind that the gate refuses; ``command_status`` goes into the bind_resp."""


class Receiver(Protocol):
    """An ESME's bound session, as far as something may be delivered on it."""

    @property
    def receives(self) -> bool:
        """Whether it is bound to receive."""

    @property
    def has_room(self) -> bool:
        """Whether it can take one more request now."""


S = TypeVar("S", bound=Receiver)


@define(eq=False)
class Account(Generic[S]):
    """An ESME's account and its bound sessions.

    :param password: octets; never shown.
    :param binds: the kinds allowed, by `BIND_KINDS`.
    :param max_binds: sessions at one time.
    :param window: unanswered requests per session, each way.
    :param pool: where its messages go.
    """

    system_id: str
    password: bytes = field(repr=False)
    binds: frozenset[str]
    max_binds: int
    window: int
    pool: Pool = field(repr=False)
    number: int = field(default=0, init=False, repr=False)
    """Its place among all accounts, from 0; set by `Accounts`."""
    sessions: list[S] = field(factory=list, init=False, repr=False)
    receivers: list[S] = field(factory=list, init=False, repr=False)
    _turn: int = field(default=0, init=False, repr=False)

    def add(self, session: S) -> None:
        """A session is bound."""
        self.sessions.append(session)
        if session.receives:
            self.receivers.append(session)

    def remove(self, session: S) -> None:
        """A session has ended; one that never was bound is no error."""
        if session in self.sessions:
            self.sessions.remove(session)
        if session in self.receivers:
            self.receivers.remove(session)

    def receiver(self) -> S | None:
        """The session for the next message to this ESME: in turn, full ones passed over."""
        receivers = self.receivers
        for _ in receivers:
            self._turn = (self._turn + 1) % len(receivers)
            session = receivers[self._turn]
            if session.has_room:
                return session
        return None


class Accounts(Generic[S]):
    """All accounts, by system_id."""

    def __init__(self, accounts: Iterable[Account[S]]) -> None:
        self._by_number = tuple(accounts)
        self._by_id = {a.system_id.encode("latin-1"): a for a in self._by_number}
        for number, account in enumerate(self._by_number):
            account.number = number

    def __len__(self) -> int:
        return len(self._by_id)

    def numbered(self, number: int) -> Account[S]:
        """The account of that number."""
        return self._by_number[number]

    def admit(self, command_id: int, system_id: bytes, password: bytes) -> Account[S]:
        """The account that this bind is for.

        :raises BindRejected: with ESME_RINVSYSID, ESME_RINVPASWD or ESME_RBINDFAIL.
        """
        account = self._by_id.get(system_id)
        # As much work for an unknown name as for a known one: the answer's delay tells nothing
        # about the password. That the name is unknown, the status itself tells.
        expected = account.password if account is not None else b""
        matches = hmac.compare_digest(expected, password)
        if account is None:
            raise BindRejected("unknown system_id", CommandStatus.ESME_RINVSYSID)
        if not matches:
            raise BindRejected("wrong password", CommandStatus.ESME_RINVPASWD)
        kind = BIND_KINDS[command_id]
        if kind not in account.binds:
            raise BindRejected(f"bind as {kind} not allowed", CommandStatus.ESME_RBINDFAIL)
        if len(account.sessions) >= account.max_binds:
            limit = f"all {account.max_binds} binds are in use"
            raise BindRejected(limit, CommandStatus.ESME_RBINDFAIL)
        return account
