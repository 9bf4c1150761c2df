"""What the API of several workers shows and does: as if they were one gate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed

from smppgate.store import StoreStatistics
from smppgate.txsmpp import DeliverSm
from tests.admin.asking import result
from tests.admin.test_api import LISTS
from tests.admin.test_openapi import faults
from tests.gate.memory_gateway import End, Log
from tests.gate.test_reload import SUBMIT, bound, esme, linked, smsc
from tests.workers.crew import Crew


class Busy(Crew):
    """Two workers: the link and a session at the first, another session at the second."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            smsc("alpha"), smsc("beta"), esme=(esme(queue=True), esme("bolt")), **more
        )
        self.link: End = linked(self.gate(1), 0)
        self.first = bound(self.gate(1))
        self.second = bound(self.gate(2))
        self.turn()

    def sends(self, end: End, count: int = 1) -> None:
        """An ESME sends; at the first worker its messages are answered."""
        for _ in range(count):
            end.ask(SUBMIT)
            for frame in self.link.heard():
                self.link.answer(frame, 0, b"7\0")
        self.turn()


def test_lists_are_those_of_all_workers() -> None:
    crew = Busy()
    crew.sends(crew.first)
    accounts = {each["system_id"]: each for each in crew.get("accounts")}
    assert (accounts["acme"]["sessions"], accounts["bolt"]["sessions"]) == (2, 0)
    assert accounts["acme"]["binds"] == {"transmitter": 0, "receiver": 0, "transceiver": 2}
    assert [each["worker"] for each in crew.get("sessions")] == [1, 2]
    assert [(each["id"], each["worker"]) for each in crew.get("links")] == [
        ("alpha-transceiver-1", 1),
        ("beta-transceiver-1", 1),
        ("alpha-transceiver-1", 2),
        ("beta-transceiver-1", 2),
    ]
    alpha, beta = crew.get("smscs")
    assert (alpha["links"], beta["links"]) == ({"up": 1, "all": 2}, {"up": 0, "all": 2})
    assert (alpha["taken"], alpha["capacity"], alpha["outstanding"]) == (1, 100, 0)
    (pool,) = crew.get("pools")
    assert pool["is_up"]
    assert [each["is_active"] for each in pool["members"]] == [True, False]
    assert crew.get("listeners")[0]["sessions"] == 2
    assert crew.get("queues")[0]["system_id"] == "acme"
    assert crew.get("peers") == []


def test_the_state_has_all_lists_and_sums() -> None:
    crew = Busy()
    crew.sends(crew.first, 3)
    crew.second.ask(SUBMIT)
    state = crew.get("state")
    assert {name: state[name] for name in LISTS} == {name: crew.get(name) for name in LISTS}
    assert state["totals"]["answered"] == 3
    assert (state["open_exchanges"], state["is_stopping"]) == (1, False)
    assert state["store"] == crew.get("store")
    assert [each["number"] for each in state["workers"]] == [1, 2]


def test_what_the_master_keeps_is_in_the_store_too() -> None:
    crew = Busy()
    own = StoreStatistics(queued=7, octets=1000, failures=2, fault="no room")
    before, crew.store = crew.get("store"), own
    now = crew.get("store")
    assert (now["queued"], now["octets"]) == (before["queued"] + 7, before["octets"] + 1000)
    assert (now["failures"], now["fault"]) == (2, "no room")
    assert crew.get("state")["store"] == now
    assert "smppgate_store_failures_total 2.0" in crew.answer("GET", "/metrics")[1].splitlines()


def test_every_answer_is_what_the_document_says() -> None:
    crew = Busy()
    document = crew.get("openapi.json")
    for name in (*LISTS, "workers", "state", "store", "history", "log-level"):
        schema = document["paths"][f"/api/v1/{name}"]["get"]["responses"]["200"]
        found = crew.get(name)
        assert list(faults(schema["content"]["application/json"]["schema"], found, document)) == []


def test_single_objects_are_those_of_the_lists() -> None:
    crew = Busy()
    for kind, key in (("accounts", "system_id"), ("smscs", "name"), ("queues", "system_id")):
        for each in crew.get(kind):
            assert crew.get(f"{kind}/{each[key]}") == each
    assert crew.get("sessions/1")["worker"] == 1


