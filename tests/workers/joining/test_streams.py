"""Events, traces and captures of several workers: one stream, whatever becomes of the workers."""

from __future__ import annotations

import json
from typing import Any

from smppgate.admin.messages import Answer
from smppgate.observe.traffic import MOST_VIEWS
from smppgate.observe.traffic.pcapng import INTERFACE
from smppgate.workers import face_commands
from tests.admin.asking import USERS, off, result
from tests.admin.test_event_stream import Request
from tests.admin.test_traffic import Client
from tests.gate.memory_gateway import Log
from tests.gate.test_reload import SUBMIT, bound, linked, reload, smsc
from tests.observe.traffic.captures import blocks, segments
from tests.workers.crew import Crew

ROOT = "/api/v1"


class Crowd(Crew):
    """Two workers with a link and a session each."""

    def __init__(self, **more: Any) -> None:
        super().__init__(smsc("alpha"), admin=off(user=USERS), **more)
        self.ends = {number: self.served(number) for number in (1, 2)}
        self.turn()

    def served(self, number: int) -> tuple[Any, Any]:
        """A link and a session of this worker."""
        return linked(self.gate(number), 0), bound(self.gate(number))

    def passed(self, number: int) -> None:
        """A message goes by way of a worker."""
        link, end = self.ends[number]
        end.ask(SUBMIT, 5)
        (request,) = link.heard()
        link.answer(request, 0, b"id-1\0")
        self.pump(0.05, 0.05)

    def streaming(self, path: str, client: Any = None) -> Any:
        """A client of a stream."""
        answer: Answer = result(self.ask("GET", f"{ROOT}/{path}"))
        assert answer.status == 200, answer.body
        assert answer.stream is not None
        client = client if client is not None else Client()
        answer.stream(client)
        self.turn()
        return client

    def views(self, number: int) -> int:
        """How many look at the traffic of this worker."""
        return len(self.members[number].face._made.traffic)


def test_a_trace_is_of_all_workers_and_says_of_which() -> None:
    crew = Crowd()
    client = crew.streaming("trace?account=acme")
    crew.passed(1)
    crew.passed(2)
    found = client.events()
    assert [each["worker"] for each in found] == [1] * 4 + [2] * 4
    assert {each["command"] for each in found} == {"submit_sm", "submit_sm_resp"}


def test_a_trace_goes_on_when_a_worker_has_ended_and_sees_the_next() -> None:
    crew = Crowd()
    client = crew.streaming("trace")
    crew.die(2)
    crew.passed(1)
    assert {each["worker"] for each in client.events()} == {1}
    crew.begin(2)
    crew.ends[2] = crew.served(2)
    crew.passed(2)
    assert {each["worker"] for each in client.events()} == {1, 2}
    assert not client.is_finished


def test_a_capture_is_one_file_with_an_interface_for_each_worker() -> None:
    crew = Crowd()
    client = crew.streaming("capture")
    crew.passed(1)
    crew.passed(2)
    crew.die(2)
    crew.begin(2)
    crew.ends[2] = crew.served(2)
    crew.passed(2)
    found = segments(client.written, 2)
    assert [each.interface for each in found if each.octets].count(0) == 4
    assert {each.interface for each in found} == {0, 1}
    names = [body for kind, body in blocks(client.written) if kind == INTERFACE]
    assert [b"smppgate worker %d" % n in names[n - 1] for n in (1, 2)] == [True, True]


def test_streams_end_when_their_time_is_over() -> None:
    crew = Crowd()
    client = crew.streaming("capture?seconds=5")
    crew.passed(1)
    crew.pump(6.0)
    assert client.is_finished
    assert (crew.views(1), crew.views(2)) == (0, 0)
    assert len([each for each in segments(client.written, 2) if each.octets]) == 4


def test_streams_with_a_time_end_without_workers_too() -> None:
    crew = Crowd()
    client = crew.streaming("trace?seconds=5")
    crew.die(1)
    crew.die(2)
    crew.pump(4.0)
    assert not client.is_finished
    crew.pump(1.5)
    assert client.is_finished


def test_streams_end_when_their_client_is_gone() -> None:
    crew = Crowd()
    before = len(crew.reactor.getDelayedCalls())
    client = crew.streaming("trace?seconds=5")
    assert (crew.views(1), crew.views(2)) == (1, 1)
    client.gone()
    crew.turn()
    assert (crew.views(1), crew.views(2)) == (0, 0)
    assert len(crew.reactor.getDelayedCalls()) == before
    assert crew.members[1].at_master._streams.keys() == {1}, "that of the events"


