"""The last minutes of a gate, on a gateway in memory."""

from __future__ import annotations

import pytest

from smppgate.observe import COLUMNS
from smppgate.observe.history import MOST_SAMPLES
from smppgate.settings import PoolSettings
from smppgate.txsmpp.pdu import DeliverSm
from tests.gate.test_reload import SUBMIT, bound, esme, linked, reload, smsc
from tests.observe.observing import Observed


def test_a_sample_has_what_happened_in_its_second() -> None:
    seen = Observed(smsc("alpha"), esme=(esme(address_ranges=("4670*",)),))
    link, end = linked(seen.gate), bound(seen.gate)
    for number, status in ((1, 0), (2, 0x45)):
        end.ask(SUBMIT, number)
        (request,) = link.heard()
        seen.gate.reactor.advance(0.1)
        link.answer(request, status, b"id\0" * (not status))
    seen.gate.reactor.advance(0.8)
    seen.gate.reactor.advance(1.0)
    first, second = seen.observer.history.since()
    found = dict(zip(COLUMNS, first.totals, strict=True))
    assert found["latency_seconds"] == pytest.approx(0.1)
    assert (found["messages"], found["answered"], found["errors"]) == (2, 1, 1)
    assert (found["receipts"], found["waiting"]) == (0, 0)
    assert first.messages == (2,)
    assert first.latencies == (pytest.approx(0.1),)
    assert second.totals[1:] == (0, 0, 0, 0, 0, 0, 0)
    assert second.time == first.time + 1.0
    assert seen.observer.history.since(first.time) == [second]


def test_receipts_are_no_messages_of_mobiles() -> None:
    seen = Observed(esme=(esme(address_ranges=("4670*",)),))
    link, end = linked(seen.gate), bound(seen.gate)
    text = b"id:1 sub:001 dlvrd:001 submit date:1 done date:1 stat:DELIVRD err:000 text:"
    link.ask(DeliverSm(esm_class=4, destination_addr=b"46701", short_message=text), 1)
    (receipt,) = end.heard()
    link.ask(DeliverSm(destination_addr=b"46701", short_message=b"MO"), 2)
    (message,) = end.heard()
    # The receipt is answered in the next second only.
    end.answer(message, 0, b"\0")
    seen.gate.reactor.advance(1.0)
    end.answer(receipt, 0, b"\0")
    seen.gate.reactor.advance(1.0)
    columns = [COLUMNS.index("receipts"), COLUMNS.index("mobile_originated")]
    found = [[sample.totals[n] for n in columns] for sample in seen.observer.history.since()]
    assert found == [[1, 0], [0, 1]]


def test_so_many_samples_are_kept_and_no_more() -> None:
    seen = Observed()
    for _ in range(MOST_SAMPLES + 5):
        seen.gate.reactor.advance(1.0)
    samples = seen.observer.history.since()
    assert len(samples) == MOST_SAMPLES
    assert [sample.time for sample in samples] == sorted(sample.time for sample in samples)


def test_after_a_reload_samples_have_the_smscs_that_are_there() -> None:
    seen = Observed(smsc("alpha"), smsc("beta"))
    link, end = linked(seen.gate, 0), bound(seen.gate)
    end.ask(SUBMIT)
    (request,) = link.heard()
    link.answer(request, 0, b"id\0")
    seen.gate.reactor.advance(1.0)
    assert seen.observer.history.since()[-1].messages == (1, 0)
    smscs = (smsc("gamma"), seen.gate.gateway.settings.smsc[0])
    pool = PoolSettings(name="default", members=("alpha", "gamma"))
    reload(seen.gate, smsc=smscs, pool=(pool,))
    seen.gate.reactor.advance(1.0)
    assert set(seen.observer.history.smscs) == {"alpha", "gamma"}
    at = seen.observer.history.smscs.index("alpha")
    assert [sample.messages[at] for sample in seen.observer.history.since()] == [1, 0]
    assert all(min(sample.totals[1:]) >= 0 for sample in seen.observer.history.since())
