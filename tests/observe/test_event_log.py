"""What is told of a gate, and who is told of it."""

from __future__ import annotations

from twisted.internet.task import Clock

from smppgate.observe import EventLog, LoggedEvent
from smppgate.observe.event_log import MOST_A_SECOND, MOST_EVENTS
from smppgate.txsmpp.clock import Clock as SmppClock
from tests.gate.memory_gateway import bind
from tests.gate.test_reload import bound, esme, linked, reload, smsc
from tests.observe.observing import Observed


def told(seen: Observed) -> list[tuple[str, str]]:
    return [(event.kind, event.text) for event in seen.observer.event_log.since()]


def test_events_are_numbered_and_the_last_are_kept() -> None:
    clock = Clock()
    log = EventLog(SmppClock.of(clock))
    for n in range(MOST_EVENTS + 3):
        clock.advance(1.0)
        log.tell("thing", f"{n}", smsc="alpha")
    events = log.since()
    assert [event.number for event in events] == list(range(4, MOST_EVENTS + 4))
    assert events[0].text == "3"
    assert [event.text for event in log.since(MOST_EVENTS + 1)] == ["1001", "1002"]
    assert log.since(log.last_number) == log.since(log.last_number + 7) == []
    assert (events[0].fields, events[0].time) == ({"smsc": "alpha"}, 4.0)


def test_a_storm_of_one_kind_leaves_room_for_the_others() -> None:
    clock = Clock()
    log = EventLog(SmppClock.of(clock))
    for _ in range(10 * MOST_EVENTS):
        log.tell("refused", "no")
    log.tell("bound", "yes")
    assert len(log.since()) == MOST_A_SECOND + 1
    clock.advance(1.0)
    log.tell("refused", "no")
    left_out = 10 * MOST_EVENTS - MOST_A_SECOND
    assert log.since()[-1].text == f"no ({left_out} more of the kind before it)"


def test_subscribers_are_told_until_they_do_not_want_to() -> None:
    log = EventLog(SmppClock.of(Clock()))
    heard: list[LoggedEvent] = []
    end = log.subscribe(heard.append)
    log.tell("thing", "one")
    end()
    end()
    log.tell("thing", "two")
    assert [event.text for event in heard] == ["one"]


def test_one_that_ends_while_all_are_told() -> None:
    log = EventLog(SmppClock.of(Clock()))
    heard: list[str] = []
    ends = [log.subscribe(lambda event: ends[0]()), log.subscribe(lambda e: heard.append(e.text))]
    log.tell("thing", "one")
    log.tell("thing", "two")
    assert heard == ["one", "two"]


def test_sessions_and_links_are_told_of() -> None:
    seen = Observed()
    assert linked(seen.gate)
    end = bound(seen.gate)
    seen.gate.esme(bind(password=b"wrong")).heard()
    end.transport.lose()
    assert [kind for kind, _ in told(seen)] == ["bound", "bound", "refused", "lost"]
    texts = [text for _, text in told(seen)]
    assert texts[0] == "SMSC alpha transceiver 1 bound"
    assert texts[1].startswith("ESME acme bound as transceiver from ")
    assert texts[2].startswith("ESME 'acme' at ")
    first = seen.observer.event_log.since()[0]
    assert first.fields == {"smsc": "alpha", "link": "alpha transceiver 1"}


def test_pools_decisions_and_reloads_are_told_of() -> None:
    seen = Observed()
    link = linked(seen.gate)
    seen.gate.gateway.smsc("alpha").drain()
    seen.gate.gateway.smsc("alpha").change_weight(3)
    seen.gate.gateway.smsc("alpha").reset_weight()
    seen.gate.gateway.smsc("alpha").ready()
    seen.gate.gateway.smsc("alpha").links()[0].drain()
    seen.gate.gateway.account("acme").close()
    seen.gate.gateway.account("acme").kick()
    link.heard()
    reload(seen.gate, esme=(esme(), esme("bolt")))
    seen.gate.gateway.reload_refused(["esme[0].window: must be at least 1, not 0"])
    assert told(seen)[1:] == [
        ("pool_down", "pool default is without an SMSC"),
        ("smsc_changed", "SMSC alpha: drain"),
        ("smsc_changed", "SMSC alpha: weight 3"),
        ("smsc_changed", "SMSC alpha: weight of the settings"),
        ("pool_up", "pool default has an SMSC again: alpha"),
        ("smsc_changed", "SMSC alpha: ready"),
        ("pool_down", "pool default is without an SMSC"),
        ("link_changed", "link alpha transceiver 1: drain"),
        ("account_changed", "ESME acme: closed"),
        ("account_changed", "ESME acme: kick"),
        ("reloaded", 'reloaded: [[esme]] "bolt" added'),
        ("reload_refused", "nothing is reloaded: esme[0].window: must be at least 1, not 0"),
    ]


def test_a_link_that_is_not_reached_is_told_of_and_counted() -> None:
    seen = Observed(smsc("alpha"))
    seen.gate.refuse()
    (event,) = seen.observer.event_log.since()
    assert event.kind == "link_failed"
    assert event.text.startswith("SMSC alpha transceiver 1 not bound: connection refused")
    assert seen.value("smsc_link_failures_total", smsc="alpha") == 1


def test_a_refused_bind_of_a_link_is_told_of_once() -> None:
    seen = Observed()
    end = seen.gate.smsc(-1)
    (request,) = end.heard()
    end.answer(request, 0x0E)
    end.heard()
    assert [kind for kind, _ in told(seen)] == ["pool_down", "link_failed"]
