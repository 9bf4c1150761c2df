"""`Deposits`: new messages, on their way into the queues.

One script at a time goes to each server; what comes meanwhile gathers for the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_MISTAKE
from smppgate.store.records import Enqueued, NewMessage, StoreError
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Unreached, Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.store.redis.watches import Seen, Watches
from smppgate.txsmpp.log import Logger

PIECE = 500
"""Messages in one script: a server does nothing else for some milliseconds."""

PIECE_OCTETS = 1 << 20
"""Octets of them."""

_ENQUEUE = Script("enqueue")


@define(eq=False)
class _Call:
    """One call of `Deposits.enqueue`."""

    outcomes: list[Enqueued]
    left: int
    done: Deferred[list[Enqueued]] = field(factory=Deferred)

    def settle(self, index: int, outcome: Enqueued) -> None:
        self.outcomes[index] = outcome
        self.left -= 1
        if not self.left:
            self.done.callback(self.outcomes)


@define(eq=False)
class _Deposit:
    """One message of a call."""

    call: _Call
    index: int
    message: NewMessage


class Deposits:
    """Those of this node.

    :param watches: hear of them.
    :param stored: called with an account that has messages more.
    :param serial: gives the serial of the last look that was sent.
    """

    def __init__(
        self,
        slots: Slots,
        names: Names,
        watches: Watches,
        stored: Callable[[bytes], None],
        serial: Callable[[], int],
    ) -> None:
        self._slots = slots
        self._lanes = {server: _Lane(server, names, watches, stored, serial) for server in slots}

    @property
    def doubtful(self) -> int:
        """Messages that were answered to have failed, and may be in their queues all the same."""
        return sum(lane.doubtful for lane in self._lanes.values())

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IQueues.enqueue`."""
        if not messages:
            return succeed([])
        call = _Call([Enqueued.FAILED] * len(messages), len(messages))
        lanes: dict[_Lane, list[_Deposit]] = {}
        for index, message in enumerate(messages):
            lane = self._lanes[self._slots.of(message.account)]
            lanes.setdefault(lane, []).append(_Deposit(call, index, message))
        for lane, deposits in lanes.items():
            lane.put(deposits)
        return call.done


class _Lane:
    """Those for one server."""

    log = Logger()

    def __init__(
        self,
        server: Server,
        names: Names,
        watches: Watches,
        stored: Callable[[bytes], None],
        serial: Callable[[], int],
    ) -> None:
        self.doubtful = 0
        self._server = server
        self._names = names
        self._watches = watches
        self._stored = stored
        self._serial = serial
        self._waiting: deque[_Deposit] = deque()
        self._is_putting = False

    def put(self, deposits: Iterable[_Deposit]) -> None:
        self._waiting.extend(deposits)
        self._go_on()

    def _go_on(self) -> None:
        if self._is_putting or not self._waiting:
            return
        self._is_putting = True
        deposits = self._take()
        # In the order in which they first come: the number of each begins with 1.
        accounts = list(dict.fromkeys(it.message.account for it in deposits))
        self._watches.begin(accounts)
        was_up = self._server.is_up
        asking = self._server.run_safely(
            _ENQUEUE, self._keys(accounts), _words(accounts, deposits)
        )
        asking.addCallback(self._answered, accounts, deposits)
        asking.addErrback(self._not_answered, deposits, was_up)
        asking.addCallback(self._end, accounts)

    def _take(self) -> list[_Deposit]:
        deposits: list[_Deposit] = []
        octets = 0
        while self._waiting and len(deposits) < PIECE and octets < PIECE_OCTETS:
            deposits.append(self._waiting.popleft())
            octets += len(deposits[-1].message.pdu)
        return deposits

    def _keys(self, accounts: Iterable[bytes]) -> list[bytes]:
        names = self._names
        keys = [names.queues]
        for account in accounts:
            keys += [names.messages(account), names.expiries(account), names.claim(account)]
        return keys

    def _answered(
        self, answer: list[Any], accounts: Sequence[bytes], deposits: Sequence[_Deposit]
    ) -> None:
        digits, *found = answer
        fields = zip(accounts, *(found[at::4] for at in range(4)), strict=True)
        for account, stored, count, came, last in fields:
            self._watches.put(account, stored, Seen(count, came, last, self._serial()))
            self._stored(account)
        for deposit, digit in zip(deposits, digits, strict=True):
            outcome = Enqueued.STORED if digit == ord("1") else Enqueued.FULL
            deposit.call.settle(deposit.index, outcome)

    def _not_answered(self, failure: Failure, deposits: Sequence[_Deposit], was_up: bool) -> None:
        if not failure.check(StoreError):
            self.log.tell_failure(STORE_MISTAKE, failure)
        if was_up and failure.check(Unreached):
            self.doubtful += len(deposits)
        for deposit in deposits:
            deposit.call.settle(deposit.index, Enqueued.FAILED)

    def _end(self, _: None, accounts: Sequence[bytes]) -> None:
        self._is_putting = False
        self._watches.end(accounts)
        self._go_on()


def _words(accounts: Sequence[bytes], deposits: Sequence[_Deposit]) -> list[Word]:
    places = {account: index for index, account in enumerate(accounts, 1)}
    words: list[Word] = [len(accounts), *accounts]
    for deposit in deposits:
        message = deposit.message
        expires = round(1000 * message.expires)
        words += (places[message.account], message.limit, expires, message.pdu)
    return words
