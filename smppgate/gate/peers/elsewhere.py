"""`Elsewhere`: the sessions of ESMEs that are bound at other nodes, as these have told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.remote_session import RemoteSession
from smppgate.gate.peers.told import BoundSession
from smppgate.gate.router import RouterService
from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.txsmpp.address_range import range_problem

MOST_SESSIONS = 100_000
"""Sessions of one node that are known."""


class Elsewhere:
    """The remote sessions of each link, put in their places among the sessions that are here.

    They come and go with what the peer tells, and all of them end with the link.
    """

    def __init__(self, router: RouterService) -> None:
        self._router = router
        self._by_link: dict[Link, dict[bytes, RemoteSession]] = {}
        self._told: dict[Link, dict[bytes, BoundSession]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_link.values()))

    def __iter__(self) -> Iterator[RemoteSession]:
        for sessions in self._by_link.values():
            yield from sessions.values()

    def count(self, link: Link) -> int:
        """How many sessions are bound at the other end of ``link``."""
        return len(self._by_link.get(link, ()))

    def bound(self, link: Link, told: BoundSession) -> None:
        """A session is bound at the node of ``link``, or something about it has changed."""
        known = self._told.setdefault(link, {})
        if told.token in known or len(known) < MOST_SESSIONS:
            known[told.token] = told
            self._place(link, told)

    def lost(self, link: Link, token: bytes) -> None:
        """A session is bound at the node of ``link`` no longer."""
        self._told.get(link, {}).pop(token, None)
        session = self._by_link.get(link, {}).pop(token, None)
        if session is not None:
            self._leave(session)

    def link_lost(self, link: Link) -> None:
        """The link has ended, and with it all sessions that were told on it."""
        self._told.pop(link, None)
        for session in self._by_link.pop(link, {}).values():
            self._leave(session)

    def rearrange(self) -> None:
        """The settings are others: let sessions be where they belong now."""
        for link, known in list(self._told.items()):
            for told in list(known.values()):
                self._place(link, told)

    def _place(self, link: Link, told: BoundSession) -> None:
        """Let a session be among those of its account; where there is none here, of nothing.

        That there is none is told where it is told that the settings differ.
        """
        sessions = self._by_link.setdefault(link, {})
        session, account = sessions.get(told.token), self._router.accounts.of_peer(told.account)
        if session is not None:
            if session.account is account and session.receives == told.receives:
                session.change(told)
                return
            del sessions[told.token]
            self._leave(session)
        if account is not None:
            session = RemoteSession(link, account, told, self._router.clock)
            sessions[told.token] = session
            self._join(session, told)

    def _join(self, session: RemoteSession, told: BoundSession) -> None:
        # It is no origin of requests, and nothing else of a session is used of those in clusters.
        joining, account, router = cast(EsmeSession, session), session.account, self._router
        router.submitters.add_remote(joining)
        account.add(joining)
        ranges = [each for each in told.ranges if not self._is_anothers(each, account)]
        if ranges:
            router.ranges.join(joining, account, ranges, told.ton, told.npi)
        if session.receives:
            router.queues.bound(account)

    def _is_anothers(self, address_range: str, account: Account[EsmeSession]) -> bool:
        # An expression may be one that this version of the gate does not take.
        return range_problem(address_range) is not None or self._router.ranges.is_anothers(
            address_range, account
        )

    def _leave(self, session: RemoteSession) -> None:
        session.has_ended = True
        leaving, router = cast(EsmeSession, session), self._router
        session.account.remove(leaving)
        router.ranges.leave(leaving)
        router.submitters.remove_remote(leaving)
        router.queues.lost(session.account)
