"""Files that vanish are made again of what memory has, and what they had is not taken for none."""

from __future__ import annotations

import pytest
from twisted.logger import formatEvent

from smppgate.store.records import Limits
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import errors, logged, octets
from tests.store.segments.boxes import LIFETIME, Box


def _logs(box: Box) -> list[str]:
    return sorted(name for name in box.folder.sizes() if name.endswith(".log"))


def _box() -> Box:
    """One with nothing indexed yet."""
    limits = Limits(return_paths_in_memory=5000, return_path_ttl=LIFETIME)
    return Box(limits, Sizes(table=100, piece=4000))


@pytest.mark.parametrize("how", ["file", "folder", "replaced"])
def test_what_has_vanished_is_written_again(how: str) -> None:
    box = _box()
    box.fill(500)
    box.paths.end([octets(3), octets(4)], 0.0)
    box.keep({octets(4): b"value-4", octets(5): b"value-5"})
    box.paths.end([octets(5)], 500.0)
    box.tick()
    if how == "folder":
        box.folder.vanish()
    else:
        box.folder.remove("00000001.log")
    if how == "replaced":
        box.folder.append("00000001.log").write(b"other")
    with logged() as events:
        box.tick()
        assert "00000001.log of return paths is gone" in formatEvent(errors(events)[0])
    box.fill(100, 500)
    box.clock.pump([0.0] * 10)
    box.folder.files.pop("00000001.log", None)
    box.kill()
    assert box.numbers(0, 700) == set(range(600)) - {3}
    box.clock.advance(500.0)
    assert not box.find([octets(5)]).paths


def test_it_is_written_bit_by_bit_as_it_is_by_then() -> None:
    """What is kept anew or ended meanwhile is not overwritten by what was."""
    box = _box()
    box.fill(3000)
    box.folder.vanish()
    box.clock.advance(1.0)
    box.paths.tick()
    assert box.paths._watch._again is not None
    box.paths.keep({octets(2500): b"new"})
    box.paths.end([octets(2600)], 0.0)
    box.paths.append_ends()
    box.clock.pump([0.0] * 100)
    assert box.paths._watch._again is None
    box.kill()
    assert box.find([octets(2500)]).paths == {octets(2500): b"new"}
    assert box.numbers(2501, 3000) == set(range(2501, 3000)) - {2600}


def test_closing_writes_the_rest_of_it() -> None:
    box = _box()
    box.fill(3000)
    box.folder.vanish()
    box.clock.advance(1.0)
    box.paths.tick()
    box.restart()
    assert box.numbers(0, 3000) == set(range(3000))


def test_old_segments_that_vanish_are_forgotten_and_counted() -> None:
    box = Box()
    box.fill(1000)
    box.tick()
    oldest = _logs(box)[0]
    box.folder.remove(oldest)
    with logged() as events:
        box.tick()
        assert any(oldest in formatEvent(event) for event in errors(events))
    assert box.paths.forgotten > 50
    found = box.find(octets(it) for it in range(1000))
    assert found.is_complete
    assert len(found.paths) == 1000 - box.paths.forgotten


def test_an_index_that_vanishes_is_made_anew() -> None:
    """Until then nobody is told that something is not there."""
    box = Box()
    box.fill(1000)
    box.tick()
    oldest = sorted(name for name in box.folder.sizes() if name.endswith(".idx"))[0]
    box.folder.remove(oldest)
    assert not box.find([octets(0)]).is_complete
    box.tick(3)
    assert oldest in box.folder.sizes()
    assert box.numbers(0, 1000) == set(range(1000))
    assert str(box.faults) == ""


def test_a_folder_that_cannot_be_looked_at_is_a_fault() -> None:
    box = _box()
    box.keep({b"key": b"1"})
    box.folder.fault = OSError("a test says no")
    box.tick(2)
    assert "folder: a test says no" in str(box.faults)
    box.folder.fault = None
    box.tick(2)
    assert str(box.faults) == ""


def test_a_segment_that_is_closed_meanwhile_has_not_vanished() -> None:
    box = Box()
    worker = box.workers.keeper
    worker.holds = True  # type: ignore[attr-defined]
    box.fill(20)
    box.paths.tick()
    box.fill(500, 20)
    with logged() as events:
        worker.go_on()  # type: ignore[attr-defined]
        box.tick(2)
    assert not errors(events)
    assert box.numbers(0, 520) == set(range(520))
