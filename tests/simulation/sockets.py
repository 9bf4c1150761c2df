"""A TCP connection in memory: two streams of octets, a socket at the gate's end of them, and a
plain object at the model's.

Everything that a real connection may do happens here: octets arrive late, cut anywhere and
joined, the buffers between the ends are finite, and an end closes, half closes or resets. What is
written is cut by the connection's `Weather`.
"""

from __future__ import annotations

import errno
import socket
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any, Protocol

from attrs import frozen

from tests.simulation.clock import Agenda

ONWARD = 0.00002
"""Seconds that octets are under way at the least."""


NOWHERE = 1 << 62
"""The place of octets that are not sent at all."""


@frozen
class Weather:
    """How connections treat what is sent on them.

    :param latency: seconds from one end to the other, at the least.
    :param jitter: seconds that a piece may take longer, on average.
    :param cuts: the chance of a write to be cut into pieces that arrive one after the other.
    :param crumbs: the chance of a write to be cut into single octets, if it is short.
    :param stalls: the chance of a piece to be held up for up to `stall` seconds.
    :param capacity: octets that the buffers between the two ends hold.
    """

    latency: float = 0.0003
    jitter: float = 0.0005
    cuts: float = 0.1
    crumbs: float = 0.0
    stalls: float = 0.0
    stall: float = 1.0
    capacity: int = 65536


