"""``smppgate top``: the gate at work, live in the terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from contextlib import suppress

from smppgate.cli.control.asking import Asking
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.frame import frame
from smppgate.cli.control.keys import Keys, keys
from smppgate.cli.control.looks import Looks
from smppgate.cli.control.options import seconds_of
from smppgate.cli.control.screen import can_redraw, print_lines, room, styled
from smppgate.cli.control.tables import Cell, Line
from smppgate.cli.extra import needed

DEFAULT_INTERVAL = 2.0
"""Seconds between two looks."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interval",
        type=seconds_of(0.1, 3600),
        default=DEFAULT_INTERVAL,
        metavar="SECONDS",
        help="between two looks (default %(default)g)",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="write one screen, of two looks, and end; so it is where no terminal is",
    )


def _work(gate: Gate, args: argparse.Namespace) -> int:
    looks = Looks(gate, time.monotonic())
    if args.once or not can_redraw():
        time.sleep(args.interval)
        looks.again(time.monotonic())
        print_lines(frame(looks, args.interval, room(), None))
        return 0
    with suppress(KeyboardInterrupt):
        _follow(looks, args.interval)
    return 0


def _follow(looks: Looks, interval: float) -> None:
    """Show it until q is pressed."""
    with needed():
        from rich.console import Console  # noqa: PLC0415
        from rich.live import Live  # noqa: PLC0415

    console = Console(highlight=False)
    with (
        keys(sys.stdin) as pressed,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        trouble = ""
        while True:
            lines = _fitted(looks, interval, trouble)
            live.update(styled(lines), refresh=True)
            if _is_ended(pressed, interval):
                return
            try:
                looks.again(time.monotonic())
                trouble = ""
            except NotReached as error:
                trouble = str(error)


def _is_ended(pressed: Keys, interval: float) -> bool:
    """Wait for the next look; whether q was pressed meanwhile."""
    deadline = time.monotonic() + interval
    while (left := deadline - time.monotonic()) > 0:
        if pressed.next(left) in ("q", "Q"):
            return True
    return False


def _fitted(looks: Looks, interval: float, trouble: str) -> list[Line]:
    width, height = shutil.get_terminal_size()
    lines = frame(looks, interval, width, height - 1)[: height - 1]
    hint = Cell(trouble, "red") if trouble else Cell("q ends", "dim")
    return [*lines, (hint,)]


TOP = Asking(
    "Show the gate at work, live in the terminal: throughput, errors, what waits, each SMSC with "
    "its share, window and latency, and the busiest accounts. q or Ctrl-C ends it.",
    _add_arguments,
    _work,
)
