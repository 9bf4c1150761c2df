"""Each message has one line, and the line alone says what became of it and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.relay.events import Listener
from smppgate.gate.relay.reason import Reason
from smppgate.gate.submit.room import OVERHEAD
from smppgate.observe.formats import FORMATS, Csv, Json, Text
from smppgate.observe.message_log import INTERVAL, MOST_LINES, MessageLog
from smppgate.observe.records import NAMES
from smppgate.routing.limits.esme_limits import EsmeRates, SessionLimit
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.rewrite.changes import ReplacePrefix
from smppgate.routing.rewrite.rules import SUBMIT, Rewriting, Rule
from smppgate.routing.routes.rules import Route, Target, ToOne
from smppgate.routing.routes.table import Routes
from smppgate.routing.smscs.health.policy import RetryPolicy
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.destinations import SmeAddress
from smppgate.txsmpp.errors import GivenUp, RequestTimeout
from smppgate.txsmpp.frame import response
from smppgate.txsmpp.id_key import given_id
from smppgate.txsmpp.pdu import DataSm, QuerySm, SubmitMulti, SubmitSm
from smppgate.txsmpp.tlv import Tlv
from tests.gate.deliver.test_receipts import receipt
from tests.gate.memory_gateway import numbered
from tests.gate.test_reload import bound, gate_of, linked
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, frame_of

Line = dict[str, Any]
HOLD = 5.0


class Logged(Gate):
    """A gate whose message log is kept. One link to ``alpha``, unless it is to be without."""

    def __init__(self, hold: float = 0.0, log: Any = None, **options: Any) -> None:
        super().__init__(tags=True, **options)
        self.pool.hold = hold
        self.written: list[bytes] = []
        more = log or {}
        format = more.pop("format", Json)()
        self.log = MessageLog(Clock.of(self.clock), format, self.written.extend, **more)
        self.router.events.attach(self.log)

    def lines(self) -> list[Line]:
        """Those that are new."""
        self.log.flush()
        written, self.written[:] = self.written[:], []
        return [json.loads(line) for line in written]

    def line(self) -> Line:
        """The only one that is new."""
        (found,) = self.lines()
        return found

    def sends(self, esme: FakeSession, number: int = 1, **fields: Any) -> None:
        """An ESME sends a message."""
        usual = {"source_addr": b"1000", "destination_addr": b"447700900123"}
        self.forward(esme, frame_of(SubmitSm(**{**usual, **fields}), number))


def why(line: Line) -> tuple[str, str | None, str]:
    """What became of a message: event, reason, status."""
    return line["event"], line.get("reason"), line["status"]


# What is taken


def test_a_message_that_is_taken_has_a_line_with_all_that_is_known() -> None:
    gate = Logged()
    gate.clock.advance(1000.0)
    esme, link = gate.esme(), gate.link()
    for session, name in ((esme, "id"), (link, "name")):
        setattr(session, name, {"id": 7, "name": "alpha transceiver 1"}[name])
    esme.where = "192.0.2.1:5000"  # type: ignore[attr-defined]
    gate.sends(esme, source_addr_ton=5, dest_addr_ton=1, dest_addr_npi=1)
    gate.clock.advance(0.25)
    gate.answer(link, 0, b"4F\0")
    assert gate.line() == {
        "time": "1970-01-01T00:16:40.250000Z",
        "event": "sent",
        "account": "acme",
        "session": 7,
        "peer": "192.0.2.1:5000",
        "pool": "main",
        "smsc": "alpha",
        "link": "alpha transceiver 1",
        "attempts": 1,
        "id": "alpha4F",
        "smsc_id": "4F",
        "source": "1000",
        "destination": "447700900123",
        "status": "ESME_ROK",
        "latency": 0.25,
        "entered": "1970-01-01T00:16:40.000000Z",
        "sent": "1970-01-01T00:16:40.000000Z",
        "source_ton": 5,
        "source_npi": 0,
        "destination_ton": 1,
        "destination_npi": 1,
    }


@given(
    st.sampled_from(sorted(FORMATS)),
    st.binary(max_size=12).filter(lambda each: b"\0" not in each),
    st.binary(max_size=12).filter(lambda each: b"\0" not in each),
    st.text("0123456789abcXYZ-. \x7f", min_size=1, max_size=20),
    st.integers(0, 255),
    st.sampled_from((b"", b"text", b"\5\0\3\1\3\2x", b"\6hidden", b"\x1b[2J")),
    st.sampled_from(((), (Tlv(0x0204, b"\0\1"),), (Tlv(0x0424, b"\5\0\3\1\3\2"),))),
    st.sampled_from((0, 0x40)),
)
def test_the_quick_way_and_the_long_way_give_the_same_line(
    name: str,
    source: bytes,
    destination: bytes,
    message_id: str,
    ton: int,
    text: bytes,
    tlvs: tuple[Tlv, ...],
    esm_class: int,
) -> None:
    lines = []
    for is_quick in (True, False):
        gate = Logged(log={"format": FORMATS[name]})
        esme, link = gate.esme(), gate.link()
        if not is_quick:
            took = gate.log._took

            def long_way(exchange: Any, frame: Any, answer: bytes, now: float) -> None:
                took(exchange, given_id(frame.octets), given_id(answer), now)  # noqa: B023

            gate.log.taken = long_way  # type: ignore[method-assign]
            gate.router.events.detach(gate.log)
            gate.router.events.attach(gate.log)
        pdu = SubmitSm(
            source_addr=source,
            destination_addr=destination,
            source_addr_ton=ton,
            short_message=text,
            esm_class=esm_class,
            tlvs=tlvs,
        )
        gate.forward(esme, frame_of(pdu))
        gate.clock.advance(0.1)
        gate.answer(link, 0, message_id.encode() + b"\0")
        gate.log.flush()
        lines.append(gate.written)
    assert lines[0] == lines[1]
    (line,) = lines[0]
    assert line.endswith(b"\n")
    assert line[:-1].decode().isprintable()
    assert len(lines) == 2


def test_which_part_it_is_and_what_its_first_destination_is() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme, esm_class=0x40, short_message=b"\5\0\3\1\3\2x")
    gate.answer(link, 0, b"1\0")
    assert gate.line()["parts"] == "2/3"
    numbers = tuple(
        SmeAddress(dest_addr_ton=1, destination_addr=number) for number in (b"4477001", b"4477002")
    )
    gate.forward(esme, frame_of(SubmitMulti(source_addr=b"1000", dest_address=numbers)))
    gate.answer(link, 0, b"2\0")
    line = gate.line()
    assert (line["destination"], line["destination_ton"]) == ("4477001", 1)
    gate.forward(esme, frame_of(DataSm(source_addr=b"1000", destination_addr=b"4477003")))
    gate.answer(link, 0, b"3\0")
    line = gate.line()
    assert (line["event"], line["id"], line["destination"]) == ("sent", "alpha3", "4477003")


def test_a_text_is_there_only_where_it_is_wanted() -> None:
    for has_text in (False, True):
        gate = Logged(log={"has_text": has_text})
        esme, link = gate.esme(), gate.link()
        gate.sends(esme, short_message=b"for your eyes\n")
        gate.answer(link, 0, b"1\0")
        gate.log.flush()
        (line,) = gate.written
        assert (b"eyes" in line) is has_text
        assert json.loads(line).get("text") == ("for your eyes\n" if has_text else None)


def test_a_text_is_read_as_it_is_coded_without_its_header_and_from_its_tlv() -> None:
    gate = Logged(log={"has_text": True})
    esme, link = gate.esme(), gate.link()
    wide = "привет".encode("utf-16-be")
    for fields in (
        {"short_message": wide, "data_coding": 8},
        {"short_message": b"\5\0\3\1\2\1" + wide, "data_coding": 8, "esm_class": 0x40},
        {"tlvs": (Tlv(0x0424, wide),), "data_coding": 8},
    ):
        gate.sends(esme, **fields)
        gate.answer(link, 0, b"1\0")
        assert gate.line()["text"] == "привет"


def test_an_ancillary_request_has_no_line() -> None:
    gate = Logged()
    esme = gate.esme(window=1)
    gate.link()
    gate.forward(esme, frame_of(QuerySm(message_id=b"alpha1")))
    gate.sends(esme)
    gate.forward(esme, frame_of(QuerySm(message_id=b"alpha1"), 2))
    assert not gate.lines()


# Why it was not taken


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0B, ("sent", "refused", "ESME_RINVDSTADR")),
        (0x58, ("sent", "throttled", "ESME_RTHROTTLED")),
        (0x14, ("sent", "throttled", "ESME_RMSGQFUL")),
        (0x0412, ("sent", "refused", "0x00000412")),
        (0x04, ("sent", "refused", "ESME_RSYSERR")),
    ],
)
def test_an_smsc_refuses(status: int, expected: tuple[str, str, str]) -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme)
    gate.answer(link, status)
    line = gate.line()
    assert why(line) == expected
    assert (line["smsc"], line["attempts"]) == ("alpha", 1)


def test_no_answer_in_time_a_lost_link_and_a_stop() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    for failed, expected in ((RequestTimeout("late"), "timeout"), (GivenUp("stop"), "stopping")):
        gate.sends(esme)
        (exchange,) = link.outstanding.drain()
        exchange.failed(failed)
        assert why(gate.line()) == ("sent", expected, "ESME_RSYSERR")
    gate.sends(esme)
    gate.lose(link)
    assert why(gate.line()) == ("sent", "link_lost", "ESME_RSYSERR")


def test_a_lost_link_is_the_reason_also_where_no_other_takes_it_in_time() -> None:
    gate = Logged(hold=HOLD)
    gate.pool.health.retry = RetryPolicy(resubmits=True)
    esme, link = gate.esme(), gate.link()
    gate.sends(esme)
    full = gate.link(gate.beta, window=1)
    gate.sends(esme, 2)
    assert len(full.outstanding) == 1
    gate.router.smsc_lost(link, "lost")  # type: ignore[arg-type]
    link.lose()
    assert not gate.lines()
    gate.clock.advance(HOLD)
    line = gate.line()
    assert why(line) == ("sent", "link_lost", "ESME_RSYSERR")
    assert line["time"] > line["entered"]


def test_over_the_window_of_the_session() -> None:
    gate = Logged()
    esme = gate.esme(window=1)
    gate.link()
    gate.sends(esme)
    gate.sends(esme, 2)
    line = gate.line()
    assert why(line) == ("refused", "window", "ESME_RTHROTTLED")
    assert (line["account"], line["destination"], line["attempts"]) == ("acme", "447700900123", 0)


def test_over_the_rate_of_the_account() -> None:
    gate = Logged(hold=HOLD)
    esme = gate.esme()
    gate.link()
    esme.limit = SessionLimit(gate.acme.limit)
    esme.rates = EsmeRates(Rate(0.1, 1.0), None, rejects=True)
    gate.sends(esme)
    gate.sends(esme, 2)
    assert why(gate.line()) == ("refused", "throttled", "ESME_RTHROTTLED")
    esme.rates = EsmeRates(Rate(0.1, 1.0), None, rejects=False)
    gate.sends(esme, 3)
    gate.clock.advance(HOLD)
    assert why(gate.line()) == ("refused", "throttled", "ESME_RTHROTTLED")


def test_no_smsc_is_up_at_once_and_for_the_whole_hold() -> None:
    gate = Logged()
    esme = gate.esme()
    gate.sends(esme)
    assert why(gate.line()) == ("refused", "no_smsc", "ESME_RSYSERR")
    gate.pool.hold = HOLD
    gate.sends(esme)
    gate.clock.advance(HOLD)
    line = gate.line()
    assert why(line) == ("refused", "no_smsc", "ESME_RSYSERR")
    assert line["pool"] == "main"


def test_all_are_full_at_once_and_for_the_whole_hold() -> None:
    gate = Logged()
    esme = gate.esme()
    gate.link(window=1)
    gate.sends(esme)
    gate.sends(esme, 2)
    assert why(gate.line()) == ("refused", "hold", "ESME_RSYSERR")
    gate.pool.hold = HOLD
    gate.sends(esme, 3)
    gate.clock.advance(HOLD)
    line = gate.line()
    assert why(line) == ("refused", "hold", "ESME_RTHROTTLED")
    assert (line["entered"][17:19], line["time"][17:19]) == ("00", "05")


def test_too_much_waits() -> None:
    gate = Logged(hold=HOLD, hold_octets=OVERHEAD)
    gate.sends(gate.esme())
    assert why(gate.line()) == ("refused", "hold", "ESME_RTHROTTLED")


def test_a_route_rejects_it_or_none_is_for_it() -> None:
    gate = Logged()
    esme = gate.esme()
    route = Route("no-spam", None, (), ToOne(Target(None, (), 0x0B)))
    route.leads.targets[0].route = route
    gate.router.change_routes(Routes((route,)))
    gate.sends(esme)
    line = gate.line()
    assert why(line) == ("refused", "rejected", "ESME_RINVDSTADR")
    assert line["route"] == "no-spam"
    gate.router.change_routes(Routes(()))
    gate.sends(esme)
    assert why(gate.line()) == ("refused", "no_route", "ESME_RINVDSTADR")


def test_the_gate_stops_and_a_session_ends_while_messages_wait() -> None:
    gate = Logged(hold=HOLD)
    esme = gate.esme()
    gate.sends(esme)
    gate.router.esme_ended(esme)  # type: ignore[arg-type]
    assert why(gate.line()) == ("refused", "not_bound", "ESME_RSYSERR")
    gate.sends(esme, 2)
    gate.router.close()
    assert why(gate.line()) == ("refused", "stopping", "ESME_RSYSERR")
    gate.sends(esme, 3)
    assert why(gate.line()) == ("refused", "stopping", "ESME_RSYSERR")


def taken_late(gate: Logged, link: FakeSession, status: int = 0) -> None:
    """The SMSC answers the last message, which has timed out."""
    (sent,) = link.requests[-1:]
    body = b"4f\0" if not status else b""
    link.hear(fakes.resp(sent, status, body), gate.now)


def test_a_message_that_an_smsc_takes_late_has_one_more_line() -> None:
    """With both ids, by which its receipts are found."""
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme, registered_delivery=1, short_message=b"x" * 200)
    link.expire(gate.now)
    line = gate.line()
    assert why(line) == ("sent", "timeout", "ESME_RSYSERR")
    gate.clock.advance(1.5)
    taken_late(gate, link)
    late = gate.line()
    assert why(late) == ("late", None, "ESME_ROK")
    assert (late["id"], late["smsc_id"]) == ("alpha4f", "4f")
    assert late["latency"] == 1.5
    same = ("entered", "sent", "source", "destination", "link", "session", "pool", "attempts")
    assert {name: late.get(name) for name in same} == {name: line.get(name) for name in same}
    gate.deliver(link, fakes.receipt(b"4f"))
    gate.answer(esme)
    assert gate.line()["id"] == late["id"]


def test_without_a_receipt_it_has_the_id_of_the_smsc_alone() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme)
    link.expire(gate.now)
    gate.lines()
    taken_late(gate, link)
    late = gate.line()
    assert (late.get("id"), late["smsc_id"]) == (None, "4f")


def test_what_an_smsc_refuses_late_has_no_line() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme)
    link.expire(gate.now)
    gate.lines()
    taken_late(gate, link, 0x0B)
    assert gate.lines() == []


# Messages of SMSCs, and receipts


def test_a_message_of_an_smsc_is_delivered() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.deliver(b"1000"))
    gate.clock.advance(0.5)
    gate.answer(esme)
    line = gate.line()
    assert why(line) == ("mo", None, "ESME_ROK")
    assert (line["account"], line["smsc"], line["latency"]) == ("acme", "alpha", 0.5)
    assert (line["source"], line["destination"]) == ("447700900123", "1000")


def test_why_a_message_of_an_smsc_is_not_delivered() -> None:
    gate = Logged()
    link = gate.link()
    gate.deliver(link, fakes.deliver(b"1000"))
    line = gate.line()
    assert why(line) == ("mo", "not_bound", "ESME_RX_T_APPN")
    assert line["account"] == "acme"
    gate.deliver(link, fakes.deliver(b"999"))
    line = gate.line()
    assert why(line) == ("mo", "no_route", "ESME_RX_T_APPN")
    assert (line["smsc"], line["destination"]) == ("alpha", "999")
    esme = gate.esme(window=1)
    gate.deliver(link, fakes.deliver(b"1000"))
    gate.deliver(link, fakes.deliver(b"1000", 2))
    assert why(gate.line()) == ("mo", "window", "ESME_RX_T_APPN")
    gate.answer(esme, 0x45)
    assert why(gate.line()) == ("mo", "refused", "ESME_RSUBMITFAIL")
    gate.deliver(link, fakes.deliver(b"1000"))
    gate.lose(esme)
    assert why(gate.line()) == ("mo", "link_lost", "ESME_RX_T_APPN")


def test_a_receipt_is_joined_to_its_message_by_id() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"4f")
    sent = gate.line()
    gate.deliver(link, receipt(b"4f"))
    gate.answer(esme)
    line = gate.line()
    assert why(line) == ("receipt", None, "ESME_ROK")
    assert (line["id"], line["smsc_id"]) == (sent["id"], sent["smsc_id"]) == ("alpha4f", "4f")
    assert (line["receipt"], line["matched"], line["account"]) == ("DELIVRD", "id", "acme")
    gate.deliver(link, fakes.receipt(b"004F"))
    gate.answer(esme)
    line = gate.line()
    assert (line["id"], line["smsc_id"]) == ("alpha4f", "4f")
    assert (line["matched"], line["error"]) == ("notation", "000")


def test_a_receipt_of_an_unknown_message() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.receipt(b"1", b"999"))
    line = gate.line()
    assert why(line) == ("receipt", "unmatched", "ESME_RX_T_APPN")
    assert (line["matched"], line["smsc_id"], "id" in line) == ("no", "1", False)
    gate.deliver(link, fakes.receipt(b"1", b"1000"))
    gate.answer(esme)
    line = gate.line()
    assert why(line) == ("receipt", None, "ESME_ROK")
    assert (line["matched"], line["account"]) == ("destination", "acme")


def test_a_receipt_whose_esme_is_not_bound() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"7")
    gate.lose(esme)
    gate.lines()
    gate.deliver(link, receipt(b"7"))
    line = gate.line()
    assert why(line) == ("receipt", "not_bound", "ESME_RX_T_APPN")
    assert (line["id"], line["account"]) == ("alpha7", "acme")


def test_a_receipt_that_waits_when_the_gate_stops() -> None:
    gate = Logged()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme)
    gate.deliver(link, fakes.receipt(b"unknown"))
    gate.router.receipts.stop()
    assert why(gate.line()) == ("receipt", "stopping", "ESME_RX_T_APPN")


def test_a_queue_takes_it_then_its_esme_or_it_is_full() -> None:
    gate = Logged()
    link = gate.link()
    gate.router.queues.add(gate.acme, 1, 60.0)  # type: ignore[arg-type]
    gate.router.queues.start()
    gate.deliver(link, fakes.deliver(b"1000"))
    gate.clock.pump([0.0] * 5)
    line = gate.line()
    assert why(line) == ("mo", "queued", "ESME_ROK")
    assert (line["account"], line["attempts"], "session" in line) == ("acme", 0, False)
    gate.deliver(link, fakes.deliver(b"1000", 2))
    gate.clock.pump([0.0] * 5)
    assert why(gate.line()) == ("mo", "not_bound", "ESME_RMSGQFUL")
    esme = gate.esme()
    gate.clock.pump([0.0, 1.0, 0.0, 1.0])
    gate.answer(esme)
    line = gate.line()
    assert why(line) == ("mo", None, "ESME_ROK")
    assert (line["account"], line["attempts"]) == ("acme", 1)


def test_a_cdr_is_one_record_a_message() -> None:
    gate = Logged(log={"is_cdr": True})
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, receipt(b"1"))
    gate.answer(esme)
    gate.deliver(link, fakes.receipt(b"2", b"999"))
    gate.deliver(link, fakes.deliver(b"999"))
    assert [line["event"] for line in gate.lines()] == ["sent", "mo"]


# All of them


_STEPS = st.one_of(
    st.tuples(st.just("submit"), st.integers(1, 3)),
    st.tuples(st.just("answer"), st.sampled_from((0, 0, 0, 0x45, 0x58, 0x0B))),
    st.tuples(st.sampled_from(("time out", "lose link", "link", "drop")), st.just(0)),
    st.tuples(st.just("time"), st.sampled_from((0, 1, 7))),
)


@given(st.lists(_STEPS, max_size=50))
def test_every_message_has_one_line_with_the_status_that_its_esme_heard(
    steps: list[tuple[str, int]],
) -> None:
    gate = Logged(hold=2.0)
    esme, links, number = gate.esme(window=4), [gate.link(window=2)], 0
    for what, value in steps:
        if what == "submit":
            for _ in range(value):
                number += 1
                gate.sends(esme, number, source_addr=b"%d" % number)
        elif what == "answer" and links and links[-1].outstanding.requests:
            open_ = list(links[-1].outstanding.requests)
            at = next(i for i, f in enumerate(links[-1].requests) if f.sequence_number == open_[0])
            gate.answer(links[-1], value, b"%d\0" % number if not value else b"", at=at)
        elif what == "time out" and links:
            links[-1].expire(gate.now)
        elif what == "lose link" and links:
            gate.lose(links.pop())
        elif what == "link":
            links.append(gate.link(window=2))
        elif what == "time":
            gate.clock.advance(value)
        gate.clock.advance(0)
    for link in links:
        gate.lose(link)
    gate.clock.advance(10.0)
    lines = gate.lines()
    assert sorted(int(line["source"]) for line in lines) == list(range(1, number + 1))
    heard = {frame.sequence_number: frame.command_status for frame in esme.answers}
    names = {0: "ESME_ROK", 8: "ESME_RSYSERR", 0x45: "ESME_RSUBMITFAIL"}
    names |= {0x58: "ESME_RTHROTTLED", 0x0B: "ESME_RINVDSTADR"}
    for line in lines:
        assert line["status"] == names[heard[int(line["source"])]]
        assert line["event"] == ("sent" if line["attempts"] else "refused")
        assert bool(line.get("reason")) is (line["status"] != "ESME_ROK")
        assert ("id" in line) is (line["status"] == "ESME_ROK")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_read_of_messages_has_the_lines_that_its_messages_have_one_by_one(name: str) -> None:
    written: list[list[bytes]] = []
    for takes_lane in (True, False):
        gate = gate_of()
        link, esme = linked(gate), bound(gate)
        lines: list[bytes] = []
        log = MessageLog(gate.gateway.clock, FORMATS[name](), lines.extend)
        gate.router.events.attach(log)
        assert not gate.router.events.tells_each
        if not takes_lane:
            gate.router.events.attach(OfEach())
        sources = (b"1000", b"My Shop", b"1000", b"", b"+1", b"1000", b"1000", b"1000")
        pdus = [
            SubmitSm(source_addr=each, destination_addr=b"4477%d" % at, source_addr_ton=at % 3)
            for at, each in enumerate(sources)
        ]
        esme.send(b"".join(numbered(pdu, at) for at, pdu in enumerate(pdus, 2)))
        requests = link.heard()
        gate.reactor.advance(0.1)
        ids = (b"1", b"a-b", b"c d", b"4F", b"5", b"", b"7")
        resps = [response(r, 0, i + b"\0") for r, i in zip(requests, ids, strict=False)]
        link.send(b"".join([*resps, response(requests[-1], 0x45)]))
        gate.turn()
        log.flush()
        assert len(lines) == len(sources)
        written.append(lines)
    assert written[0] == written[1]


class OfEach(Listener):
    """Wants to know of each message."""

    def sent(self, exchange: Any) -> None:
        """It was."""


# When they are written


def test_lines_are_handed_on_in_time_and_not_one_by_one() -> None:
    gate = Logged()
    esme = gate.esme(window=0)
    gate.sends(esme)
    assert not gate.written
    gate.clock.advance(INTERVAL)
    assert len(gate.written) == 1
    for _ in range(MOST_LINES):
        gate.sends(esme)
    assert len(gate.written) == 1 + MOST_LINES
    gate.clock.advance(INTERVAL)
    assert not gate.clock.getDelayedCalls() or len(gate.written) == 1 + MOST_LINES


def test_nothing_is_held_back_when_it_ends() -> None:
    gate = Logged()
    calls = len(gate.clock.getDelayedCalls())
    gate.sends(gate.esme(window=0))
    gate.log.flush()
    assert len(gate.written) == 1
    assert len(gate.clock.getDelayedCalls()) == calls


# Formats


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    )
)
def test_no_line_has_control_characters_and_each_is_one(values: dict[str, Any]) -> None:
    for format in (Json(), Text(), Csv()):
        line = format.line(values)
        assert line[-1:] == b"\n"
        assert b"\n" not in line[:-1]
        assert line[:-1].decode().isprintable()
    assert {k: v for k, v in values.items() if v != ""}.keys() == json.loads(
        Json().line(values)
    ).keys()


@pytest.mark.parametrize("reason", [Reason.EXPIRED, Reason.DROPPED])
def test_what_a_queue_loses_has_a_line(reason: Reason) -> None:
    """It was answered before, so it has no status now."""
    gate = Logged()
    octets = fakes.deliver(b"1000").octets
    gate.log.unqueued(b"acme", octets, reason.because("it is so"))
    line = gate.line()
    assert (line["event"], line["reason"], line["account"]) == ("mo", reason.word, "acme")
    assert "status" not in line
    assert line["destination"] == "1000"
    assert line["time"]


def test_a_cdr_has_neither_late_messages_nor_what_a_queue_loses() -> None:
    gate = Logged(log={"is_cdr": True})
    esme, link = gate.esme(), gate.link()
    gate.sends(esme)
    link.expire(gate.now)
    assert len(gate.lines()) == 1
    taken_late(gate, link)
    gate.log.unqueued(b"acme", fakes.deliver(b"1000").octets, Reason.EXPIRED.because(""))
    assert gate.lines() == []


# What rules rewrite


def rewriting() -> Logged:
    """A gate with a rule."""
    gate = Logged()
    changes = (ReplacePrefix("destination_addr", [b"44"], b"00" * 5 + b"44"),)
    rule = Rule(SUBMIT, "", None, (), (), changes, {0x45: 0x58})
    gate.router.transform.rewriting = Rewriting([rule])
    return gate


def test_a_line_has_what_its_sender_wrote_and_heard() -> None:
    """Whatever rules have made of the message, and of the status of the SMSC."""
    gate = rewriting()
    esme, link = gate.esme(), gate.link()
    for number, status, told in ((1, 0, "ESME_ROK"), (2, 0x45, "ESME_RTHROTTLED")):
        gate.sends(esme, number, destination_addr=b"4477")
        gate.answer(link, status, b"4F\0" if not status else b"")
        line = gate.line()
        assert (line["destination"], line["status"]) == ("4477", told)


def test_what_is_taken_late_has_the_words_of_its_sender_too() -> None:
    gate = rewriting()
    esme, link = gate.esme(), gate.link()
    gate.sends(esme, destination_addr=b"4477")
    link.expire(gate.now)
    gate.lines()
    taken_late(gate, link)
    assert gate.line()["destination"] == "4477"


def test_what_cannot_be_rewritten_is_refused() -> None:
    gate = rewriting()
    gate.sends(gate.esme(), destination_addr=b"4477009001234")
    line = gate.line()
    assert why(line) == ("refused", "refused", "ESME_RINVDSTADR")
    assert line["destination"] == "4477009001234"