def test_a_client_that_is_gone_before_the_workers_have_answered_leaves_no_view() -> None:
    crew = Crowd()
    crew.members[2].is_silent = True
    crew.ask_and_go("GET", f"{ROOT}/trace")
    crew.members[2].is_silent = False
    crew.turn()
    assert (crew.views(1), crew.views(2)) == (0, 0)


def test_what_a_client_does_not_read_stays_with_the_workers_within_bounds(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(face_commands, "MOST_UNDER_WAY", 2000)
    crew = Crowd()
    client = crew.streaming("trace")
    client.producer.pauseProducing()
    for _ in range(20):
        crew.passed(1)
    stream = next(iter(crew.service._source.looks._streams))
    assert 2000 <= sum(len(octets) for octets, _ in stream._unwritten) < 6000
    assert client.events() == []
    client.producer.resumeProducing()
    crew.pump(0.5, 0.05)
    assert len(client.events()) == 80
    assert not stream._unwritten


def test_each_look_is_audited_once() -> None:
    crew = Crowd()
    with Log() as log:
        crew.streaming("trace?account=acme&text=true")
    assert [line for line in log.lines if "admin:" in line] == [
        "admin: uid 1000 at unix socket: trace account acme, with texts"
    ]


def test_what_no_worker_can_show_is_refused_and_leaves_no_view() -> None:
    crew = Crowd()
    assert crew.answer("GET", f"{ROOT}/trace?smsc=gamma")[0] == 404
    clients = [crew.streaming("trace") for _ in range(MOST_VIEWS)]
    assert crew.answer("GET", f"{ROOT}/trace")[0] == 503
    for client in clients:
        client.gone()
    crew.turn()
    assert (crew.views(1), crew.views(2)) == (0, 0)


def test_head_opens_nothing() -> None:
    crew = Crowd()
    assert result(crew.ask("HEAD", f"{ROOT}/capture")).stream is None
    assert crew.views(1) == 0


def events(client: Request) -> list[dict[str, Any]]:
    """What was written."""
    lines = client.written.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def test_events_of_workers_are_the_gates_with_numbers_of_its_own() -> None:
    crew = Crowd()
    client = crew.streaming("events", Request())
    told = [(each["kind"], each.get("worker")) for each in events(client)]
    assert told.count(("bound", "1")) == told.count(("bound", "2")) == 2
    last = client.numbers()[-1]
    assert client.numbers() == list(range(1, last + 1))
    crew.ends[2][1].transport.lose()
    crew.turn()
    assert (events(client)[-1]["kind"], events(client)[-1]["account"]) == ("lost", "acme")
    answer = result(crew.ask("GET", f"{ROOT}/events", headers={"last-event-id": str(last)}))
    assert answer.stream is not None
    later = Request()
    answer.stream(later)
    assert later.numbers() == [last + 1]


def test_a_worker_that_ends_and_comes_is_told_of_and_ends_no_stream() -> None:
    crew = Crowd()
    client = crew.streaming("events", Request())
    crew.die(1)
    crew.begin(1)
    kinds = [(each["kind"], each.get("worker")) for each in events(client)]
    assert ("worker_lost", "1") in kinds
    assert kinds[-1] == ("worker_up", "1")
    crew.served(1)
    crew.turn()
    assert events(client)[-1]["kind"] == "bound"
    assert not client.is_cut


def test_what_all_workers_tell_alike_is_told_once() -> None:
    crew = Crowd()
    client = crew.streaming("events", Request())
    for number in (1, 2):
        reload(crew.gate(number), smsc=(smsc("alpha", weight=3),))
    crew.turn()
    (told,) = [each for each in events(client) if each["kind"] == "reloaded"]
    assert "worker" not in told


def test_no_event_is_told_again_when_the_endpoint_comes_back() -> None:
    crew = Crowd()
    client = crew.streaming("events", Request())
    before = len(events(client))
    service = crew.service._source.service
    service.disownServiceParent()
    crew.turn()
    service.setServiceParent(crew.service)
    crew.turn()
    assert len(events(client)) == before
    crew.ends[2][1].transport.lose()
    crew.turn()
    assert [each["kind"] for each in events(client)[before:]] == ["lost"]


def test_a_stream_of_events_that_a_worker_has_cut_goes_on_where_it_was() -> None:
    crew = Crowd()
    client = crew.streaming("events", Request())
    before = len(events(client))
    (outgoing,) = crew.members[2].here._streams.values()
    outgoing.forceAbortClient()
    crew.turn()
    crew.ends[2][1].transport.lose()
    crew.turn()
    assert [each["kind"] for each in events(client)[before:]] == ["lost"]
