"""`Lines`: requests of sessions that wait for a hook, each session's in the order of arrival.

All of a line may be asked about at the same time. The first goes on as soon as it is decided, then
the next that is; what comes of another session waits for none of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from smppgate.gate.hooks.asking import Asking, Question
from smppgate.gate.hooks.decisions import PASS, Decision

S = TypeVar("S")
R = TypeVar("R")

OVERHEAD = 1536
"""Octets that a request is counted with beside its own: its records, its view, what is asked."""


class Place(Generic[S, R]):
    """A request in the line of its session. Mutable and slotted.

    :param octets: that it occupies.
    :ivar decision: None until it is decided.
    :ivar question: what is waited for, while it is.
    """

    __slots__ = ("decision", "octets", "question", "request", "session")

    def __init__(self, session: S, request: R, octets: int) -> None:
        self.session = session
        self.request = request
        self.octets = octets + OVERHEAD
        self.decision: Decision | None = None
        self.question: Question | None = None


class _Line(Generic[S, R]):
    """Those of one session. Mutable and slotted."""

    __slots__ = ("is_moving", "places")

    def __init__(self) -> None:
        self.places: deque[Place[S, R]] = deque()
        self.is_moving = False


class Lines(Generic[S, R]):
    """The lines of all sessions; ``len()`` is the number of requests.

    :param kind: the method of hooks that is asked.
    :param default: gives what holds for a session where a hook decides nothing.
    :param go_on: is given a request, once it is decided and the first of its session.
    :param emptied: called when no session has a line any more.
    :ivar octets: what they occupy.
    """

    def __init__(
        self,
        asking: Asking,
        kind: str,
        default: Callable[[S], Decision],
        go_on: Callable[[S, R, Decision], None],
        emptied: Callable[[], None],
    ) -> None:
        self.octets = 0
        self._asking = asking
        self._kind = kind
        self._default = default
        self._go_on = go_on
        self._tell_emptied = emptied
        self._count = 0
        self._lines: dict[S, _Line[S, R]] = {}

    def __len__(self) -> int:
        return self._count

    def __contains__(self, session: object) -> bool:
        """Whether requests of ``session`` wait: what it sends now goes behind them."""
        return session in self._lines

    def sessions(self) -> list[S]:
        """Those that have a line."""
        return list(self._lines)

    def add(self, session: S, request: R, octets: int, view: object | None) -> None:
        """Let ``request`` be the last of its session.

        :param octets: those of the request.
        :param view: what hooks are shown of it; None where they are not asked, and it only goes
            behind what waits.
        """
        line = self._lines.get(session)
        if line is None:
            line = self._lines[session] = _Line()
        place: Place[S, R] = Place(session, request, octets)
        line.places.append(place)
        self.octets += place.octets
        self._count += 1
        if view is None:
            self.decided(place, PASS)
        else:
            self._ask(place, view)

    def _ask(self, place: Place[S, R], view: object) -> None:
        def decided(decision: Decision | None) -> None:
            default = self._default
            self.decided(place, decision if decision is not None else default(place.session))

        place.question = self._asking.ask(self._kind, view, decided)

    def decided(self, place: Place[S, R], decision: Decision) -> None:
        """Let it go on, and those behind it that are decided, if it is the first."""
        place.decision, place.question = decision, None
        line = self._lines.get(place.session)
        # What is sent may lead to the next decision: it has to wait until that is done.
        if line is not None and not line.is_moving:
            self._move(place.session, line)

    def _move(self, session: S, line: _Line[S, R]) -> None:
        line.is_moving = True
        try:
            while line.places and (decision := line.places[0].decision) is not None:
                place = line.places.popleft()
                self._left(place)
                self._go_on(session, place.request, decision)
        finally:
            line.is_moving = False
        if not line.places and self._lines.get(session) is line:
            self._forget(session)

    def take(self, session: S) -> list[R]:
        """All that ``session`` has waiting, in order, which waits no more."""
        line = self._lines.get(session)
        if line is None:
            return []
        places, line.places = line.places, deque()
        for place in places:
            self._left(place)
        # Behind that: what is told that no session has a line asks how many requests wait.
        self._forget(session)
        for place in places:
            if place.question is not None:
                self._asking.forget(place.question)
        return [place.request for place in places]

    def _left(self, place: Place[S, R]) -> None:
        self.octets -= place.octets
        self._count -= 1

    def _forget(self, session: S) -> None:
        del self._lines[session]
        if not self._lines:
            self._tell_emptied()
