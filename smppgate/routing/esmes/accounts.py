"""The accounts by system_id, and the judgement of binds."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import Generic

from smppgate.routing.admin_state import AdminState
from smppgate.routing.esmes.account import (
    BIND_KINDS,
    Account,
    AccountPolicy,
    S,
)
from smppgate.routing.esmes.peer import UNKNOWN, Peer
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import ProtocolError

WILDCARD = "*"
"""The system_id of the account for ESMEs without an account of their own."""


_NOBODY = AccountPolicy()
"""Of a system_id that is unknown."""


class BindRejected(ProtocolError):
    """The gate refuses a bind; the bind_resp has ``command_status``."""


class AllBindsInUse(BindRejected):
    """All places of the account are taken."""

    def __init__(self, max_binds: int) -> None:
        super().__init__(f"all {max_binds} binds are in use", CommandStatus.ESME_RBINDFAIL)


class Accounts(Generic[S]):
    """All accounts, by system_id.

    The account with the system_id `WILDCARD` is a template. A bind with a system_id that has no
    account is admitted to one derived from the template, with the same policy. A derived
    account is kept while it has sessions, so there are never more of them than sessions.
    """

    def __init__(self, accounts: Iterable[Account[S]]) -> None:
        self._by_id = {a.system_id.encode("latin-1"): a for a in accounts}
        self._wildcard = self._by_id.pop(WILDCARD.encode(), None)
        # The first of several names that differ in case only. Made when it is needed: a reload
        # changes a thousand accounts one by one.
        self._folded: dict[bytes, Account[S]] | None = None
        self._derived: dict[bytes, Account[S]] = {}

    def __iter__(self) -> Iterator[Account[S]]:
        """All accounts: those of the configuration, the wildcard's, and those derived from it."""
        yield from self._by_id.values()
        if self._wildcard is not None:
            yield self._wildcard
        yield from self._derived.values()

    def add(self, account: Account[S]) -> None:
        """Admit binds to ``account`` from now on."""
        if account.system_id == WILDCARD:
            self._wildcard = account
        else:
            self._by_id[account.system_id.encode("latin-1")] = account
        self._folded = None

    def remove(self, account: Account[S]) -> list[Account[S]]:
        """Admit no more binds to ``account``; gives those whose sessions are to end."""
        removed = self.derived(account)
        if account is self._wildcard:
            self._wildcard = None
        else:
            self._by_id.pop(account.system_id.encode("latin-1"), None)
        self._folded = None
        return removed

    def change(self, account: Account[S], policy: AccountPolicy) -> None:
        """Let ``account`` go by ``policy``, and those that are derived from it."""
        account.change(policy)
        if account is self._wildcard:
            for derived in self._derived.values():
                derived.change(policy)
        self._folded = None

    def _by_folded_id(self) -> dict[bytes, Account[S]]:
        if self._folded is None:
            self._folded = self._fold()
        return self._folded

    def _fold(self) -> dict[bytes, Account[S]]:
        folds_all = self._wildcard is not None and self._wildcard.policy.folds_case
        folded: dict[bytes, Account[S]] = {}
        for name, account in self._by_id.items():
            if folds_all or account.policy.folds_case:
                folded.setdefault(name.lower(), account)
        return folded

    def of_peer(self, system_id: bytes) -> Account[S] | None:
        """The account that a session of another node is bound to; None where there is none here.

        The caller adds the session to it at once.
        """
        return self.named(system_id) or self._derive(system_id)

    def configured(self, system_id: bytes) -> Account[S] | None:
        """The account of the configuration with exactly this system_id; `WILDCARD` is one too."""
        if system_id == WILDCARD.encode():
            return self._wildcard
        return self._by_id.get(system_id)

    def derived(self, account: Account[S]) -> list[Account[S]]:
        """``account`` itself, and for the wildcard all that are derived from it."""
        return [account, *(self._derived.values() if account is self._wildcard else ())]

    def named(self, system_id: bytes) -> Account[S] | None:
        """The account with exactly this system_id: configured, or derived and with sessions."""
        return self._by_id.get(system_id) or self._derived.get(system_id)

    def hash_for(self, system_id: bytes, peer: Peer) -> str:
        """The hash that the password of this bind has to be compared with, before `admit`.

        Empty where there is none, and where the bind is refused whatever its password.
        """
        account = self._found(system_id)
        if account is None or account.policy.asks_smsc or account.policy.stranger(peer):
            return ""
        return account.policy.password_hash

    def admit(
        self,
        command_id: int,
        system_id: bytes,
        password: bytes,
        peer: Peer = UNKNOWN,
        proven: str = "",
    ) -> Account[S]:
        """The account that this bind is admitted to, if one more session of it has a place.

        The password of an account that asks an SMSC is not judged here.

        :param proven: the hash that the password was found to be of; empty for none.
        :raises BindRejected: with ESME_RINVSYSID for an unknown system_id, ESME_RINVPASWD for a
            wrong password, and for a peer that is elsewhere or has not the certificate,
            ESME_RBINDFAIL for a kind of bind that is not allowed, and for an account that is
            closed.
        """
        account = self._found(system_id) or self._derive(system_id)
        # An unknown system_id costs the same comparison as a known one, so the delay of the answer
        # says nothing about the password. That a system_id is unknown, the status says anyway.
        policy = account.policy if account is not None else _NOBODY
        matches = hmac.compare_digest(policy.password, password)
        if account is None:
            raise BindRejected("unknown system_id", CommandStatus.ESME_RINVSYSID)
        if policy.password_hash:
            matches = hmac.compare_digest(policy.password_hash, proven)
        stranger = policy.stranger(peer)
        if stranger:
            # As of a wrong password: which of both it is, is not for a stranger to know.
            raise BindRejected(stranger, CommandStatus.ESME_RINVPASWD)
        if not matches and not policy.asks_smsc:
            raise BindRejected("wrong password", CommandStatus.ESME_RINVPASWD)
        kind = BIND_KINDS[command_id]
        if kind not in policy.binds:
            raise BindRejected(f"bind as {kind} not allowed", CommandStatus.ESME_RBINDFAIL)
        if account.state is AdminState.CLOSED:
            raise BindRejected("the account is closed", CommandStatus.ESME_RBINDFAIL)
        return account

    def current(self, account: Account[S]) -> Account[S]:
        """The account in use under this name: of those derived for binds at one time, the first
        that has a session."""
        return self.named(account.system_id.encode("latin-1")) or account

    def has(self, account: Account[S]) -> bool:
        """Whether ``account`` is in force: of the configuration, or derived from its wildcard."""
        if account.found_in is not None:
            return self._wildcard is not None
        return self.configured(account.system_id.encode("latin-1")) is account

    def _found(self, system_id: bytes) -> Account[S] | None:
        """The account for a bind with this system_id.

        Where an SMSC judges binds, blanks at the end do not count, and neither does case if the
        SMSC ignores it: the bind would get an account of its own that the SMSC takes for another.
        """
        account = self.named(system_id)
        if account is not None:
            return account
        plain = system_id.rstrip(b" ")
        account = self.named(plain) or self._by_folded_id().get(plain.lower())
        if account is None or account.policy.asks_smsc or self._wildcard is not None:
            return account
        return None

    def _derive(self, system_id: bytes) -> Account[S] | None:
        """An account for this system_id, like the wildcard's; None where that is not possible."""
        # The system_id goes into logs and tables, and "*" is the wildcard's own.
        wildcard, name = self._wildcard, system_id.rstrip(b" ")
        if wildcard is not None and wildcard.policy.folds_case:
            name = name.lower()
        text = name.decode("latin-1")
        if wildcard is None or not _is_plain(text) or text == WILDCARD:
            return None
        return self._derived.get(name) or self._like(wildcard, text)

    def _like(self, wildcard: Account[S], system_id: str) -> Account[S]:
        derived = Account(system_id, wildcard.policy, found_in=self._derived, tally=wildcard.tally)
        derived.state = wildcard.state
        return derived


def _is_plain(name: str) -> bool:
    return bool(name) and name.isascii() and name.isprintable()
