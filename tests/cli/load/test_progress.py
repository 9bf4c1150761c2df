"""The progress bar: only on a terminal, and gone with the run."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from smppgate.cli.load.progress import ProgressBar
from tests.cli.load.rig import Rig


@pytest.mark.parametrize(("count", "duration"), [(10, None), (None, 5.0)])
def test_on_a_terminal_it_shows_how_far_the_run_is(
    count: int | None, duration: float | None
) -> None:
    """What was answered, the rate and what went wrong; redrawn with the clock."""
    rig = Rig(window=2, count=count).start()
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with ProgressBar(rig.run, count, duration, rig.clock, console):
        first, second = rig.submitted()
        rig.clock.advance(1.0)
        rig.peers[0].answer(first, b"id\0")
        rig.peers[0].answer(second, status=0x58)
        rig.clock.advance(0.25)
        assert "2 answered, 2 msg/s, 1 not ok" in screen.getvalue()
    rig.run.start().addErrback(lambda _: None).cancel()
    drawn = screen.getvalue()
    rig.clock.advance(1.0)
    assert screen.getvalue() == drawn


def test_elsewhere_it_shows_nothing() -> None:
    """A file or a pipe gets no control characters, nor anything else."""
    rig = Rig(window=2).start()
    screen = StringIO()
    before = len(rig.clock.getDelayedCalls())
    with ProgressBar(rig.run, 10, None, rig.clock, Console(file=screen)):
        assert len(rig.clock.getDelayedCalls()) == before
        rig.clock.advance(1.0)
    assert screen.getvalue() == ""
