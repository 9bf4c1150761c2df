"""After random reloads a gate answers like one that was started with the same settings."""

from __future__ import annotations

import os

import pytest

from tests.gate.reloading import wrong_after

COUNT = int(os.environ.get("RELOADS", "200"))
"""Reloads; ``RELOADS=1000`` makes a thousand of them."""

_IN_A_ROW = 10


@pytest.mark.parametrize("seed", range(COUNT // _IN_A_ROW))
def test_a_reloaded_gate_is_like_a_fresh_one(seed: int) -> None:
    """And what a change does not concern is the same as before, and has heard nothing."""
    assert wrong_after(seed, _IN_A_ROW) == []
