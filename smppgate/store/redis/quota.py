"""`RedisQuota`: limits of rates, divided among all nodes: see `IQuota`.

Every `BLOCK` a node tells each server what it wishes for of the limits that are not as they should
be, or of which others have told something new, and gets its parts. A server divides a limit as
`smppgate.workers.shares` does. It gives no node what another one still uses: a node that is to
have less tells in its next call that it uses no more, and what is free is there for the others
then. So the parts of all that have told are never more than the whole, not even for a moment.

Where a server is not up, or does not know all nodes yet, each goes on with what it has. A node
that begins to use a limit while the server is not up has a *fair part* of it, that of one of all
nodes in the settings: all nodes of a site may have been started then, and with the least part none
would send anything. So for as long as the server is away, all of them may use more than the
whole together, by one fair part for each that began meanwhile; less than twice the whole. When it
answers, such a node tells what it uses, and has what is free, like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from smppgate.notices.program import SHARES_IDLE
from smppgate.store.interface import LEAST_PART, WHOLE
from smppgate.store.redis.calls import SETTLING, SILENCE, Calls
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

BLOCK = 0.1
"""Seconds from one call to the next."""

MOST_NODES = 32
"""Nodes that may use `LEAST_PART` of a limit without having told of it."""

PIECE = 200
"""Limits in one call at the most: a server does nothing else for a few milliseconds."""

ROUND = 5
"""Calls in which all limits are told of, a few in each, though nothing is new of them."""

MOST_IDLE = 50
"""Those few at the most; of very many limits the round takes longer."""

_SHARE = Script("share")


class RedisQuota:
    """The parts that this node has.

    :param node: see `smppgate.store.redis.places.RedisPlaces`.
    """

    log = Logger()

    def __init__(self, clock: Clock, servers: Slots, names: Names, node: bytes) -> None:
        self._servers = servers
        self._tell: Callable[[Mapping[str, int]], None] = lambda parts: None
        self._counters = {
            server: _Counter(server, names, node, self._leased) for server in servers
        }
        self._ticks = LoopingCall(self._tick)
        self._ticks.clock = clock

    def start(self) -> None:
        """Ask from now on."""
        ticking = self._ticks.start(BLOCK, now=False)
        ticking.addErrback(partial(self.log.tell_failure, SHARES_IDLE))

    def stop(self) -> None:
        """Ask no more."""
        if self._ticks.running:
            self._ticks.stop()

    def lease(self, wanted: Mapping[str, int]) -> None:
        """See `IQuota.lease`."""
        for name, wish in wanted.items():
            self._counters[self._servers.of(name.encode())].wish(name, wish)

    def tell_leased(self, told: Callable[[Mapping[str, int]], None]) -> None:
        """See `IQuota.tell_leased`."""
        self._tell = told

    def share_among(self, processes: int) -> None:
        """See `IQuota.share_among`."""
        for counter in self._counters.values():
            counter.fair_part = fair_part(processes)

    def _leased(self, parts: Mapping[str, int]) -> None:
        self._tell(parts)

    def _tick(self) -> None:
        for counter in self._counters.values():
            counter.tick()


def fair_part(nodes: int) -> int:
    """What each of so many nodes has where all wish for the same; the least where 0 are known."""
    if not nodes:
        return LEAST_PART
    return LEAST_PART + (WHOLE - max(nodes, MOST_NODES) * LEAST_PART) // nodes


class _Counter:
    """What one server is told and asked, one call at a time.

    :ivar fair_part: what is used, while the server is not up, of limits of which it told nothing.
    """

    def __init__(
        self,
        server: Server,
        names: Names,
        node: bytes,
        told: Callable[[Mapping[str, int]], None],
    ) -> None:
        self.fair_part = LEAST_PART
        self._server = server
        self._names = names
        self._node = node
        self._told = told
        self._calls = Calls()
        self._wishes: dict[str, int] = {}
        self._parts: dict[str, int] = {}
        """What this node uses of each limit; where it is not here, `LEAST_PART`."""
        self._due: dict[str, None] = {}
        """Those to tell of in the next call, also such as are not used any more."""
        self._asked: dict[str, None] = {}
        """Those of the call that is under way, but for such as were given up meanwhile."""
        self._round: deque[str] = deque()
        """Those that are not told of yet in this round."""
        self._upto = 0
        self._is_asking = self._was_unsafe = False

    def wish(self, name: str, wish: int) -> None:
        """This node wishes for so much of ``name`` from now on; 0: it does not use it."""
        self._due[name] = None
        if wish:
            self._wishes[name] = wish
            return
        self._wishes.pop(name, None)
        self._parts.pop(name, None)
        self._asked.pop(name, None)

    def tick(self) -> None:
        """Ask, if there is a limit to ask for, and the server answers."""
        if not self._server.is_up:
            self._go_alone()
            return
        if self._is_asking or not (self._wishes or self._due):
            return
        names = self._next()
        self._asked = {name: None for name in names if name in self._wishes}
        self._is_asking = True
        is_safe = bool(names) and not self._was_unsafe
        run = self._server.run_safely if is_safe else self._server.run
        asking = run(_SHARE, *self._words(names))
        asking.addCallbacks(self._answered, self._failed, (names,), {}, (names, is_safe))

    def _go_alone(self) -> None:
        if len(self._parts) < len(self._wishes):
            new = [name for name in self._wishes if name not in self._parts]
            parts = dict.fromkeys(new, self.fair_part)
            self._parts |= parts
            self._told(parts)

    def _next(self) -> list[str]:
        """What is due, and a few of the others."""
        names = dict.fromkeys(islice(self._due, PIECE))
        for name in names:
            del self._due[name]
        if not self._round:
            self._round.extend(self._wishes)
        for _ in range(min(MOST_IDLE, -(-len(self._wishes) // ROUND), len(self._round))):
            name = self._round.popleft()
            if name in self._wishes:
                names[name] = None
        return list(names)

    def _words(self, names: Sequence[str]) -> tuple[list[bytes], list[Word]]:
        layout = self._names
        keys = [layout.places(b""), layout.limit(b"")]
        keys += [layout.limit(name.encode()) for name in names]
        words: list[Word] = [self._node, layout.node_prefix, self._calls.next(), SETTLING, SILENCE]
        words += (self._upto, WHOLE, LEAST_PART, MOST_NODES)
        for name in names:
            words += (name.encode(), self._wishes.get(name, 0), self._parts.get(name, LEAST_PART))
        return keys, words

    def _answered(self, answer: list[Any], names: Sequence[str]) -> None:
        self._is_asking = self._was_unsafe = False
        if self._calls.is_late(answer[0]):
            self._due |= dict.fromkeys(names)
            return
        before, self._upto, stirred, *given = answer
        self._due |= dict.fromkeys(
            name for name in map(bytes.decode, stirred) if name in self._wishes
        )
        if self._calls.has_lost(before):
            self._due |= dict.fromkeys(self._wishes)
        self._take(zip(names, given[::2], given[1::2], strict=True))

    def _take(self, given: Iterator[tuple[str, int, int]]) -> None:
        changed: dict[str, int] = {}
        for name, part, is_settled in given:
            if name not in self._asked:
                continue
            if not is_settled:
                self._due[name] = None
            if self._parts.get(name, LEAST_PART) != part:
                changed[name] = part
            self._parts[name] = part
        if changed:
            self._told(changed)

    def _failed(self, _: Failure, names: Sequence[str], was_safe: bool) -> None:
        """It may have been done all the same: the next call sets it right."""
        self._is_asking = False
        # Too few replicas have it: without them it is divided all the same.
        self._was_unsafe = was_safe and self._server.is_up
        self._due |= dict.fromkeys(names)
