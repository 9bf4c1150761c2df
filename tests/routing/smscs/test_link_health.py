"""What answers, and their absence, show of an SMSC."""

from __future__ import annotations

import pytest

from smppgate.routing.smscs.link_health import LinkHealth
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from tests.routing.fakes import raw

SUBMIT_RESP, DATA_RESP = CommandId.SUBMIT_SM_RESP, CommandId.DATA_SM_RESP


def heard(health: LinkHealth, *statuses: int, command: int = SUBMIT_RESP) -> None:
    health.heard([raw(command, status, 1) for status in statuses])


def timed_out(health: LinkHealth, count: int, command: int = CommandId.SUBMIT_SM) -> None:
    health.timed_out([Request(command, 0.0)] * count)


@pytest.mark.parametrize("status", [0x04, 0x05, 0x0D, 0x0E, 0x0F])
@pytest.mark.parametrize("command", [SUBMIT_RESP, DATA_RESP, CommandId.GENERIC_NACK])
def test_three_such_answers_show_that_the_bind_is_forgotten(status: int, command: int) -> None:
    health = LinkHealth(5)
    heard(health, status, status, command=command)
    assert (health.is_watched, health.complaint, health.works) == (True, "", True)
    heard(health, status, command=command)
    assert health.complaint == "the SMSC has forgotten the bind"
    assert not health.works


@pytest.mark.parametrize("statuses", [(4, 4, 0, 4, 4), (0, 8, 0x58, 0x0B, 4, 4), (0x0B,) * 9])
def test_with_an_ok_between_or_other_errors_it_is_not(statuses: tuple[int, ...]) -> None:
    health = LinkHealth(5)
    heard(health, *statuses)
    assert health.complaint == ""


def test_other_errors_between_change_nothing() -> None:
    health = LinkHealth(5)
    heard(health, 4, 8, 4, 0x58, 4)
    assert health.is_forgotten


def test_answers_to_other_requests_show_nothing() -> None:
    health = LinkHealth(5)
    heard(health, 4, 4, 4, command=CommandId.QUERY_SM_RESP)
    assert not health.is_watched


def test_messages_in_a_row_without_an_answer_show_that_it_is_silent() -> None:
    """In one look of the timer or in several; any answer begins the count anew."""
    health = LinkHealth(5)
    timed_out(health, 4)
    heard(health, 8)
    timed_out(health, 4)
    assert health.complaint == ""
    timed_out(health, 1)
    assert health.complaint == "no answer in time to 5 messages in a row"
    assert not health.works
    heard(health, 0)
    assert health.works


def test_requests_that_are_no_messages_do_not_count() -> None:
    """Some SMSCs never answer a submit_multi."""
    health = LinkHealth(1)
    timed_out(health, 9, CommandId.SUBMIT_MULTI)
    assert not health.is_silent


@pytest.mark.parametrize(("count", "window", "is_ill"), [(0, 1, 0), (4, 10, 0), (5, 10, 1)])
def test_half_a_window_of_late_ones_is_too_much(count: int, window: int, is_ill: int) -> None:
    """The link works still, slowly."""
    health = LinkHealth(5)
    health.overdue(count, window)
    assert bool(health.complaint) is bool(is_ill)
    assert health.works


def test_without_a_limit_it_is_never_silent() -> None:
    health = LinkHealth(0)
    timed_out(health, 1000)
    health.overdue(1000, 10)
    assert (health.complaint, health.works) == ("", True)
