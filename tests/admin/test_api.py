"""What the API shows and does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater

from smppgate.admin import slices
from smppgate.settings import SettingsError
from smppgate.store import StoreError
from tests.admin.asking import REMOTE, USERS, Asking, basic, off, result
from tests.gate.memory_gateway import Log
from tests.gate.test_reload import SUBMIT, bound, esme, linked, smsc

LISTS = (
    "listeners",
    "accounts",
    "sessions",
    "smscs",
    "links",
    "pools",
    "routes",
    "rewrites",
    "hooks",
    "queues",
    "peers",
)


def busy() -> Asking:
    """A gate with a link, a session, and a message under way."""
    asking = Asking(smsc("alpha", sessions=1), smsc("beta", sessions=1))
    link, end = linked(asking.gate, 0), bound(asking.gate)
    end.ask(SUBMIT)
    assert len(link.heard()) == 1
    return asking


def test_lists_have_what_there_is() -> None:
    asking = busy()
    (account,) = asking.get("accounts")
    assert (account["system_id"], account["state"], account["sessions"]) == ("acme", "ready", 1)
    assert account["binds"] == {"transmitter": 0, "receiver": 0, "transceiver": 1}
    (session,) = asking.get("sessions")
    assert (session["id"], session["account"], session["open"]) == (1, "acme", 1)
    alpha, beta = asking.get("smscs")
    assert (alpha["name"], alpha["links"], beta["links"]) == (
        "alpha",
        {"up": 1, "all": 1},
        {"up": 0, "all": 1},
    )
    first, second = asking.get("links")
    assert (first["id"], first["smsc"], first["state"], first["condition"]) == (
        "alpha-transceiver-1",
        "alpha",
        "ready",
        "bound",
    )
    assert (second["condition"], second["since"]) == ("connecting", None)
    (pool,) = asking.get("pools")
    assert [member["name"] for member in pool["members"]] == ["alpha", "beta"]
    assert asking.get("routes") == []
    assert asking.get("listeners")[0]["sessions"] == 1


def test_the_state_has_all_lists_and_the_totals() -> None:
    asking = busy()
    state = asking.get("state")
    assert {name: state[name] for name in LISTS} == {name: asking.get(name) for name in LISTS}
    assert (state["open_exchanges"], state["is_stopping"]) == (1, False)
    assert state["totals"]["answered"] == 0
    assert state["store"] == asking.get("store")


def test_no_secret_is_shown() -> None:
    asking = Asking(
        smsc("alpha", password="hush1"),
        esme=(esme("acme", password="hush2"),),
        admin=off(user=USERS),
    )
    texts = [json.dumps(asking.get(name)) for name in (*LISTS, "state", "openapi.json")]
    assert not any("hush" in text or "scrypt" in text for text in texts)


@pytest.mark.parametrize(
    "path",
    [
        "smscs/gamma",
        "links/alpha-transceiver-9",
        "links/alpha",
        "accounts/%E2%82%AC",
        "accounts/nobody",
        "sessions/99",
        "sessions/x",
        "queues/acme",
        "nothing",
    ],
)
def test_what_is_not_there_is_404(path: str) -> None:
    status, problem = busy().answer("GET", f"/api/v1/{path}")
    assert (status, problem["status"], problem["title"]) == (404, 404, "Not Found")


def test_single_objects_are_those_of_the_lists() -> None:
    asking = busy()
    for kind, key in (
        ("accounts", "system_id"),
        ("sessions", "id"),
        ("smscs", "name"),
        ("links", "id"),
    ):
        for each in asking.get(kind):
            assert asking.get(f"{kind}/{each[key]}") == each


def test_states_are_decided_and_answered_at_once() -> None:
    asking = busy()
    status, smsc_ = asking.post("smscs/alpha/drain")
    assert (status, smsc_["state"], smsc_["outstanding"]) == (202, "drain", 1)
    status, smsc_ = asking.post("smscs/alpha/ready")
    assert (status, smsc_["state"]) == (200, "ready")
    status, link = asking.post("links/alpha-transceiver-1/maint")
    assert (status, link["state"], link["condition"]) == (202, "drain", "bound")
    status, account = asking.post("accounts/acme/close")
    assert (status, account["state"]) == (200, "closed")
    assert asking.post("accounts/acme/open")[1]["state"] == "ready"
    assert asking.post("smscs/alpha/end-ejection")[0] == 200


def test_the_last_decision_counts() -> None:
    """A drain that follows a maint is not undone by it."""
    asking = busy()
    assert asking.post("smscs/alpha/maint")[0] == 202
    assert asking.post("smscs/alpha/drain")[0] == 202
    asking.gate.reactor.pump([1.0] * 70)
    assert asking.get("smscs/alpha")["state"] == "drain"


def test_what_is_asked_again_and_again_is_waited_for_once() -> None:
    asking = busy()
    asking.post("smscs/alpha/drain")
    timers = len(asking.gate.reactor.getDelayedCalls())
    for _ in range(20):
        asking.post("smscs/alpha/drain")
    assert len(asking.gate.reactor.getDelayedCalls()) == timers


def test_words_that_others_add_to_addresses_do_no_harm_but_to_the_api() -> None:
    asking = busy()
    assert asking.answer("GET", "/?from=mail")[0] == 200
    assert asking.answer("GET", "/healthz?x=1")[0] == 200
    assert asking.answer("GET", "/api/v1/state?x=1")[0] == 400


def test_a_weight_holds_until_it_is_null() -> None:
    asking = busy()
    assert asking.post("smscs/alpha/weight", {"weight": 7})[1]["weight"] == 7
    assert asking.post("smscs/alpha/weight", {"weight": None})[1]["weight"] == 1


@pytest.mark.parametrize("weight", [-1, 257, "3", 1.5, True, [], {}])
def test_a_weight_that_cannot_be_changes_nothing(weight: object) -> None:
    asking = busy()
    status, problem = asking.post("smscs/alpha/weight", {"weight": weight})
    assert (status, [each["path"] for each in problem["errors"]]) == (422, ["weight"])
    assert asking.get("smscs/alpha")["weight"] == 1


def test_bodies_are_read_strictly() -> None:
    asking, path = busy(), "/api/v1/smscs/alpha/weight"
    assert asking.answer("POST", path)[0] == 422
    assert asking.answer("POST", path, {"weight": 1, "wait": 1})[0] == 422
    assert asking.answer("POST", path, [1])[0] == 422
    assert asking.answer("POST", path, raw=b"{")[0] == 400
    assert asking.answer("POST", path, raw=b"[" * 60_000)[0] == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert asking.answer("POST", path, {"weight": 2}, headers=form)[0] == 415
    assert asking.get("smscs/alpha")["weight"] == 1


def test_a_kick_unbinds_sessions() -> None:
    asking = busy()
    assert asking.post("sessions/7/kick")[0] == 404
    assert asking.post("accounts/acme/kick")[0] == 202
    assert asking.post("sessions/1/kick", {"now": True})[0] == 202


def test_other_methods_are_refused() -> None:
    asking = busy()
    answer = result(asking.ask("DELETE", "/api/v1/smscs/alpha"))
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert asking.answer("GET", "/api/v1/reload")[0] == 405
    assert asking.answer("HEAD", "/api/v1/state")[0] == 200


# Roles


def test_a_viewer_sees_and_changes_nothing() -> None:
    asking = Asking(admin=off(user=USERS))
    asking.service._guard._compare = lambda kept, password: succeed(password == "secret")
    vera, otto = basic("vera", "secret"), basic("otto", "secret")
    who = asking.answer("GET", "/api/v1/me", client=REMOTE, headers=vera)
    assert who == (200, {"user": "vera", "role": "viewer"})
    path = "/api/v1/smscs/alpha/drain"
    with Log() as log:
        assert asking.answer("POST", path, client=REMOTE, headers=vera)[0] == 403
        assert asking.get("smscs/alpha")["state"] == "ready"
        assert asking.answer("POST", path, client=REMOTE, headers=otto)[0] == 200
    told = [line for line in log.lines if "admin: " in line]
    assert told == [
        f"SG-6101 admin: vera at 192.0.2.7:4000: POST {path} refused: the user vera may look, and "
        "change nothing",
        "admin: otto at 192.0.2.7:4000: drain alpha",
    ]


def test_strangers_are_told_nothing() -> None:
    """Not even what there is; health and readiness are for all."""
    asking = Asking(admin=off(user=USERS))
    for path in ("/", "/metrics", "/api/v1/state", "/api/v1/openapi.json", "/nothing"):
        assert asking.answer("GET", path, client=REMOTE)[0] == 401
    assert asking.answer("POST", "/api/v1/reload", client=REMOTE)[0] == 401
    assert asking.answer("GET", "/healthz", client=REMOTE) == (200, "ok\n")
    assert asking.answer("GET", "/readyz", client=REMOTE)[0] == 503


def test_it_is_ready_while_a_link_is_up_and_it_does_not_stop() -> None:
    asking = Asking(smsc("alpha", sessions=1))
    assert asking.answer("GET", "/readyz") == (503, "not ready\n")
    link = linked(asking.gate)
    assert asking.answer("GET", "/readyz") == (200, "ready\n")
    asking.gate.gateway.stopService()
    assert asking.answer("GET", "/readyz") == (503, "not ready\n")
    assert asking.get("state")["is_stopping"]
    link.heard()


# Reload and log


def test_a_reload_is_what_sighup_does() -> None:
    done: Deferred[None] = Deferred()
    asking = Asking(reload=lambda: done)
    answer = asking.ask("POST", "/api/v1/reload")
    assert not answer.called
    done.callback(None)
    assert json.loads(b"".join(result(answer).body)) == {"reloaded": True}


def test_a_broken_file_is_422_with_all_errors() -> None:
    error = SettingsError(["esme[0].window: must be at least 1, not 0", "is not TOML: x"])
    status, problem = Asking(reload=lambda: fail(error)).post("reload")
    assert (status, problem["errors"]) == (
        422,
        [
            {"path": "esme[0].window", "message": "must be at least 1, not 0"},
            {"path": "", "message": "is not TOML: x"},
        ],
    )


def test_a_gate_without_a_file_cannot_reload() -> None:
    assert Asking().post("reload")[0] == 409


def test_an_error_of_the_gate_is_500_and_in_the_log() -> None:
    asking = Asking(reload=lambda: fail(ZeroDivisionError("hush")))
    with Log() as log:
        status, problem = asking.post("reload")
    assert (status, "hush" in json.dumps(problem)) == (500, False)
    assert any("ZeroDivisionError" in line for line in log.lines)


def test_the_log_tells_less_and_more() -> None:
    asking = Asking(smsc("alpha", sessions=1))
    put = "/api/v1/log-level"
    assert asking.get("log-level") == {"level": "info"}
    assert asking.answer("PUT", put, {"level": "error"}) == (200, {"level": "error"})
    try:
        assert asking.get("log-level") == {"level": "error"}
        with Log() as log:
            linked(asking.gate)
            assert log.lines == []
    finally:
        assert asking.answer("PUT", put, {"level": "info"})[0] == 200
    with Log() as log:
        asking.post("smscs/alpha/drain")
        assert log.lines
    assert asking.answer("PUT", put, {"level": "loud"})[0] == 422


def test_a_change_is_one_event() -> None:
    """Of the user who made it; what the gate tells of it by itself is left out."""
    asking = Asking(smsc("alpha"))
    linked(asking.gate)
    observer = asking.service.observer
    observer.setServiceParent(asking.service)
    for path, body in (
        ("smscs/alpha/weight", {"weight": 3}),
        ("smscs/alpha/weight", {"weight": None}),
        ("links/alpha-transceiver-1/drain", None),
        ("links/alpha-transceiver-1/ready", None),
        ("accounts/acme/close", None),
        ("accounts/acme/open", None),
        ("accounts/acme/kick", None),
    ):
        before = observer.event_log.last_number
        assert asking.post(path, body)[0] in (200, 202)
        kinds = [each.kind for each in observer.event_log.since(before)]
        # A pool without an SMSC is another thing to tell of.
        assert [kind for kind in kinds if not kind.startswith("pool_")] == ["operator"], path
    # A program that embeds the gate is told of as ever.
    asking.gate.gateway.smsc("alpha").change_weight(2)
    assert observer.event_log.since(observer.event_log.last_number - 1)[0].kind == "smsc_changed"


# Explain


def test_it_explains_where_a_message_would_go_now() -> None:
    asking = busy()
    found = asking.get("route?esme=acme&to=447700900123&from=Shop")
    assert (found["pool"], found["smsc"]) == ("default", "alpha")
    asking.post("smscs/alpha/drain")
    found = asking.get("route?esme=acme&to=447700900123")
    assert found["smsc"] is None
    (pool,) = found["pools"]
    assert [member["reason"] for member in pool["members"]] == ["drain", "down"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("esme=acme", 400),
        ("esme=acme&to=1&to2=3", 400),
        ("esme=nobody&to=1", 404),
        (f"esme=acme&to={'1' * 21}", 400),
        ("esme=acme&to=€", 400),
        ("esme=acme&to=1&command=bind", 400),
        ("esme=acme&to=1&esm-class=256", 400),
        ("esme=acme&to=1&tlv=zz", 400),
        ("esme=acme&to=1&at=yesterday", 400),
        ("esme=acme&to=1&tlv=0x1400%3D01&data-coding=0x08&at=2026-01-31T22:00:00Z", 400),
        ("esme=acme&to=1&data-coding=0x08&at=2026-01-31T22:00:00Z&command=data_sm", 200),
    ],
)
def test_what_it_is_asked_is_checked(query: str, status: int) -> None:
    assert busy().answer("GET", f"/api/v1/route?{query}")[0] == status


# Long lists


def test_long_lists_are_made_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []

    def rest(clock: Any, seconds: float) -> Deferred[None]:
        turns.append(seconds)
        return deferLater(clock, seconds)

    monkeypatch.setattr(slices, "deferLater", rest)
    asking = Asking(esme=tuple(esme(f"a{number}") for number in range(350)))
    assert len(asking.get("accounts")) == 350
    assert len(turns) >= 3


def test_a_queue_that_cannot_be_read_is_503() -> None:
    asking = Asking(esme=(esme("acme", queue=True),))
    queues = asking.gate.router.queues
    (queue,) = queues.values()
    queue._read_ahead.unread = 5
    queues.read = lambda *_: fail(StoreError("no disk"))
    assert asking.post("queues/acme/drop")[0] == 503
    assert asking.post("queues/acme/retry")[0] == 200


@pytest.mark.parametrize(("said", "since"), [("3", 3), ("99", 0), ("x", 0), ("", 0)])
def test_who_was_at_a_gate_before_this_one_misses_no_event(said: str, since: int) -> None:
    """Numbers begin with 1 again."""
    asking = busy()
    for _ in range(5):
        asking.post("accounts/acme/close")
    headers = {"last-event-id": said}
    stream: Any = result(asking.ask("GET", "/api/v1/events", headers=headers)).stream
    assert stream.__self__._since == since
