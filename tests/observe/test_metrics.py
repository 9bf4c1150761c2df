"""What the metrics of a gate say, on a gateway in memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater

from smppgate.observe.families import FAMILIES
from smppgate.observe.metrics import SLICE
from smppgate.settings import PoolSettings, RewriteSettings
from smppgate.txsmpp.pdu import DeliverSm, QuerySm
from tests.gate import memory_gateway
from tests.gate.memory_gateway import bind
from tests.gate.test_reload import SUBMIT, bound, esme, linked, reload, smsc
from tests.observe.observing import Observed

RANGED = esme(address_ranges=("4670*",))


def test_every_account_and_smsc_is_there_at_0_from_the_first_scrape() -> None:
    seen = Observed(smsc("alpha"), esme=(esme(), esme("bolt")))
    for name in ("acme", "bolt"):
        for command in ("submit_sm", "deliver_sm"):
            labels = {"account": name, "command": command, "status": "ESME_ROK"}
            assert seen.value("account_messages_total", **labels) == 0
        assert seen.value("account_sessions", account=name, bind="receiver") == 0
        assert seen.value("account_over_rate_total", account=name) == 0
    labels = {"smsc": "alpha", "command": "submit_sm", "status": "ESME_ROK"}
    assert seen.value("smsc_messages_total", **labels) == 0
    assert seen.value("smsc_latency_seconds_count", smsc="alpha") == 0
    assert seen.value("receipts_total", smsc="alpha", state="DELIVRD", matched="true") == 0
    assert seen.value("smsc_links", smsc="alpha", state="connecting") == 1
    assert seen.value("smsc_links", smsc="alpha", state="bound") == 0


def test_both_sides_of_a_message_are_counted_by_command_and_status() -> None:
    seen = Observed()
    link, end = linked(seen.gate), bound(seen.gate)
    for number, status in ((1, 0), (2, 0x45), (3, 0), (4, 0x0400)):
        end.ask(SUBMIT, number)
        (request,) = link.heard()
        seen.gate.reactor.advance(0.02)
        link.answer(request, status, b"id%d\0" % number if not status else b"")
    end.heard()
    expected = {
        ("submit_sm", "ESME_ROK"): 2,
        ("submit_sm", "ESME_RSUBMITFAIL"): 1,
        ("submit_sm", "0x00000400"): 1,
    }
    assert seen.counts("account_messages_total", account="acme") == expected
    assert seen.counts("smsc_messages_total", smsc="alpha") == expected
    assert seen.value("smsc_latency_seconds_count", smsc="alpha") == 4
    assert seen.value("smsc_latency_seconds_sum", smsc="alpha") == pytest.approx(0.08)
    assert seen.value("smsc_latency_seconds_bucket", smsc="alpha", le="0.01") == 0
    assert seen.value("smsc_latency_seconds_bucket", smsc="alpha", le="0.025") == 4
    assert seen.value("account_sessions", account="acme", bind="transceiver") == 1
    assert seen.value("smsc_links", smsc="alpha", state="bound") == 1
    assert seen.value("smsc_binds_total", smsc="alpha") == 1


def test_what_the_gate_answers_itself_is_an_accounts_and_no_smscs() -> None:
    seen = Observed(esme=(esme(window=1),))
    link, end = linked(seen.gate), bound(seen.gate)
    end.ask(SUBMIT, 1)
    end.ask(SUBMIT, 2)
    assert len(link.heard()) == 1
    assert seen.counts("account_messages_total", account="acme") == {
        ("submit_sm", "ESME_RTHROTTLED"): 1
    }
    assert seen.counts("smsc_messages_total") == {}
    assert seen.value("limit_hits_total", limit="window") == 1
    assert seen.value("smsc_outstanding", smsc="alpha") == 1


def test_a_query_about_nothing_known_is_counted_too() -> None:
    seen = Observed()
    linked(seen.gate)
    bound(seen.gate).ask(QuerySm(message_id=b"nobody's"))
    assert seen.counts("account_messages_total", account="acme") == {
        ("query_sm", "ESME_RINVMSGID"): 1
    }


def test_messages_to_esmes_are_counted_on_both_sides_and_receipts_by_their_state() -> None:
    seen = Observed(esme=(RANGED,))
    link, end = linked(seen.gate), bound(seen.gate)
    link.ask(DeliverSm(destination_addr=b"46701", short_message=b"MO"), 1)
    (request,) = end.heard()
    end.answer(request, 0, b"\0")
    text = b"id:1 sub:001 dlvrd:001 submit date:1 done date:1 stat:UNDELIV err:000 text:"
    link.ask(DeliverSm(esm_class=4, destination_addr=b"46701", short_message=text), 2)
    (request,) = end.heard()
    end.answer(request, 0x14)
    link.ask(DeliverSm(destination_addr=b"99", short_message=b"nobody's"), 3)
    link.heard()
    assert seen.counts("account_messages_total", account="acme") == {
        ("deliver_sm", "ESME_ROK"): 1,
        ("deliver_sm", "ESME_RMSGQFUL"): 1,
    }
    assert seen.counts("smsc_messages_total", smsc="alpha") == {
        ("deliver_sm", "ESME_ROK"): 1,
        ("deliver_sm", "ESME_RMSGQFUL"): 1,
        ("deliver_sm", "ESME_RX_T_APPN"): 1,
    }
    assert seen.counts("receipts_total", smsc="alpha") == {("false", "UNDELIV"): 1}


def test_a_reload_adds_and_removes_them() -> None:
    seen = Observed(smsc("alpha"), smsc("beta"), esme=(esme(), esme("bolt")))
    link, end = linked(seen.gate, 0), bound(seen.gate)
    end.ask(SUBMIT)
    (request,) = link.heard()
    link.answer(request, 0, b"id\0")
    settings = seen.gate.gateway.settings
    smscs = (settings.smsc[0], smsc("gamma"))
    pool = PoolSettings(name="default", members=("alpha", "gamma"))
    reload(seen.gate, smsc=smscs, pool=(pool,), esme=(settings.esme[0], esme("coil")))
    found = seen.samples()
    accounts = {dict(labels).get("account") for _, labels in found} - {None}
    assert accounts == {"acme", "coil"}
    assert {dict(labels).get("smsc") for _, labels in found} - {None} == {"alpha", "gamma"}
    assert seen.counts("account_messages_total") == {("acme", "submit_sm", "ESME_ROK"): 1}


def test_accounts_of_the_wildcard_are_one() -> None:
    seen = Observed(memory_gateway.smsc(), esme=(esme(), memory_gateway.esme("*")))
    for name in (b"one", b"two"):
        end, link = seen.gate.joined(bind(system_id=name))
        end.ask(SUBMIT)
        (request,) = link.heard()
        link.answer(request, 0, name + b"\0")
    assert seen.counts("account_messages_total") == {("*", "submit_sm", "ESME_ROK"): 2}
    assert seen.counts("smsc_messages_total") == {("submit_sm", "alpha", "ESME_ROK"): 2}
    assert seen.value("account_sessions", account="*", bind="transceiver") == 2
    names = [each.system_id for each in seen.gate.gateway.state().accounts]
    assert names == ["acme", "*", "one", "two"]


def test_without_an_observer_nothing_is_counted_nor_told() -> None:
    seen = Observed()
    link, end = linked(seen.gate), bound(seen.gate)
    seen.observer.disownServiceParent()
    events = seen.gate.router.events
    kinds = [name for name in dir(events) if name.startswith("tell_")]
    assert [name for name in kinds if getattr(events, name) is not None] == []
    end.ask(SUBMIT)
    (request,) = link.heard()
    link.answer(request, 0, b"id\0")
    assert seen.counts("account_messages_total") == {}
    (account,) = seen.gate.gateway.state().accounts
    assert (account.messages, account.errors) == (0, 0)


def test_the_state_has_the_counts_of_accounts() -> None:
    seen = Observed()
    link, end = linked(seen.gate), bound(seen.gate)
    for number, status in ((1, 0), (2, 0x45)):
        end.ask(SUBMIT, number)
        (request,) = link.heard()
        link.answer(request, status, b"id\0" * (not status))
    (account,) = seen.gate.gateway.state().accounts
    assert (account.messages, account.errors) == (2, 1)


def test_the_text_of_many_accounts_is_made_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(esme(f"acme{n}") for n in range(400))
    seen = Observed(esme=many)
    metrics = seen.observer.metrics
    assert metrics is not None
    sizes = [0]
    text = metrics._pieces

    def pieces() -> Iterator[tuple[str, int]]:
        for piece, count in text():
            sizes[-1] += count
            yield piece, count

    def later(clock: Any, delay: float) -> Deferred[None]:
        sizes.append(0)
        return deferLater(clock, delay)

    monkeypatch.setattr(metrics, "_pieces", pieces)
    monkeypatch.setattr("smppgate.observe.metrics.deferLater", later)
    ensureDeferred(metrics.exposition())
    seen.gate.turn()
    assert sum(sizes) > 400 * 6
    assert max(sizes) <= 2 * SLICE
    lines = seen.text().splitlines()
    heads = [line for line in lines if line.startswith("# TYPE smppgate_account_messages_total")]
    assert len(heads) == 1
    assert len(lines) == len(set(lines))


def test_an_account_that_goes_between_two_slices_does_no_harm() -> None:
    seen = Observed(esme=tuple(esme(f"acme{n}") for n in range(400)))
    assert seen.observer.metrics is not None
    scraping = ensureDeferred(seen.observer.metrics.exposition())
    reload(seen.gate, esme=seen.gate.gateway.settings.esme[:200])
    while not scraping.called:
        seen.gate.reactor.advance(0)
    assert isinstance(scraping.result, bytes)


def test_they_fit_any_registry_of_prometheus_client() -> None:
    seen = Observed()
    linked(seen.gate)
    registry = CollectorRegistry()
    assert seen.observer.metrics is not None
    registry.register(seen.observer.metrics)
    own = generate_latest(registry).decode()
    text = seen.text()
    assert text.startswith(own)
    assert "process_cpu_seconds_total" in text.removeprefix(own)


def test_every_family_has_a_head_and_says_what_it_is() -> None:
    seen = Observed()
    lines = seen.text().splitlines()
    for family in FAMILIES:
        assert f"# TYPE {family.name} {family.kind}" in lines
        assert family.name.startswith("smppgate_")
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.about.endswith(".")
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_a_stop_leaves_no_timer() -> None:
    seen = Observed()
    before = len(seen.gate.reactor.getDelayedCalls())
    seen.observer.disownServiceParent()
    assert before - len(seen.gate.reactor.getDelayedCalls()) == 2
    assert seen.gate.timers_left == 0


def test_how_late_the_reactor_is_is_counted() -> None:
    seen = Observed()
    seen.gate.reactor.advance(0.25)
    seen.gate.reactor.advance(0.25 + 0.03)
    assert seen.value("reactor_lag_seconds_count") == 2
    assert seen.value("reactor_lag_seconds_sum") == pytest.approx(0.03)
    buckets = [
        seen.value("reactor_lag_seconds_bucket", le=le) for le in ("0.001", "0.025", "0.05")
    ]
    assert buckets == [1, 1, 2]
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(buckets))


def test_rules_are_counted_by_what_they_are_called() -> None:
    """Those without a name together."""
    parts: dict[str, Any] = {"applies_to": "submit", "set_source": "1"}
    rules = [RewriteSettings(**parts, **more) for more in ({}, {"source": "none"}, {"name": "a"})]
    seen = Observed(smsc("alpha"), rewrite=tuple(rules))
    linked(seen.gate)
    bound(seen.gate).ask(SUBMIT)
    for rule, expected in (("submit", 1), ("a", 1)):
        labels = {"applies_to": "submit", "rule": rule}
        assert seen.value("rewrite_messages_total", **labels) == expected
