"""What a submitted message is remembered by, so that its receipt comes home.

A return address is a plain integer, because a million of them are kept (see
`smppgate.routing.receipt_routes`): the low bits number the account, the others the session.
When the session is gone the account is still known.
"""

from __future__ import annotations

from itertools import count
from typing import Generic, TypeVar

from smppgate.routing.accounts import Account, Accounts, Receiver

_ACCOUNT_BITS = 20
_ACCOUNT_MASK = (1 << _ACCOUNT_BITS) - 1

NOBODY = 0
"""The address of an origin that no receipt can be brought to."""


S = TypeVar("S", bound=Receiver)


class ReturnAddresses(Generic[S]):
    """Addresses of ESME sessions."""

    def __init__(self, accounts: Accounts[S]) -> None:
        if len(accounts) > _ACCOUNT_MASK:
            raise ValueError(f"more than {_ACCOUNT_MASK} accounts")
        self._accounts = accounts
        self._serials = count(1)
        self._sessions: dict[int, S] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def assign(self, account: Account[S], session: S) -> int:
        """The address of ``session``, which is bound now."""
        address = next(self._serials) << _ACCOUNT_BITS | account.number
        self._sessions[address] = session
        return address

    def release(self, address: int) -> None:
        """The session of ``address`` has ended; its account stays."""
        self._sessions.pop(address, None)

    def find(self, address: int) -> S | None:
        """Where to bring something for ``address``: its session, or another of its account.

        None when no session of the account can take it now.
        """
        if address == NOBODY:
            return None
        session = self._sessions.get(address)
        if session is not None and session.receives and session.has_room:
            return session
        return self._accounts.numbered(address & _ACCOUNT_MASK).receiver()
