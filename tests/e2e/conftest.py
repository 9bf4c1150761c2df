"""Half of the tests here have gates whose reads take no lane: it must make no difference."""

from __future__ import annotations

import os
from zlib import crc32

import pytest


@pytest.fixture(autouse=True)
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it or without: a test always the same, unless ``GATE_LANE`` says so for all."""
    if "GATE_LANE" not in os.environ and crc32(request.node.name.encode()) & 1:
        monkeypatch.setenv("GATE_LANE", "off")
