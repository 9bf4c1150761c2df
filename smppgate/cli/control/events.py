"""``smppgate events``: what happens in a running gate, as it happens."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPResponse
from typing import Any

from attrs import define, field, frozen

from smppgate.cli.control.asking import Asking, print_json
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.options import whole_number
from smppgate.cli.control.screen import print_lines
from smppgate.cli.control.tables import Cell, Line
from smppgate.cli.control.texts import local_time, shown

SILENCE = 45.0
"""Seconds without an octet after which a gate is taken to be gone: it writes some each 15."""

SHORTEST_WAIT, LONGEST_WAIT = 0.5, 10.0
"""Seconds before a gate that went away is asked again; they double each time."""

LONGEST_LINE = 1024 * 1024
"""Octets; an event has a few hundred."""

_STYLES = {
    **dict.fromkeys(("bound", "returned", "pool_up"), "green"),
    **dict.fromkeys(("lost", "link_failed", "connection_refused", "operator"), "yellow"),
    **dict.fromkeys(("refused", "ejected", "pool_down", "reload_refused"), "red"),
}


@frozen
class Event:
    """:ivar number: empty where it has none. :ivar value: its JSON."""

    number: str
    value: Any


@define
class Reading:
    """The lines of one stream of server-sent events. Mutable.

    :ivar number: of the last event that was whole.
    """

    number: str
    _next: str = field(init=False)
    _data: str = field(default="", init=False)

    @_next.default
    def _first(self) -> str:
        return self.number

    def taken(self, line: str) -> Event | None:
        """The event that ends with this line, if one does.

        :raises ValueError: it is no JSON.
        """
        if line:
            self._take_field(line)
            return None
        self.number = self._next
        data, self._data = self._data, ""
        return Event(self.number, json.loads(data)) if data else None

    def _take_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id" and "\0" not in value:
            self._next = value
        elif name == "data":
            self._data += ("\n" if self._data else "") + value


class Following:
    """The events of a gate, also when it goes away and comes back.

    One that was started again has numbers of its own: it sends all that it has where it is asked
    for those behind a number that it has not reached.

    :param since: the number of the event in front of the first.
    :param wait: waits so many seconds.
    :param tell: is told when the gate went away.
    """

    def __init__(
        self,
        gate: Gate,
        since: int,
        wait: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._gate = gate
        self._last = str(since)
        self._wait = wait
        self._tell = tell
        self._is_reached = False

    def events(self) -> Iterator[Event]:
        """The events, for ever.

        :raises NotReached: the gate was not reached in the first place.
        :raises Refused: it does not let us, whenever that is.
        """
        pause = SHORTEST_WAIT
        while True:
            try:
                for event in self._of_one_connection():
                    pause = SHORTEST_WAIT
                    yield event
            except NotReached as error:
                if not self._is_reached:
                    raise
                self._tell(f"{error}; trying again")
                self._wait(pause)
                pause = min(pause * 2, LONGEST_WAIT)

    def _of_one_connection(self) -> Iterator[Event]:
        """Those of one connection.

        :raises NotReached: when it ends.
        """
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self._last}
        with self._gate.stream("events", headers=headers, silence=SILENCE) as answer:
            self._is_reached = True
            for event in self._read(answer):
                self._last = event.number
                yield event

    def _read(self, answer: HTTPResponse) -> Iterator[Event]:
        reading = Reading(self._last)
        for line in lines_of(answer, str(self._gate)):
            try:
                event = reading.taken(line)
            except ValueError:
                raise NotReached(f"{self._gate} sends something else than JSON") from None
            if event is not None:
                yield event
        raise NotReached(f"{self._gate} has ended the stream")


def lines_of(answer: HTTPResponse, who: str) -> Iterator[str]:
    """The lines of a stream, until it ends.

    :raises NotReached: its gate has gone.
    """
    while True:
        try:
            line = answer.readline(LONGEST_LINE)
        except OSError as error:
            raise NotReached(f"{who} has gone: {shown(error)}") from None
        if not line.endswith(b"\n"):
            return
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def event_line(value: Any) -> Line:
    """An event for people."""
    if not isinstance(value, dict):
        return (Cell(shown(value)),)
    kind = shown(value.get("kind"))
    return (
        Cell(local_time(value.get("time")), "dim"),
        Cell(kind.ljust(14), _STYLES.get(kind, "")),
        Cell(shown(value.get("text"))),
    )


def _print_all(events: Iterable[Event], is_json: bool) -> None:
    for event in events:
        if is_json:
            print_json(event.value, indent=None)
        else:
            print_lines([event_line(event.value)])
            sys.stdout.flush()


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since",
        type=whole_number,
        default=0,
        metavar="N",
        help="begin behind event N (default 0: with all that the gate has kept, up to 1,000)",
    )
    parser.add_argument("--json", action="store_true", help="each as JSON on a line of its own")


def _work(gate: Gate, args: argparse.Namespace) -> int:
    def tell(line: str) -> None:
        print(f"smppgate {args.command}: {line}", file=sys.stderr, flush=True)

    _print_all(Following(gate, args.since, tell=tell).events(), args.json)
    return 0


EVENTS = Asking(
    "Show what happens, as it happens: binds, losses, ejections, what operators do, reloads; "
    "first what has happened before. It goes on until Ctrl-C, and when the gate is started again.",
    _add_arguments,
    _work,
)
