"""Who may bind: the accounts by system_id."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Generic

from attrs import evolve

from smppgate.routing.esmes.account import BIND_KINDS, Account, S
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import ProtocolError

WILDCARD = "*"
"""The system_id of the account for everybody who has none of his own."""


class BindRejected(ProtocolError):
    """A bind that the gate refuses; ``command_status`` goes into the bind_resp."""


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
