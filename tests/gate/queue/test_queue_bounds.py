"""Queues in octets: large messages take no more memory than small ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.gate.queue.sender import _within
from smppgate.store import Limits, MemoryStore, NewMessage, QueuedMessage, StoreError
from smppgate.store.memory import MOST_QUEUED
from tests.fakes import outcomes


@given(st.lists(st.integers(0, 100), min_size=1))
def test_what_is_read_is_bounded_and_never_nothing(sizes: list[int]) -> None:
    """The longest beginning with 150 octets or less, else the first message alone."""
    messages = [QueuedMessage(at, bytes(size), 0.0) for at, size in enumerate(sizes)]
    kept = _within(messages, 150)
    assert kept == messages[: len(kept)]
    assert len(kept) == 1 or sum(len(message.pdu) for message in kept) <= 150
    if len(kept) < len(messages):
        assert sum(sizes[: len(kept) + 1]) > 150


def test_a_queue_in_memory_is_bounded_in_octets() -> None:
    """Beyond it the SMSC keeps its messages; what leaves makes room."""
    store = MemoryStore(Clock(), Limits())
    large = NewMessage(b"acme", bytes(MOST_QUEUED // 4), 1e9)
    for _ in range(4):
        assert outcomes(store.enqueue([large])) == [None]
    (failure,) = outcomes(store.enqueue([large]))
    assert failure.check(StoreError)  # type: ignore[union-attr]
    (messages,) = outcomes(store.queued(b"acme", 0, 10))
    store.remove_queued([messages[0].number])  # type: ignore[index,union-attr]
    assert outcomes(store.enqueue([large])) == [None]
