"""Slots of links where there is one process."""

from __future__ import annotations

from smppgate.store.one_process import OneProcess
from tests.store.fakes import result_of


def test_an_smsc_has_slots_up_to_its_limit() -> None:
    store = OneProcess()
    assert [result_of(store.take_slot("alpha", 2)) for _ in range(3)] == [True, True, False]
    assert result_of(store.take_slot("beta", 1))
    store.give_slot("alpha")
    assert [result_of(store.take_slot("alpha", 2)) for _ in range(2)] == [True, False]
    # With a higher one there is room again; with a lower one there is none.
    assert [result_of(store.take_slot("alpha", limit)) for limit in (3, 2)] == [True, False]


def test_what_was_not_taken_cannot_be_given_back() -> None:
    store = OneProcess()
    store.give_slot("alpha")
    assert [result_of(store.take_slot("alpha", 1)) for _ in range(2)] == [True, False]
