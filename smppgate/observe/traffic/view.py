"""`View`: what one client sees of the traffic, as octets of its form, and no more than it reads.

What is seen is kept as it is, and put into its form later, a little at a time: so a view takes a
set share of the time of the reactor at the most, whatever passes. What it cannot take in that, or
its client does not read, is left out, counted and told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.observe.traffic.interest import Interest
from smppgate.observe.traffic.seen import Place, Seen, Session
from smppgate.observe.traffic.watch import Watch
from smppgate.txsmpp.clock import Clock

MOST_KEPT = 4 << 20
"""Octets of PDUs that are not in their form yet."""

_COST = 300
"""Octets that one takes beside its own."""

_AT_ONCE = 20
"""That many are put into their form between two looks at the clock."""


class Form(Protocol):
    """How what is seen is written."""

    def head(self) -> bytes:
        """What comes first."""

    def seen(self, seen: Seen) -> bytes:
        """One of what was seen; empty for what this form has no place for."""

    def left_out(self, count: int, time: float) -> bytes:
        """So many were left out here; ``time`` is that of the next, seconds since 1970."""

    def sign_of_life(self, time: float) -> bytes:
        """Nothing, so that a connection is not idle."""


class View:
    """One view.

    :param write: takes octets of the form; `pause` says that it takes none now.
    :param wake: called when there is something for `work`.
    :param begin: lets a watch see its session; ``end``: no longer.
    """

    def __init__(
        self,
        interest: Interest,
        form: Form,
        clock: Clock,
        wake: Callable[[], None],
        begin: Callable[[Watch], None],
        end: Callable[[Watch], None],
    ) -> None:
        self.interest = interest
        self.left_out = 0
        """What was left out so far."""
        self._form = form
        self._clock = clock
        self._wake = wake
        self._begin = begin
        self._end = end
        self._write: Callable[[bytes], None] | None = None
        self._finish: Callable[[], None] | None = None
        self._is_paused = False
        self._places = 0
        self._watches: dict[object, Watch] = {}
        self._kept: deque[Seen | int] = deque()
        self._size = 0
        self._missing = 0

    # Which sessions it sees

    def meet(self, session: Session, is_bound: bool) -> None:
        """Watch ``session`` if it is of interest, or may turn out to be."""
        if session in self._watches or not self._may_matter(session, is_bound):
            return
        interest = self.interest
        is_esme = isinstance(session, EsmeProtocol)
        others = interest.smsc if is_esme else interest.account
        is_strange = is_esme and not is_bound and interest.account != ""
        watch = Watch(
            self,
            session,
            decides=not others or self._serves_one(session),
            is_strange=is_strange,
        )
        self._watches[session] = watch
        self._begin(watch)

    def _may_matter(self, session: Session, is_bound: bool) -> bool:
        interest = self.interest
        if not isinstance(session, EsmeProtocol):
            return interest.smsc in ("", session.smsc.name)
        if not interest.account or not is_bound:
            return True
        return session.system_id.decode("latin-1") == interest.account

    def _serves_one(self, session: Session) -> bool:
        """Whether it is a session with an SMSC for one ESME that is of interest."""
        owner = None if isinstance(session, EsmeProtocol) else session.owner
        return owner is not None and owner in self._watches

    def watch_of(self, session: object) -> Watch | None:
        """What it sees of ``session``, if anything."""
        return self._watches.get(session)

    def others_are_busy(self, watch: Watch) -> bool:
        """Whether a session on the other side of the gate, that is watched, waits for answers."""
        is_esme = watch.is_esme
        return any(
            each.session.unanswered for each in self._watches.values() if each.is_esme != is_esme
        )

    def place_of(self, session: Session) -> Place:
        """The next place."""
        self._places += 1
        return Place.of(session, self._places)

    def leave(self, watch: Watch) -> None:
        """The session is of no interest, or has ended."""
        if self._watches.get(watch.session) is watch:
            del self._watches[watch.session]
        self._end(watch)

    def close(self) -> None:
        """See no more."""
        self._write = None
        self._kept.clear()
        for watch in list(self._watches.values()):
            self.leave(watch)

    # What it has seen

    @property
    def is_full(self) -> bool:
        """Whether it can take nothing more now."""
        return self._size > MOST_KEPT

    def pass_over(self, count: int) -> None:
        """So many were seen and are left out."""
        self._missing += count
        self.left_out += count

    def add(self, seen: Seen) -> None:
        """Something was seen."""
        if self._finish is not None:
            return
        if self.is_full:
            self.pass_over(1)
            return
        self._tell_missing()
        if not (self._kept or self._is_paused):
            self._wake()
        self._kept.append(seen)
        self._size += len(seen.octets) + _COST

    @property
    def has_work(self) -> bool:
        """Whether there is something to be written, and its client reads."""
        return not self._is_paused and (bool(self._kept) or self._finish is not None)

    def start(self, write: Callable[[bytes], None]) -> None:
        """Write from now on."""
        self._write = write
        write(self._form.head())

    def pause(self, is_paused: bool) -> None:
        """The client does not read as fast as it is written to, or does again."""
        self._is_paused = is_paused
        if self.has_work:
            self._wake()

    def sign_of_life(self) -> None:
        """Write something, if that is nothing."""
        if self._write is not None and not self._is_paused:
            self._write(self._form.sign_of_life(self._clock.wall()))

    def finish(self, then: Callable[[], None]) -> None:
        """See no more, and call ``then`` when all is written that was seen."""
        self._finish = then
        self._wake()

    def work(self, until: float) -> None:
        """Write what was seen, until that time on the clock or until its client stops reading."""
        self._tell_missing()
        while self._kept and not self._is_paused and self._write is not None:
            pieces: list[bytes] = []
            while self._kept and len(pieces) < _AT_ONCE:
                pieces.append(self._octets(self._kept.popleft()))
            self._write(b"".join(pieces))
            if self._clock.monotonic() >= until:
                break
        then = self._finish
        if then is not None and not (self._kept or self._is_paused):
            if self._write is not None:
                self._write(self._form.sign_of_life(self._clock.wall()))
            then()

    def _tell_missing(self) -> None:
        """What was left out has its place behind what was kept before."""
        if self._missing:
            self._kept.append(self._missing)
            self._missing = 0

    def _octets(self, kept: Seen | int) -> bytes:
        if isinstance(kept, int):
            return self._form.left_out(kept, self._clock.wall())
        self._size -= len(kept.octets) + _COST
        return self._form.seen(kept)
