"""What peers have counted is what the API and metrics say, in however many workers that was."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from smppgate.admin import slices
from smppgate.observe.families import FAMILIES
from smppgate.observe.joined import Joined
from tests.admin.asking import Asking, off, result
from tests.gate.test_reload import SUBMIT, bound, esme, linked, smsc
from tests.workers.crew import Crew

ACCOUNTS = ("acme", "bolt")
PARTS: dict[str, Any] = {"esme": tuple(esme(name) for name in ACCOUNTS), "admin": off()}


class Peers:
    """A link and a session of each account at one gate; they count what they see."""

    def __init__(self, gate: Any) -> None:
        self._link = linked(gate, 0)
        self._sessions = {name: bound(gate, name.encode()) for name in ACCOUNTS}

    def send(self, account: str, status: int, seen: Counter[Any]) -> None:
        """A message that the SMSC answers so."""
        end = self._sessions[account]
        end.ask(SUBMIT)
        (request,) = self._link.heard()
        self._link.answer(request, status, b"" if status else b"7\0")
        (resp,) = end.heard()
        seen[account, resp.command_status] += 1
        seen["alpha", status] += 1


SENT = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(ACCOUNTS), st.sampled_from([0, 0, 0x45, 0x0B])),
    max_size=30,
)


def counters(text: str) -> dict[Any, float]:
    """The counters that are not of a process."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.type == "counter" and not family.name.startswith(("process_", "smppgate_worker"))
    }


@given(SENT)
@settings(max_examples=15, deadline=None)
def test_the_sum_over_workers_is_what_one_gate_says(sent: list[tuple[int, str, int]]) -> None:
    crew = Crew(smsc("alpha"), count=3, **PARTS)
    peers = {number: Peers(crew.gate(number)) for number in (1, 2, 3)}
    seen: Counter[Any] = Counter()
    for number, account, status in sent:
        peers[number].send(account, status, seen)
    crew.turn()

    alone = Asking(smsc("alpha"), **PARTS)
    alone.service.observer.setServiceParent(alone.service)
    one = Peers(alone.gate)
    for _, account, status in sent:
        one.send(account, status, Counter())

    accounts, own = crew.get("accounts"), alone.get("accounts")
    for name, found, other in zip(ACCOUNTS, accounts, own, strict=True):
        taken = sum(count for (who, _), count in seen.items() if who == name)
        assert (found["system_id"], found["messages"]) == (name, taken)
        assert found["errors"] == other["errors"] == taken - seen[name, 0]
    (alpha,), (other,) = crew.get("smscs"), alone.get("smscs")
    assert alpha["taken"] == other["taken"] == seen["alpha", 0]
    assert alpha["refused"] == other["refused"] == len(sent) - seen["alpha", 0]
    assert crew.get("state")["totals"] == alone.get("state")["totals"]

    def of_messages(text: str) -> dict[Any, float]:
        names = ("smppgate_account_messages", "smppgate_smsc_messages", "smppgate_rejected")
        return {key: count for key, count in counters(text).items() if key[0].startswith(names)}

    found = of_messages(crew.answer("GET", "/metrics")[1])
    assert found == of_messages(alone.answer("GET", "/metrics")[1])


def metrics(crew: Crew) -> dict[Any, float]:
    status, text = crew.answer("GET", "/metrics")
    assert status == 200
    return samples(text)


