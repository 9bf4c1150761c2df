"""Traces and captures by the API: who may, what is asked for, and how a stream ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import succeed

from smppgate.admin.messages import Answer
from smppgate.observe.traffic import MOST_VIEWS
from tests.admin.asking import REMOTE, USERS, Asking, basic, off, result
from tests.admin.test_event_stream import Request
from tests.gate.memory_gateway import Log
from tests.gate.test_reload import SUBMIT, bound, linked
from tests.observe.traffic.captures import segments

ROOT = "/api/v1"


class Client(Request):
    """One that streams are written to."""

    is_finished = False

    def unregisterProducer(self) -> None:
        self.producer = None

    def finish(self) -> None:
        self.is_finished = True

    def events(self) -> list[Any]:
        lines = self.written.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def streaming(asking: Asking, path: str) -> Client:
    answer = result(asking.ask("GET", f"{ROOT}/{path}"))
    assert answer.status == 200, answer.body
    assert answer.stream is not None
    client = Client()
    answer.stream(client)
    return client


def asking_gate() -> Any:
    asking = Asking(admin=off(user=USERS))
    link = linked(asking.gate)
    return asking, link, bound(asking.gate)


def passed(asking: Asking, link: Any, end: Any) -> None:
    end.ask(SUBMIT, 5)
    (request,) = link.heard()
    link.answer(request, 0, b"id-1\0")
    asking.gate.reactor.advance(0.02)


def test_a_trace_is_decoded_pdus() -> None:
    asking, link, end = asking_gate()
    client = streaming(asking, "trace?account=acme")
    passed(asking, link, end)
    first, on_link, _, last = client.events()
    assert (first["account"], first["command"], first["number"]) == ("acme", "submit_sm", 5)
    assert first["fields"]["destination_addr"] == "447700900123"
    assert first["fields"]["short_message"] == "*"
    assert on_link["decision"]["smsc"] == "alpha"
    assert (last["status_name"], last["fields"]) == ("ESME_ROK", {"message_id": "Aid-1"})


def test_texts_are_shown_where_they_are_asked_for() -> None:
    asking, link, end = asking_gate()
    client = streaming(asking, "trace?to=4477&text=true")
    passed(asking, link, end)
    assert client.events()[0]["fields"]["short_message"] == "x"


def test_a_capture_is_packets() -> None:
    asking, link, end = asking_gate()
    client = streaming(asking, "capture")
    passed(asking, link, end)
    assert len([each for each in segments(client.written) if each.octets]) == 4


def test_it_ends_when_its_time_is_over() -> None:
    asking, link, end = asking_gate()
    client = streaming(asking, "capture?seconds=5")
    passed(asking, link, end)
    asking.gate.reactor.advance(5.0)
    asking.gate.reactor.advance(0.02)
    assert client.is_finished
    assert len(asking.service.traffic) == 0


def test_it_ends_when_its_client_is_gone() -> None:
    asking, link, end = asking_gate()
    before = len(asking.gate.reactor.getDelayedCalls())
    client = streaming(asking, "trace?seconds=5")
    client.gone()
    assert len(asking.service.traffic) == 0
    assert len(asking.gate.reactor.getDelayedCalls()) == before
    passed(asking, link, end)
    assert client.events() == []


def test_a_client_that_does_not_read_is_told_what_it_missed() -> None:
    asking, link, end = asking_gate()
    client = streaming(asking, "trace")
    client.producer.pauseProducing()
    passed(asking, link, end)
    assert client.events() == []
    client.producer.resumeProducing()
    asking.gate.reactor.advance(0.02)
    assert len(client.events()) == 4


def test_idle_streams_get_a_sign_of_life() -> None:
    asking, _, _ = asking_gate()
    client = streaming(asking, "trace")
    before = client.written
    asking.gate.reactor.pump([7.5] * 2)
    assert client.written == before + b": \n\n"


def test_only_operators_may_and_each_is_told() -> None:
    asking, _, _ = asking_gate()
    asking.service._guard._compare = lambda kept, password: succeed(password == "secret")

    def asked(name: str) -> Answer:
        path = f"{ROOT}/trace?account=acme&text=true"
        return result(asking.ask("GET", path, client=REMOTE, headers=basic(name, "secret")))

    with Log() as log:
        assert asked("vera").status == 403
        assert asked("otto").status == 200
    told = [line for line in log.lines if "admin: " in line]
    assert told[0].startswith("SG-6101 admin: vera at 192.0.2.7:4000: GET /api/v1/trace refused")
    assert told[1] == "admin: otto at 192.0.2.7:4000: trace account acme, with texts"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("smsc=nobody", 404),
        ("to=44%20", 400),
        ("to=", 400),
        ("text=1", 400),
        ("seconds=0", 400),
        ("seconds=nan", 400),
        ("seconds=x", 400),
        ("account=a%0ab", 200),
        ("account=a\nb", 400),
        ("number=1", 400),
    ],
)
def test_what_cannot_be_asked_for(query: str, status: int) -> None:
    asking, _, _ = asking_gate()
    assert result(asking.ask("GET", f"{ROOT}/capture?{query}")).status == status


def test_there_are_so_many_at_one_time() -> None:
    asking, _, _ = asking_gate()
    for _ in range(MOST_VIEWS):
        streaming(asking, "trace")
    assert result(asking.ask("GET", f"{ROOT}/capture")).status == 503


def test_head_begins_no_stream() -> None:
    asking, _, _ = asking_gate()
    assert result(asking.ask("HEAD", f"{ROOT}/capture")).status == 200
    assert len(asking.service.traffic) == 0
