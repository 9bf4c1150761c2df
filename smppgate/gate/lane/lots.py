"""`Lots`: the sessions that the deliver_sm of one read go to, chosen for several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
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
    :param part: of the room that this has, the part that is taken at once.
    :param is_one: whether it is always the same, and others may take what it does not.
    """

    __slots__ = (
        *("_choose", "_dispatcher", "_has_queue", "_is_plain", "_left", "_link", "_part"),
        *("_session", "_under_way", "_window", "accounts", "is_one"),
    )

    def __init__(
        self,
        dispatcher: Dispatcher,
        link: SmscSession,
        accounts: Sequence[Account[EsmeSession]],
        choose: Callable[[], EsmeSession | None],
        part: int,
        is_one: bool,
    ) -> None:
        self._dispatcher = dispatcher
        self._link = link
        self.accounts, self.is_one = accounts, is_one
        self._choose = choose
        self._part = part
        self._session: EsmeSession | None = None
        self._has_queue = any(account in dispatcher.queues for account in accounts)
        self._left = 0
        # The requests under way to the session, and its window, which stays the same for a read.
        self._under_way: Sized = ()
        self._window = 0
        self._is_plain = False
        """Whether the session is bound here and speaks the version of the link."""

    def next(self) -> EsmeSession | None:
        """The session of the next message; None while none takes it."""
        if self._left > 0 and len(self._under_way) < self._window:
            self._left -= 1
            return self._session
        return self._chosen()

    def may_send(self, session: EsmeSession, now: float) -> bool:
        """Whether a session that `next` has given may be sent the message as it is, and now."""
        link = self._link
        return (
            self._is_plain
            and link.shares.has_room(session, now, link.window)
            # What came before it in the read may have been queued.
            and not (self._has_queue and self._dispatcher.queue(self.accounts, session))
        )

    def _chosen(self) -> EsmeSession | None:
        """Another session, for some messages of those that it has room for."""
        self._session = session = self._choose()
        self._left = 0
        if session is not None:
            self._under_way, self._window = session.outstanding, session.window
            room = self._window - len(self._under_way)
            self._left = max(room // self._part, 1) - 1
            self._is_plain = session.version is self._link.version and not session.is_remote
        return session


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
            lot = self._of_session(submitter, account)
        else:
            lot = self.of_cluster(account.receivers)
        way = self._by_record[record] = Way(path, lot, follows)
        return way

    def of_cluster(self, cluster: Cluster[EsmeSession]) -> Lot:
        """The lot of messages to the accounts of ``cluster``."""
        lot = self._lots.get(cluster)
        if lot is None:
            part = PART if len(cluster) > 1 else 1
            lot = self._lots[cluster] = Lot(
                self._dispatcher, self._link, cluster.accounts, cluster.session, part, False
            )
        return lot

    def _of_session(self, session: EsmeSession, account: Account[EsmeSession]) -> Lot:
        """The lot of receipts that go to the session that submitted."""
        lot = self._lots.get(session)
        if lot is None:
            choose = partial(_if_it_takes, session)
            lot = self._lots[session] = Lot(
                self._dispatcher, self._link, (account,), choose, 1, True
            )
        return lot