def samples(text: str) -> dict[Any, float]:
    """Each by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


MESSAGES = (
    "smppgate_account_messages_total",
    ("account", "acme"),
    ("command", "submit_sm"),
    ("status", "ESME_ROK"),
)


def test_counts_never_go_back_when_a_worker_ends() -> None:
    """Prometheus would take it for a new start, and count all others again."""
    crew = Crew(smsc("alpha"), **PARTS)
    peers = {number: Peers(crew.gate(number)) for number in (1, 2)}
    seen: Counter[Any] = Counter()
    for number in (1, 2, 2):
        peers[number].send("acme", 0, seen)
    assert metrics(crew)[MESSAGES] == 3
    crew.die(2)
    assert metrics(crew)[MESSAGES] == metrics(crew)[MESSAGES] == 3
    crew.begin(2)
    Peers(crew.gate(2)).send("acme", 0, seen)
    found = metrics(crew)
    assert found[MESSAGES] == 4
    assert found["smppgate_smsc_latency_seconds_count", ("smsc", "alpha")] == 4
    crew.die(2)
    crew.die(1)
    assert metrics(crew)[MESSAGES] == 4
    crew.host.reload(esme=(esme("bolt"),))
    assert MESSAGES not in metrics(crew)


def test_a_scrape_whose_client_is_gone_loses_no_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    Peers(crew.gate(2)).send("acme", 0, Counter())
    assert metrics(crew)[MESSAGES] == 1
    crew.die(2)
    with monkeypatch.context() as patched:
        patched.setattr(slices, "A_SLICE", 1)
        patched.setattr(crew, "turn", lambda: None)
        crew.ask_and_go("GET", "/metrics")
    crew.pump(0.5)
    assert metrics(crew)[MESSAGES] == 1


def test_a_worker_that_ends_while_another_is_waited_for_has_counted_all_the_same() -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    Peers(crew.gate(2)).send("acme", 0, Counter())
    assert metrics(crew)[MESSAGES] == 1
    crew.members[1].is_silent = True
    asking = crew.ask("GET", "/metrics")
    crew.die(2)
    crew.pump(2.0)
    assert samples(result(asking).body[0].decode())[MESSAGES] == 1


def test_a_worker_that_ends_while_metrics_are_joined_has_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    peers = {number: Peers(crew.gate(number)) for number in (1, 2)}
    for number in (1, 2):
        peers[number].send("acme", 0, Counter())
    assert metrics(crew)[MESSAGES] == 2
    crew.die(1)
    views = crew.service._source.views
    join = views._metrics._join

    def ended_meanwhile(*told: Any) -> Any:
        for count, step in enumerate(join(*told)):
            if count == 0:
                crew.members.pop(2).die()
            yield step

    monkeypatch.setattr(views._metrics, "_join", ended_meanwhile)
    assert metrics(crew)[MESSAGES] == 2


def test_what_a_worker_had_counted_of_an_account_goes_with_the_account() -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    Peers(crew.gate(2)).send("acme", 0, Counter())
    assert metrics(crew)[MESSAGES] == 1
    crew.die(2)
    crew.die(1)
    crew.host.reload(esme=(esme("bolt"),))
    assert MESSAGES not in metrics(crew)


def test_a_worker_that_does_not_answer_counts_as_it_did_and_is_not_waited_for() -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    peers = Peers(crew.gate(2))
    peers.send("acme", 0, Counter())
    assert metrics(crew)[MESSAGES] == 1
    crew.members[2].is_silent = True
    asking = crew.ask("GET", "/metrics")
    crew.pump(2.0)
    found: list[Any] = []
    asking.addCallback(found.append)
    assert b'acme",command="submit_sm",status="ESME_ROK"} 1.0' in found[0].body[0]


def test_gauges_are_of_all_workers_and_processes_of_each() -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    Peers(crew.gate(1))
    crew.pump(1.0)
    found = metrics(crew)
    assert found["smppgate_smsc_links", ("smsc", "alpha"), ("state", "bound")] == 1
    assert found["smppgate_smsc_links", ("smsc", "alpha"), ("state", "connecting")] == 1
    assert found["smppgate_pool_up", ("pool", "default")] == 1
    assert found["smppgate_account_sessions", ("account", "acme"), ("bind", "transceiver")] == 1
    for worker in ("1", "2", "master"):
        assert ("process_cpu_seconds_total", ("worker", worker)) in found
        assert found["smppgate_reactor_lag_seconds_count", ("worker", worker)] > 0
    assert found["smppgate_worker_up", ("worker", "2")] == 1
    assert found["smppgate_worker_sessions", ("worker", "1")] == 2
    crew.die(2)
    found = metrics(crew)
    assert found["smppgate_worker_up", ("worker", "2")] == 0
    assert found["smppgate_worker_restarts_total", ("worker", "2")] == 1
    assert ("smppgate_worker_sessions", ("worker", "2")) not in found


def test_all_families_are_there_in_their_order() -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    text = crew.answer("GET", "/metrics")[1]
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE smppgate")]
    own = [each.name for each in FAMILIES if each.joining.value != "none"]
    assert names[: len(own)] == own


def test_rows_are_joined_a_few_at_a_time() -> None:
    """However many workers and accounts there are, the reactor has its turn between."""
    crew = Crew(smsc("alpha"), **PARTS)
    metrics(crew)
    joined = crew.service._source.views._metrics
    lines = sum(octets.count(b"\n") for octets in joined._last.values())
    assert len(list(joined._join(Joined(), joined._last.items()))) == lines > 50


def test_metrics_that_are_off_are_404() -> None:
    crew = Crew(smsc("alpha"), **PARTS)
    crew.host.reload(admin=off(metrics=False))
    assert crew.answer("GET", "/metrics")[0] == 404
