"""What a process is told before it runs the gate."""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Iterator

import pytest

from smppgate.daemon.process import prepare_process


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    limits, thresholds = resource.getrlimit(resource.RLIMIT_NOFILE), gc.get_threshold()
    interval = sys.getswitchinterval()
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


def test_the_limit_of_descriptors_is_raised_to_the_hard_one() -> None:
    """The soft one is 1024 on most systems."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    prepare_process()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


def test_what_is_there_before_the_first_message_is_not_searched_for_garbage() -> None:
    prepare_process()
    assert gc.get_freeze_count() > 0


def test_threads_wait_a_millisecond_for_the_interpreter() -> None:
    prepare_process()
    assert sys.getswitchinterval() == pytest.approx(0.001)
