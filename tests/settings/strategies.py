"""Hypothesis' strategies of settings: `random_settings` with chance that hypothesis decides."""

from __future__ import annotations

from hypothesis import strategies as st

from smppgate.settings import Settings
from tests.settings.random_settings import WORDS, drawn, mutated

_RANDOM = st.randoms(use_true_random=False)

SETTINGS = _RANDOM.map(lambda random: drawn(random, WORDS))
"""Valid settings of all kinds."""


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Settings, Settings]:
    """Settings, and those after a reload: changed in a few places, or others altogether."""
    old = draw(SETTINGS)
    new = draw(SETTINGS) if draw(st.integers(0, 3)) == 3 else mutated(old, draw(_RANDOM), WORDS)
    return old, new