@pytest.mark.parametrize(
    "path", ["smscs/gamma", "links/alpha", "accounts/%E2%82%AC", "sessions/99", "sessions/x"]
)
def test_what_no_worker_has_is_404(path: str) -> None:
    crew = Busy()
    status, problem = crew.answer("GET", f"/api/v1/{path}")
    assert (status, problem["status"]) == (404, 404)
    status, problem = crew.post(f"{path}/{'kick' if 'sess' in path else 'close'}")
    assert status == 404


def test_workers_are_shown_with_what_they_have() -> None:
    crew = Busy()
    one, two = crew.get("workers")
    assert (one["number"], one["pid"], one["state"], one["sessions"], one["links"]) == (
        1,
        1001,
        "up",
        1,
        1,
    )
    assert (two["sessions"], two["links"], two["relayed"]) == (1, 0, 0)
    crew.die(2)
    one, two = crew.get("workers")
    assert (two["state"], two["sessions"], two["since"]) == ("down", None, None)


def test_decisions_are_told_to_all_and_audited_once() -> None:
    crew = Busy()
    with Log() as log:
        status, found = crew.post("smscs/alpha/drain")
    assert (status, found["state"], found["name"]) == (200, "drain", "alpha")
    states = [crew.gate(n).gateway.state().smscs[0].state for n in (1, 2)]
    assert states == ["drain", "drain"]
    assert [line for line in log.lines if "admin:" in line] == [
        "admin: uid 1000 at unix socket: drain alpha"
    ]
    told = [each for each in crew.service._source.events.since() if each.kind == "operator"]
    assert [(each.text, each.fields["smsc"]) for each in told] == [
        ("uid 1000: drain alpha", "alpha")
    ]
    assert not [e for e in crew.service._source.events.since() if e.kind == "smsc_changed"]


def test_what_takes_time_at_one_worker_takes_time() -> None:
    crew = Busy()
    crew.first.ask(SUBMIT)
    status, found = crew.post("smscs/alpha/drain")
    assert (status, found["state"], found["outstanding"]) == (202, "drain", 1)


def test_a_worker_that_takes_the_place_of_another_is_told_what_was_decided() -> None:
    crew = Busy()
    crew.post("smscs/beta/drain")
    crew.post("smscs/alpha/weight", {"weight": 7})
    crew.post("accounts/bolt/close")
    crew.post("accounts/acme/close")
    crew.post("accounts/acme/open")
    crew.die(2)
    crew.begin(2)
    state = crew.gate(2).gateway.state()
    assert [(each.state, each.weight) for each in state.smscs] == [("ready", 7), ("drain", 1)]
    assert [each.state for each in state.accounts] == ["ready", "closed"]


def test_a_weight_is_forgotten_when_the_settings_have_another() -> None:
    crew = Busy()
    crew.post("smscs/alpha/weight", {"weight": 7})
    crew.post("smscs/beta/weight", {"weight": 8})
    _, beta = crew.host.settings.smsc
    crew.host.reload(smsc=(smsc("alpha", weight=3), beta))
    crew.die(2)
    crew.begin(2)
    assert [each.weight for each in crew.gate(2).gateway.state().smscs] == [1, 8]


def test_sessions_are_kicked_where_they_are() -> None:
    crew = Busy()
    assert crew.post("accounts/acme/kick", {"now": True})[0] == 202
    crew.first.unbound()
    crew.second.unbound()
    crew.turn()
    assert crew.get("sessions") == []


def test_queues_are_emptied_everywhere() -> None:
    crew = Crew(smsc("alpha"), esme=(esme(queue=True, address_ranges=("44*",)),))
    mo = DeliverSm(destination_addr=b"447700900123", short_message=b"x")
    for number in (1, 2):
        link = linked(crew.gate(number), 0)
        for message in range(number):
            link.ask(mo, message + 1)
    crew.turn()
    assert crew.get("queues/acme")["queued"] == 3
    with Log() as log:
        status, queue = crew.post("queues/acme/drop")
    assert (status, queue["queued"], queue["dropped"]) == (200, 0, 3)
    assert "admin: uid 1000 at unix socket: drop 3 messages of acme" in log.lines
    assert crew.post("queues/acme/retry")[0] == 200
    assert crew.post("queues/nobody/drop")[0] == 404


