"""The messages of a pool that are tried again are a part of all its messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.health.ejection import PoolHealth
from smppgate.routing.smscs.health.policy import RetryPolicy
from smppgate.routing.smscs.health.retry import RetryBudget


def test_ten_a_second_are_allowed_in_any_case() -> None:
    budget = RetryBudget()
    count = 0
    while budget.is_left:
        budget.retried()
        count += 1
    assert count == 100


def test_one_in_five_is_allowed_where_that_is_more() -> None:
    budget = RetryBudget()
    budget.answered(1000)
    assert budget.most == 200


def test_what_is_older_than_ten_seconds_does_not_count() -> None:
    budget = RetryBudget()
    budget.answered(1000)
    for _ in range(200):
        budget.retried()
    assert not budget.is_left
    for _ in range(9):
        budget.step()
    assert not budget.is_left
    budget.step()
    assert (budget.most, budget.retries, budget.is_left) == (100, 0, True)


@given(st.lists(st.one_of(st.integers(1, 3000), st.just(0)), max_size=60))
def test_nothing_is_tried_again_beyond_what_the_last_ten_seconds_allow(counts: list[int]) -> None:
    """``counts`` are messages of a second; every one of them is tried again if it may be."""
    budget = RetryBudget()
    messages: list[int] = []
    retries: list[int] = []
    for count in counts:
        budget.answered(count)
        messages.append(count)
        retries.append(0)
        for _ in range(count):
            if budget.is_left:
                budget.retried()
                retries[-1] += 1
        if retries[-1]:
            assert sum(retries[-10:]) <= max(100, 0.2 * sum(messages[-10:]))
        budget.step()


def test_a_message_is_sent_max_attempts_times() -> None:
    health = PoolHealth(retry=RetryPolicy(max_attempts=3))
    assert [health.may_retry(attempts) for attempts in (1, 2, 3, 4)] == [True, True, False, False]


def test_messages_that_the_budget_does_not_allow_are_counted() -> None:
    health = PoolHealth()
    while health.budget.is_left:
        health.budget.retried()
    assert not health.may_retry(1)
    assert health.budget.refused == 1


def test_an_answer_about_the_bind_is_tried_again_whatever_the_statuses_are() -> None:
    retry = RetryPolicy(statuses=frozenset({0x45}))
    assert [retry.is_retried(status) for status in (0x45, 0x04, 0x08)] == [True, True, False]