class Stream:
    """One direction of a connection.

    :ivar sent: octets that were put in, ever; `read` those that were taken out.
    :ivar arrived: what can be read now.
    :ivar is_over: whether, behind that, the end has arrived.
    :ivar was_full: whether something ever had to wait for room.
    :ivar on_arrival: called when there is something to be read, or the end; ``on_taken``: when it
        was full, and something was read; `on_room`: when that is known at the other end.
    """

    def __init__(self, agenda: Agenda, chance: Random, weather: Weather) -> None:
        self.sent = self.read = 0
        self.arrived = bytearray()
        self.is_over = False
        self.is_finished = False
        self.was_full = False
        self.weather = weather
        self.on_arrival: Callable[[], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self.on_taken: Callable[[], None] = _nothing
        self._agenda = agenda
        self._chance = chance
        self._last = 0.0
        self._dropped = False
        self._marks: deque[tuple[int, float]] = deque()
        self._reads: list[tuple[int, float]] = []

    @property
    def room(self) -> int:
        """Octets that may be put in now."""
        return max(0, self.weather.capacity - (self.sent - self.read))

    def put(self, octets: bytes) -> int:
        """Send as much of ``octets`` as there is room for; gives how much that is."""
        taken = octets[: self.room]
        if len(taken) < len(octets):
            self.was_full = True
        self.sent += len(taken)
        self._marks.append((self.sent, self._agenda.clock.now))
        for piece in self._pieces(taken):
            self._later(self._arrive, piece)
        return len(taken)

    def put_at(self, place: int) -> float:
        """When the octet in front of ``place`` was put in; to be asked in order."""
        marks = self._marks
        while len(marks) > 1 and marks[0][0] < place:
            marks.popleft()
        return marks[0][1]

    def read_at(self, place: int) -> float | None:
        """When the octet in front of ``place`` was taken out; None while it was not."""
        at = bisect_left(self._reads, (place, 0.0))
        return self._reads[at][1] if at < len(self._reads) else None

    def change(self, weather: Weather) -> None:
        """It has this weather from now on; what waits for room goes on where there is some."""
        was_full = not self.room
        self.weather = weather
        if was_full:
            self._later(self._make_room)

    def finish(self) -> None:
        """Nothing more is to come."""
        if not self.is_finished:
            self.is_finished = True
            self._later(self._end)

    def behind(self, what: Callable[[], None]) -> None:
        """Have ``what`` called when all that is under way has arrived."""
        self._later(what)

    def take(self, most: int) -> bytes:
        """Read up to ``most`` of what has arrived."""
        if not self.arrived:
            return b""
        taken = bytes(self.arrived[:most])
        del self.arrived[:most]
        was_full = not self.room
        self.read += len(taken)
        self._reads.append((self.read, self._agenda.clock.now))
        if was_full:
            self.on_taken()
            self._later(self._make_room)
        return taken

    def drop(self) -> None:
        """What is under way is lost, and so is what has arrived."""
        self._dropped = True
        self.arrived.clear()

    def _later(self, what: Callable[..., None], *args: Any) -> None:
        # Never overtaking what was sent before.
        now = self._agenda.clock.now
        self._last = max(self._last, now + self._delay())
        self._agenda.call_at(self._last, what, *args)

    def _delay(self) -> float:
        weather, chance = self.weather, self._chance
        delay = ONWARD + weather.latency + chance.expovariate(1.0) * weather.jitter
        if weather.stalls and chance.random() < weather.stalls:
            delay += chance.random() * weather.stall
        return delay

    def _pieces(self, octets: bytes) -> list[bytes]:
        chance, weather = self._chance, self.weather
        if weather.crumbs and len(octets) <= 64 and chance.random() < weather.crumbs:
            return [octets[at : at + 1] for at in range(len(octets))]
        if len(octets) < 2 or chance.random() >= weather.cuts:
            return [octets] if octets else []
        at = sorted(chance.randrange(len(octets) + 1) for _ in range(chance.randint(1, 4)))
        ends = [0, *at, len(octets)]
        return [octets[a:b] for a, b in pairwise(ends) if a < b]

    def _arrive(self, piece: bytes) -> None:
        if not self._dropped:
            self.arrived += piece
            self.on_arrival()

    def _end(self) -> None:
        if not self._dropped:
            self.is_over = True
            self.on_arrival()

    def _make_room(self) -> None:
        self.on_room()


class Owner(Protocol):
    """Who is at the model's end of a connection."""

    def received(self, octets: bytes) -> None:
        """Octets came."""

    def ended(self, how: str) -> None:
        """The connection is over: ``how`` is "closed" or "reset". Told once."""


class ModelEnd:
    """The model's end of a connection.

    :ivar reads: whether what arrives is read; if not it waits.
    :ivar is_open: whether anything can still be sent.
    """

    def __init__(self, incoming: Stream, outgoing: Stream) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        self.owner: Owner | None = None
        self.gate_end: GateSocket | None = None
        self.reads = True
        self.is_open = True
        self._is_told = False
        self._gathers = False
        self._unsent = bytearray()
        incoming.on_arrival = self._arrived
        outgoing.on_room = self._room

    @property
    def knows_all(self) -> bool:
        """Whether nothing is under way to it: what the gate has sent, or the end."""
        stream, gate_end = self.incoming, self.gate_end
        # Of what had to wait for room, there may be more.
        is_read = stream.read == stream.sent and not stream.was_full
        return is_read and gate_end is not None and not gate_end.is_closed

    def write(self, octets: bytes) -> int:
        """Send; gives the place in the stream behind the last of these octets."""
        if not self.is_open:
            return NOWHERE
        self._unsent += octets
        if not self._gathers:
            self._room()
        return self.outgoing.sent + len(self._unsent)

    def gather(self) -> Callable[[], None]:
        """Have what is sent from now on wait, until the function is called that this gives."""
        self._gathers = True

        def let_go() -> None:
            self._gathers = False
            self._room()

        return let_go

    @property
    def gathers(self) -> bool:
        """Whether what is sent waits."""
        return self._gathers

    def finish(self) -> None:
        """Half close: nothing more is sent, but what comes is still read."""
        self.is_open = False
        self._room()

    def close(self) -> None:
        """Close in order; what comes from now on is answered with a reset."""
        if self._is_told:
            return
        self._is_told = True
        self.finish()

    def reset(self) -> None:
        """Cut it, as a program does that is killed with octets unread."""
        if not self._is_told:
            self._is_told = True
            self.is_open = False
            self.incoming.drop()
            if self.gate_end is not None:
                self.gate_end.reset_later()

    def read_on(self) -> None:
        """Read again, first of all what waits."""
        self.reads = True
        self._arrived()

    def was_reset(self) -> None:
        """The gate's end has reset the connection."""
        self.is_open = False
        self._tell("reset")

    def _room(self) -> None:
        if self._unsent:
            taken = self.outgoing.put(bytes(self._unsent))
            del self._unsent[:taken]
        if not self.is_open and not self._unsent:
            self.outgoing.finish()

    def _arrived(self) -> None:
        if not self.reads:
            return
        if self._is_told:
            self.incoming.take(1 << 30)
            if self.gate_end is not None:
                self.gate_end.reset_later()
            return
        octets = self.incoming.take(1 << 30)
        if octets and self.owner is not None:
            self.owner.received(octets)
        if self.incoming.is_over and not self.incoming.arrived:
            self._tell("closed")

    def _tell(self, how: str) -> None:
        if not self._is_told:
            self._is_told = True
            self.is_open = False
            self._room()
            if self.owner is not None:
                self.owner.ended(how)


class GateSocket:
    """What Twisted takes for a connected socket that does not block.

    :ivar is_broken: whether the model's end has reset the connection.
    :ivar on_send: called when something is to be sent, whether there is room for it or not.
    :ivar on_change: called when it may be ready to be read or written, and was not before.
    :ivar closed_at: when the gate has closed it; in the far future before.
    """

    def __init__(
        self, number: int, agenda: Agenda, here: tuple[str, int], there: tuple[str, int]
    ) -> None:
        self._number = number
        self._agenda = agenda
        self._here, self._there = here, there
        self.incoming: Stream | None = None
        self.outgoing: Stream | None = None
        self.model_end: ModelEnd | None = None
        self.is_broken = self.is_closed = False
        self.on_send: Callable[[], None] = _nothing
        self.on_change: Callable[[], None] = _nothing
        self.closed_at = float("inf")
        self.refusal = 0
        self._lingers = True

    def join(self, incoming: Stream, outgoing: Stream, model_end: ModelEnd) -> None:
        """It is connected."""
        self.incoming, self.outgoing, self.model_end = incoming, outgoing, model_end
        model_end.gate_end = self
        incoming.on_arrival = outgoing.on_taken = self.on_change
        self.on_change()

    def refuse(self, error: int) -> None:
        """It is not connected, after all: with ``error``, or, if that is 0, nothing is said."""
        self.incoming = self.outgoing = self.model_end = None
        self.refusal = error
        self.on_change()

    @property
    def is_readable(self) -> bool:
        """Whether `recv` would not block."""
        stream = self.incoming
        if stream is None:
            return bool(self.refusal)
        return self.is_broken or bool(stream.arrived) or stream.is_over

    @property
    def is_writable(self) -> bool:
        """Whether `send` would not block, or, before it is connected, whether that has come."""
        stream = self.outgoing
        if stream is None:
            return bool(self.refusal)
        return self.is_broken or stream.room > 0

    def reset_later(self) -> None:
        """The model's end has gone: that is known here in a moment."""
        self._agenda.call(0.0005, self._broken)

    def _broken(self) -> None:
        self.is_broken = True
        self.on_change()

    # What Twisted asks of a socket

    def recv(self, most: int) -> bytes:
        """Octets, or none at the end."""
        if self.is_broken:
            raise OSError(errno.ECONNRESET, "reset")
        assert self.incoming is not None
        octets = self.incoming.take(most)
        if not octets and not self.incoming.is_over:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing there")
        return octets

    def send(self, octets: memoryview) -> int:
        """How many of ``octets`` were taken."""
        self.on_send()
        if self.is_broken or self.is_closed:
            raise OSError(errno.EPIPE, "reset")
        assert self.outgoing is not None
        if not self.outgoing.room:
            self.outgoing.was_full = True
            raise BlockingIOError(errno.EWOULDBLOCK, "no room")
        return self.outgoing.put(bytes(octets))

    def shutdown(self, how: int) -> None:
        """Send the end."""
        if self.outgoing is None or self.is_broken:
            raise OSError(errno.ENOTCONN, "not connected")
        if how != socket.SHUT_RD:
            self.outgoing.finish()

    def close(self) -> None:
        """Close: with a reset if that was asked for, or if octets came that nobody reads."""
        self.closed_at = min(self.closed_at, self._agenda.clock.now)
        if self.is_closed or self.outgoing is None or self.incoming is None:
            self.is_closed = True
            return
        self.is_closed = True
        has_unread = bool(self.incoming.arrived)
        self.incoming.on_arrival = self._answer_with_reset
        if not self._lingers:
            self.outgoing.drop()
            self._reset_model()
        elif has_unread:
            self._reset_behind()
        else:
            self.outgoing.finish()

    def _answer_with_reset(self) -> None:
        # A segment like any other: it does not overtake what was sent before.
        if self.incoming is not None and self.incoming.arrived:
            self._reset_behind()

    def _reset_behind(self) -> None:
        if self.outgoing is not None and self.model_end is not None:
            self.outgoing.behind(self.model_end.was_reset)

    def _reset_model(self) -> None:
        if self.model_end is not None:
            self._agenda.call(0.0005, self.model_end.was_reset)

    def setsockopt(self, level: int, name: int, _value: Any) -> None:
        """Of interest is only the wish to reset the connection when it is closed."""
        if (level, name) == (socket.SOL_SOCKET, socket.SO_LINGER):
            self._lingers = False

    def getsockopt(self, level: int, name: int) -> int:
        """Whether a connection could be made."""
        return self.refusal if (level, name) == (socket.SOL_SOCKET, socket.SO_ERROR) else 0

    def setblocking(self, flag: bool) -> None:
        """It never does."""

    def fileno(self) -> int:
        """A number that no other socket of this world has."""
        return self._number

    def getsockname(self) -> tuple[str, int]:
        """The address of this end."""
        return self._here

    def getpeername(self) -> tuple[str, int]:
        """The address of the model's."""
        return self._there


def _nothing() -> None:
    """Nobody is there to be told."""
