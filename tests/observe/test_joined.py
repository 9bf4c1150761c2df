"""Metrics of several workers as those of one gate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.observe.families import FAMILIES
from smppgate.observe.family import Distribution, Joining
from smppgate.observe.joined import Departed, Joined, octets_of, told_by

BY_NAME = {family.name: family for family in FAMILIES}

SUMS = "smppgate_account_messages_total"
MOST = "smppgate_waiting_oldest_seconds"
EACH = "smppgate_reactor_lag_seconds"
LATENCY = "smppgate_smsc_latency_seconds"


def joined(*told: tuple[str, Any]) -> Joined:
    """By worker and what it has told, over the wire."""
    found = Joined()
    for worker, each in told:
        for read in told_by(octets_of(each)):
            found.add(worker, read)
    return found


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_has_a_rule_that_fits_it(family: Any) -> None:
    if family.kind == "counter":
        assert family.joining is Joining.SUM
    if "worker" in family.labels:
        raise AssertionError("the label is of joined series alone")


def test_states_of_links_are_summed_so_that_one_worker_without_them_is_no_alarm() -> None:
    """A link belongs to one worker; the others have none of its state."""
    assert BY_NAME["smppgate_smsc_links"].joining is Joining.SUM
    assert BY_NAME["smppgate_pool_up"].joining is Joining.MOST
    assert BY_NAME["smppgate_peer_state"].joining is Joining.NONE


def test_rules_are_applied() -> None:
    acme = ("acme", "submit_sm", "ESME_ROK")
    found = joined(
        ("1", (SUMS, [(acme, 3)])),
        ("2", (SUMS, [(acme, 4), (("bolt", "submit_sm", "ESME_ROK"), 1)])),
        ("1", (MOST, [(("main",), 1.5)])),
        ("2", (MOST, [(("main",), 0.5)])),
        ("1", ("smppgate_peer_state", [(("2", "up"), 1)])),
        ("1", (EACH, [((), Distribution([1] * 13, 0.5))])),
        ("2", (EACH, [((), Distribution([2] * 13, 0.25))])),
        ("1", ("process_resident_memory_bytes", [((), 7.0)])),
        ("1", ("smppgate_of_a_later_version", [(("x",), 1)])),
    )
    assert found.rows(SUMS) == {acme: 7, ("bolt", "submit_sm", "ESME_ROK"): 1}
    assert found.rows(MOST) == {("main",): 1.5}
    assert not found.rows("smppgate_peer_state")
    assert {key: value.sum for key, value in found.rows(EACH).items()} == {
        ("1",): 0.5,
        ("2",): 0.25,
    }
    assert found.rows("process_resident_memory_bytes") == {("1",): 7.0}


def test_histograms_are_summed_by_bucket() -> None:
    found = joined(
        ("1", (LATENCY, [(("alpha",), Distribution((1, 2), 0.5))])),
        ("2", (LATENCY, [(("alpha",), Distribution((0, 3), 1.0))])),
    )
    assert found.rows(LATENCY) == {("alpha",): Distribution([1, 5], 1.5)}


COUNTS = st.dictionaries(
    st.sampled_from([("a", "x", "y"), ("b", "x", "y"), ("c", "x", "y")]), st.integers(0, 1 << 50)
)


@given(st.lists(COUNTS, max_size=5))
def test_the_sum_of_the_parts_is_the_whole(parts: list[dict[Any, int]]) -> None:
    found = joined(*((str(n), (SUMS, list(each.items()))) for n, each in enumerate(parts)))
    whole = {key: sum(each.get(key, 0) for each in parts) for each in parts for key in each}
    assert found.rows(SUMS) == whole


def test_what_the_departed_had_counted_stays_and_nothing_else_of_them() -> None:
    departed = Departed()
    for told in (
        (SUMS, [(("acme", "x", "y"), 3)]),
        (MOST, [(("main",), 9.0)]),
        ("smppgate_smsc_links", [(("alpha", "bound"), 1)]),
        (EACH, [((), [[1] * 13, 0.5])]),
        ("process_cpu_seconds_total", [((), 3.0)]),
    ):
        departed.add(told)
        departed.add(told)
    assert list(departed.told()) == [(SUMS, [(("acme", "x", "y"), 6)])]
    departed.keep(lambda label, value: (label, value) != ("account", "acme"))
    assert list(departed.told()) == []
