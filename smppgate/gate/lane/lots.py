"""`Lots`: the sessions that the deliver_sm of one read go to, chosen for several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from smppgate.gate.deliver.dispatcher import Dispatcher, takes
from smppgate.routing.esmes.account import Account, Cluster
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.return_path.submitters import Submitters
from smppgate.routing.sessions import EsmeSession, SmscSession

PART = 16
"""Of the room that a session has, the part that is taken at once where others could take it."""


class Lot:
    """Where messages go that belong to the same accounts. Mutable and slotted.

    :param link: where they come from.
    :param accounts: whose they are.
    :param choose: gives a session for the next of them.
    :param has_choice: whether it may be another each time.
    """

    __slots__ = ("_accounts", "_choose", "_dispatcher", "_left", "_link", "_part", "_session")

    def __init__(
        self,
        dispatcher: Dispatcher,
        link: SmscSession,
        accounts: Sequence[Account[EsmeSession]],
        choose: Callable[[], EsmeSession | None],
        has_choice: bool,
    ) -> None:
        self._dispatcher = dispatcher
        self._link = link
        self._accounts = accounts
        self._choose = choose
        self._part = PART if has_choice else 1
        self._session: EsmeSession | None = None
        self._left = 0

    def next(self, now: float) -> EsmeSession | None:
        """The session of the next message; None where there is more to decide than that."""
        session = self._session
        if self._left > 0 and session is not None and len(session.outstanding) < session.window:
            self._left -= 1
        else:
            session = self._chosen()
        link = self._link
        if session is None or not link.shares.has_room(session, now, link.window):
            return None
        return session

    def _chosen(self) -> EsmeSession | None:
        """Another session, for some messages of those that it has room for."""
        self._session = session = self._choose()
        if session is None or not self._is_plain(session):
            return None
        room = session.window - len(session.outstanding)
        self._left = max(room // self._part, 1) - 1
        return session

    def _is_plain(self, session: EsmeSession) -> bool:
        is_alike = session.version is self._link.version
        return is_alike and self._dispatcher.queue(self._accounts, session) is None


def _if_it_takes(session: EsmeSession) -> EsmeSession | None:
    return session if takes(session) else None


class Way(NamedTuple):
    """The way back of receipts with the same return path.

    ``follows`` is whether they leave on the session that the answers left on.
    """

    path: ReturnPath
    lot: Lot
    follows: bool


class Lots:
    """The lots of one read. They are made anew for each, because sessions come and go."""

    __slots__ = ("_accounts", "_by_record", "_dispatcher", "_link", "_lots", "_submitters")

    def __init__(
        self,
        dispatcher: Dispatcher,
        accounts: Accounts[EsmeSession],
        submitters: Submitters[EsmeSession],
        link: SmscSession,
    ) -> None:
        self._dispatcher = dispatcher
        self._accounts = accounts
        self._submitters = submitters
        self._link = link
        self._by_record: dict[bytes, Way] = {}
        self._lots: dict[EsmeSession | Cluster[EsmeSession], Lot] = {}

    def way(self, record: bytes) -> Way | None:
        """The way of receipts with this record of their return path; None where its account is
        gone."""
        found = self._by_record.get(record)
        return found if found is not None else self._new_way(record)

    def _new_way(self, record: bytes) -> Way | None:
        path = ReturnPath.of(record)
        account = self._accounts.named(path.account)
        if account is None:
            return None
        submitter = self._submitters.find(path.session)
        follows = self._dispatcher.is_sure_of(submitter, account)
        if submitter is not None and takes(submitter):
            lot = self._lot(submitter, (account,), partial(_if_it_takes, submitter), False)
        else:
            cluster = account.receivers
            lot = self._lot(cluster, (account,), cluster.session, len(cluster) > 1)
        way = self._by_record[record] = Way(path, lot, follows)
        return way

    def of_cluster(self, cluster: Cluster[EsmeSession]) -> Lot:
        """The lot of messages to the numbers of ``cluster``."""
        found = self._lots.get(cluster)
        if found is not None:
            return found
        return self._lot(cluster, cluster.accounts, cluster.session, len(cluster) > 1)

    def _lot(
        self,
        key: EsmeSession | Cluster[EsmeSession],
        accounts: Sequence[Account[EsmeSession]],
        choose: Callable[[], EsmeSession | None],
        has_choice: bool,
    ) -> Lot:
        lot = self._lots.get(key)
        if lot is None:
            lot = self._lots[key] = Lot(self._dispatcher, self._link, accounts, choose, has_choice)
        return lot
