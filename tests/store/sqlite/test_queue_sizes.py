"""`QueueSizes`: what has room is counted at once."""

from __future__ import annotations

from smppgate.store import Enqueued, NewMessage
from smppgate.store.sqlite.queue_sizes import QueueSizes

STORED, FULL = Enqueued.STORED, Enqueued.FULL


def message(account: bytes, limit: int = 2) -> NewMessage:
    return NewMessage(account, b"pdu", 1000.0, limit)


def test_what_is_on_disk_at_the_start_takes_room() -> None:
    sizes = QueueSizes()
    sizes.begin({b"one": 1})
    assert sizes.admit([message(b"one"), message(b"one"), message(b"two")], {}) == [
        STORED,
        FULL,
        STORED,
    ]


def test_what_is_gone_makes_room() -> None:
    sizes = QueueSizes()
    sizes.admit([message(b"one")] * 2, {})
    sizes.take_off({b"one": 1, b"unknown": 3})
    assert sizes.admit([message(b"one")] * 2, {}) == [STORED, FULL]


def test_what_is_about_to_be_removed_takes_no_room() -> None:
    sizes = QueueSizes()
    sizes.admit([message(b"one")] * 2, {})
    assert sizes.admit([message(b"one")] * 2, {b"one": {7}}) == [STORED, FULL]


def test_a_limit_that_was_lowered_counts_for_what_comes_after() -> None:
    sizes = QueueSizes()
    sizes.admit([message(b"one", 10)] * 5, {})
    assert sizes.admit([message(b"one", 3)], {}) == [FULL]
