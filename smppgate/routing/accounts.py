"""Who may bind, and what of an account is bound."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Generic

from attrs import define, evolve, field

from smppgate.routing.clusters import Cluster, S
from smppgate.routing.pools import Pool
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import ProtocolError

BIND_KINDS: dict[int, str] = {
    CommandId.BIND_TRANSMITTER: "transmitter",
    CommandId.BIND_RECEIVER: "receiver",
    CommandId.BIND_TRANSCEIVER: "transceiver",
}
"""The configuration's names for the three binds."""

WILDCARD = "*"
"""The system_id of the account for everybody who has none of his own."""


class BindRejected(ProtocolError):
    """A bind that the gate refuses; ``command_status`` goes into the bind_resp."""


@define(eq=False)
class Account(Generic[S]):
    """An ESME's account and its bound sessions.

    :param password: octets; never shown.
    :param binds: the kinds allowed, by `BIND_KINDS`.
    :param max_binds: sessions at one time.
    :param window: unanswered requests per session, each way.
    :param pool: where its messages go.
    :param weight: its sessions' share of what a cluster gets, relative to others; 1 or more.
    :param bind_ranges: whether its binds may name address ranges to serve.
    :param queries: whether its messages may be asked about later.
    :param asks_smsc: whether an SMSC judges its binds, and not the password here.
    :param found_in: for an account that no configuration names: where it is found by its
        system_id as long as somebody is bound to it.
    """

    system_id: str
    password: bytes = field(repr=False)
    binds: frozenset[str]
    max_binds: int
    window: int
    pool: Pool = field(repr=False)
    weight: int = field(default=1, kw_only=True)
    bind_ranges: bool = field(default=False, kw_only=True)
    queries: bool = field(default=True, kw_only=True)
    asks_smsc: bool = field(default=False, kw_only=True)
    found_in: dict[bytes, Account[S]] | None = field(default=None, kw_only=True, repr=False)
    sessions: list[S] = field(factory=list, init=False, repr=False)
    receivers: Cluster[S] = field(init=False, repr=False)
    """Those of its sessions that are bound to receive."""
    _serves: dict[Cluster[S], None] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.receivers = Cluster((self,))
        self.serve(self.receivers)

    def add(self, session: S) -> None:
        """A session is bound, or waits for an SMSC's word on its bind.

        One that waits has its place among `max_binds`, and is added again when it is bound.
        """
        if session not in self.sessions:
            self.sessions.append(session)
        if self.found_in is not None:
            self.found_in.setdefault(self.system_id.encode("latin-1"), self)
        if session.receives:
            for cluster in self._serves:
                cluster.add(session, self.weight)

    def remove(self, session: S) -> None:
        """A session has ended; one that never was bound is no error."""
        if session not in self.sessions:
            return
        self.sessions.remove(session)
        for cluster in self._serves:
            cluster.remove(session)
        if self.found_in is not None and not self.sessions:
            self.found_in.pop(self.system_id.encode("latin-1"), None)

    def receiver(self) -> S | None:
        """The session for the next message to this ESME; see `Cluster.session`."""
        return self.receivers.session()

    def serve(self, cluster: Cluster[S]) -> None:
        """Let its receivers serve in ``cluster``, those bound now and those bound later."""
        self._serves[cluster] = None
        for session in self.receivers:
            cluster.add(session, self.weight)

    def withdraw(self, cluster: Cluster[S]) -> None:
        """Those bound later do not serve in ``cluster``; nobody is removed from it."""
        self._serves.pop(cluster, None)


class Accounts(Generic[S]):
    """All accounts, by system_id.

    One whose system_id is `WILDCARD` admits everybody whom no other is for: to an account of
    their own system_id, in all else like the wildcard's. It is known as long as somebody is
    bound to it, so there are never more of these than sessions.
    """

    def __init__(self, accounts: Iterable[Account[S]]) -> None:
        self._by_id = {a.system_id.encode("latin-1"): a for a in accounts}
        self._wildcard = self._by_id.pop(WILDCARD.encode(), None)
        self._derived: dict[bytes, Account[S]] = {}

    def named(self, system_id: bytes) -> Account[S] | None:
        """The account of that very name: configured, or one with somebody bound."""
        return self._by_id.get(system_id) or self._derived.get(system_id)

    def admit(self, command_id: int, system_id: bytes, password: bytes) -> Account[S]:
        """The account that this bind is for; the session is to be added to it at once.

        Where the account asks an SMSC, the password is for that to judge.

        :raises BindRejected: with ESME_RINVSYSID, ESME_RINVPASWD or ESME_RBINDFAIL.
        """
        account = self.named(system_id) or self._derive(system_id)
        # As much work for an unknown name as for a known one: the answer's delay tells nothing
        # about the password. That the name is unknown, the status itself tells.
        expected = account.password if account is not None else b""
        matches = hmac.compare_digest(expected, password)
        if account is None:
            raise BindRejected("unknown system_id", CommandStatus.ESME_RINVSYSID)
        if not matches and not account.asks_smsc:
            raise BindRejected("wrong password", CommandStatus.ESME_RINVPASWD)
        kind = BIND_KINDS[command_id]
        if kind not in account.binds:
            raise BindRejected(f"bind as {kind} not allowed", CommandStatus.ESME_RBINDFAIL)
        if len(account.sessions) >= account.max_binds:
            limit = f"all {account.max_binds} binds are in use"
            raise BindRejected(limit, CommandStatus.ESME_RBINDFAIL)
        return account

    def _derive(self, system_id: bytes) -> Account[S] | None:
        """What the wildcard is for that name; None when it is for nobody of that name."""
        # The name will stand in logs and tables, and "*" is nobody's.
        name = system_id.decode("latin-1")
        if self._wildcard is None or not _is_plain(name) or name == WILDCARD:
            return None
        return evolve(self._wildcard, system_id=name, found_in=self._derived)


def _is_plain(name: str) -> bool:
    return bool(name) and name.isascii() and name.isprintable()