def test_a_reload_is_the_masters() -> None:
    crew = Busy(reload=lambda: succeed(None))
    assert crew.post("reload") == (200, {"reloaded": True})
    assert Busy().post("reload")[0] == 409


def test_where_a_message_would_go_is_asked_of_one() -> None:
    crew = Busy()
    assert crew.get("route?esme=acme&to=4477")["esme"] == "acme"
    assert crew.answer("GET", "/api/v1/route?esme=nobody&to=4477")[0] == 404
    crew.die(1)
    assert crew.get("route?esme=acme&to=4477")["esme"] == "acme"


def test_the_gate_is_ready_while_one_worker_is_and_a_link_is_up_anywhere() -> None:
    crew = Busy()
    assert crew.answer("GET", "/readyz") == (200, "ready\n")
    crew.die(2)
    assert crew.answer("GET", "/readyz") == (200, "ready\n")
    crew.begin(2)
    crew.die(1)
    assert crew.answer("GET", "/readyz") == (503, "not ready\n")
    crew.die(2)
    assert crew.answer("GET", "/readyz") == (503, "not ready\n")
    assert crew.answer("GET", "/healthz") == (200, "ok\n")


def test_listeners_are_where_the_master_listens_and_open_where_it_does() -> None:
    crew = Busy()
    (endpoint,) = crew.listening
    for address, status in (("192.0.2.1:2775", 200), ("", 503)):
        crew.listening[endpoint] = address
        assert [each["address"] for each in crew.get("listeners")] == [address]
        assert crew.get("state")["listeners"] == crew.get("listeners")
        assert crew.answer("GET", "/readyz")[0] == status


def test_connections_that_the_master_has_cut_are_counted_as_of_one_gate() -> None:
    crew = Busy()
    (endpoint,) = crew.listening
    (before,) = (each["refused"] for each in crew.get("listeners"))
    limit = 'smppgate_limit_hits_total{limit="connections"}'
    assert f"{limit} {before}.0" in crew.answer("GET", "/metrics")[1].splitlines()
    for _ in range(3):
        crew.refusals.add(endpoint, IPv4Address("TCP", "192.0.2.7", 4000), "too many")
    assert [each["refused"] for each in crew.get("listeners")] == [before + 3]
    assert crew.get("state")["listeners"] == crew.get("listeners")
    assert f"{limit} {before + 3}.0" in crew.answer("GET", "/metrics")[1].splitlines()
    told = [each for each in crew.service._source.events.since(0) if "192.0.2.7" in each.text]
    assert [(each.kind, each.text) for each in told] == [
        ("connection_refused", "192.0.2.7 refused: too many")
    ] * 3


def test_whether_it_is_ready_is_said_soon_though_one_worker_says_nothing() -> None:
    crew = Busy()
    crew.members[2].is_silent = True
    asking = crew.ask("GET", "/readyz")
    listing = crew.ask("GET", "/api/v1/workers")
    crew.pump(0.5)
    assert result(asking).status == 200
    _, two = json.loads(b"".join(result(listing).body))
    assert (two["state"], two["sessions"]) == ("up", None)


def test_lists_are_as_long_as_they_are() -> None:
    """Over the connection between the two, whose values have an end at 64 kB."""
    crew = Crew(smsc("alpha"), esme=tuple(esme(f"account-{n:03}") for n in range(300)))
    answer = result(crew.ask("GET", "/api/v1/accounts"))
    assert len(answer.body[0]) > 1 << 16
    assert len(json.loads(answer.body[0])) == 300


def test_without_a_worker_it_is_said() -> None:
    crew = Crew(smsc("alpha"), count=0)
    for path in ("accounts", "state", "smscs/alpha", "history", "trace", "route?esme=a&to=1"):
        status, problem = crew.answer("GET", f"/api/v1/{path}")
        assert (status, problem["detail"]) == (503, "no worker is up")
    assert crew.get("workers") == []
    assert crew.answer("GET", "/metrics")[0] == 200


def test_a_worker_that_ends_before_it_answers_is_left_out() -> None:
    crew = Busy()
    crew.members[2].is_silent = True
    asking = crew.ask("GET", "/api/v1/sessions")
    crew.members[2].is_silent = False
    crew.die(2)
    assert result(asking).status == 200
    assert len(crew.get("sessions")) == 1


