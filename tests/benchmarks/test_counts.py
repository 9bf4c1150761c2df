"""Books of peers, and those of the gate."""

from __future__ import annotations

from collections import Counter

from benchmarks import wire
from benchmarks.counts.books import Books, of_lists, of_metrics

METRICS = """\
# HELP smppgate_account_messages_total Requests.
# TYPE smppgate_account_messages_total counter
smppgate_account_messages_total{account="acme",command="submit_sm",status="ESME_ROK"} 12.0
smppgate_account_messages_total{account="acme",command="submit_sm",status="0x00000400"} 1.0
smppgate_account_messages_total{account="acme",command="deliver_sm",status="ESME_ROK"} 0.0
smppgate_account_over_rate_total{account="acme"} 7.0
smppgate_smsc_messages_total{command="data_sm",smsc="a",status="ESME_RTHROTTLED"} 2.0
smppgate_receipts_total{matched="false",smsc="a",state="other"} 1.0
"""


def books() -> Books:
    """Those of peers who saw what is in `METRICS`."""
    found = Books()
    for _ in range(12):
        found.account("acme", wire.SUBMIT_SM, 0)
    found.account("acme", wire.SUBMIT_SM, 0x400)
    for _ in range(2):
        found.smsc("a", wire.DATA_SM, wire.THROTTLED)
    found.receipt("a", "other", False)
    return found


def test_metrics_are_read_as_peers_count() -> None:
    assert of_metrics(METRICS) == books()


def test_a_message_more_is_seen() -> None:
    more = books()
    more.account("acme", wire.SUBMIT_SM, 0)
    assert of_metrics(METRICS) != more


def test_lists_are_sums_of_the_same() -> None:
    accounts = [{"system_id": "acme", "messages": 13, "errors": 1}]
    smscs = [{"name": "a", "taken": 0, "refused": 2}]
    asked = Counter({("a", "refused"): 2})
    assert of_lists(accounts, smscs) == books().summed(asked)


def test_deliveries_are_no_messages_of_an_account() -> None:
    found = Books()
    found.account("acme", wire.DELIVER_SM, 0x08)
    assert not found.summed(Counter())