def test_a_worker_that_does_not_answer_is_named() -> None:
    crew = Busy()
    crew.members[2].is_silent = True
    asking = crew.ask("GET", "/api/v1/sessions")
    crew.pump(4.0)
    found = result(asking)
    assert (found.status, b"worker 2: it does not answer" in found.body[0]) == (503, True)
    crew.members[2].is_silent = False
    crew.turn()
    assert len(crew.get("sessions")) == 2


def test_what_some_could_not_be_told_is_said_and_holds_when_they_come_again() -> None:
    crew = Busy()
    crew.members[2].is_silent = True
    asking = crew.ask("POST", "/api/v1/smscs/alpha/drain")
    crew.pump(4.0)
    found = result(asking)
    assert found.status == 503
    assert b"worker 2: it does not answer; done by: 1" in found.body[0]
    assert crew.gate(1).gateway.state().smscs[0].state == "drain"
    crew.die(2)
    crew.begin(2)
    assert crew.gate(2).gateway.state().smscs[0].state == "drain"


def test_a_decision_is_told_to_a_worker_that_comes_while_another_is_waited_for() -> None:
    crew = Busy(count=3)
    crew.die(3)
    crew.members[2].is_silent = True
    asking = crew.ask("POST", "/api/v1/smscs/alpha/drain")
    crew.begin(3)
    crew.pump(4.0)
    assert result(asking).status == 503
    assert crew.gate(3).gateway.state().smscs[0].state == "drain"


def test_what_no_worker_could_do_is_no_decision() -> None:
    crew = Busy()
    decisions = crew.service._source.actions._decisions
    crew.post("smscs/alpha/drain")
    before = decisions.all()
    assert crew.post("smscs/gamma/maint")[0] == 404
    for member in crew.members.values():
        member.is_silent = True
    asking = [crew.ask("POST", "/api/v1/smscs/alpha/maint") for _ in range(2)]
    assert [path for _, path, _ in decisions.all()] == [
        "/api/v1/smscs/alpha/drain",
        "/api/v1/smscs/alpha/maint",
        "/api/v1/smscs/alpha/maint",
    ]
    crew.pump(4.0)
    assert [result(each).status for each in asking] == [503, 503]
    assert decisions.all() == before


def test_a_change_is_kept_and_told_of_though_its_client_is_gone() -> None:
    crew = Busy()
    crew.members[2].is_silent = True
    with Log() as log:
        crew.ask_and_go("POST", "/api/v1/smscs/alpha/drain")
        crew.members[2].is_silent = False
        crew.turn()
    assert [line for line in log.lines if "admin:" in line] == [
        "admin: uid 1000 at unix socket: drain alpha"
    ]
    crew.die(2)
    crew.begin(2)
    assert crew.gate(2).gateway.state().smscs[0].state == "drain"


def test_what_fails_is_told_of_though_its_client_is_gone() -> None:
    crew = Busy()
    crew.members[2].is_silent = True
    with Log() as log:
        crew.ask_and_go("POST", "/api/v1/smscs/alpha/drain")
        crew.pump(4.0)
    assert any("worker 2: it does not answer; done by: 1" in line for line in log.lines)


def test_a_level_is_for_all_workers_and_those_that_come() -> None:
    crew = Busy()
    told: list[str] = []
    for member in crew.members.values():
        answer = member.face.answer

        async def noted(method: str, path: str, *args: Any, answer: Any = answer) -> Any:
            told.append(f"{method} {path}")
            return await answer(method, path, *args)

        member.face.answer = noted
    before = crew.get("log-level")["level"]
    try:
        status, found = crew.answer("PUT", "/api/v1/log-level", {"level": "error"})
        assert (status, found) == (200, {"level": "error"})
        assert told == ["PUT /api/v1/log-level"] * 2
    finally:
        crew.answer("PUT", "/api/v1/log-level", {"level": before})


def test_workers_that_nobody_looks_at_count_nothing() -> None:
    crew = Crew(smsc("alpha"), is_served=False)
    assert crew.gate(1).router.events.tell_ended is None
    crew.service._source.service.setServiceParent(crew.service)
    crew.turn()
    assert crew.gate(1).router.events.tell_ended is not None
    crew.service._source.service.disownServiceParent()
    crew.turn()
    assert crew.gate(1).router.events.tell_ended is None
