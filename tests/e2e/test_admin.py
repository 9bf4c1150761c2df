"""A real gate that is asked and operated over HTTP."""

from __future__ import annotations

import base64
import json
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tests.certificates import Pair
from tests.e2e.admin import Client
from tests.e2e.daemon import KINDS, command, daemon
from tests.e2e.twistd import RunningGate, free_port, settings
from tests.e2e.wire import (
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Smsc,
    Wire,
    answer,
    bound,
    message_body,
    pdu,
)

both_kinds = pytest.mark.parametrize("kind", KINDS)


def hash_of(password: str) -> str:
    """What `smppgate passwd` prints."""
    made = subprocess.run(
        [sys.executable, "-m", "smppgate", "passwd"],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


class Running:
    """A gate, its SMSCs' ends, its file and its socket."""

    def __init__(self, gate: RunningGate, links: list[Wire], config: Path) -> None:
        self.gate = gate
        self.links = links
        self.config = config
        self.socket = config.parent / "state/admin.sock"
        self.client = Client(self.socket)

    def add(self, text: str) -> None:
        """Add this to the file."""
        self.config.write_text(f"{self.config.read_text()}\n{text}\n")


@contextmanager
def running(folder: Path, kind: str = "run", *names: str, admin: str = "") -> Iterator[Running]:
    """A gate with links to SMSCs of these names."""
    names = names or ("alpha",)
    with ExitStack() as stack:
        smscs = {name: stack.enter_context(Smsc()) for name in names}
        port, config = free_port(), folder / "gate.toml"
        text = settings(port, {name: smsc.port for name, smsc in smscs.items()})
        config.write_text(f"{text}\n{admin}\n")
        gate = stack.enter_context(daemon(folder, command(kind, config), port))
        links = [smsc.link() for smsc in smscs.values()]
        gate.wait_for_log("bound at", len(links))
        yield Running(gate, links, config)
        assert "Traceback" not in gate.log, gate.log


@both_kinds
def test_whoever_can_open_the_socket_sees_and_operates_the_gate(tmp_path: Path, kind: str) -> None:
    with running(tmp_path, kind, "alpha", "beta") as at:
        assert stat.S_IMODE(at.socket.stat().st_mode) == 0o600
        assert at.client.get("me")["role"] == "operator"
        assert at.client.ask("GET", "/readyz") == (200, "ready\n")
        esme = bound(at.gate.port)
        assert at.client.get("accounts")[0]["sessions"] == 1
        assert at.client.post("smscs/alpha/drain")[0] in (200, 202)
        esme.send(b"".join(pdu(SUBMIT_SM, number, message_body()) for number in range(2, 8)))
        for _ in range(6):
            answer(at.links[1], at.links[1].receive_message())
            assert esme.receive_message()[:2] == (SUBMIT_SM | RESP, 0)
        alpha, beta = at.client.get("smscs")
        assert (alpha["state"], alpha["taken"], beta["taken"]) == ("drain", 0, 6)
        assert at.links[0].is_quiet()
        assert at.client.get("state")["totals"]["answered"] == 6
        status, metrics = at.client.ask("GET", "/metrics")
        assert status == 200
        assert "smppgate_smsc_links{" in metrics
        (session,) = at.client.get("sessions")
        assert at.client.post(f"sessions/{session['id']}/kick")[0] == 202
        assert esme.receive_message().command_id == UNBIND
        at.gate.wait_for_log("drain alpha")


@both_kinds
def test_the_file_goes_at_the_stop_and_what_a_crash_leaves_is_replaced(
    tmp_path: Path, kind: str
) -> None:
    with running(tmp_path, kind) as at:
        at.gate.kill()
        assert at.socket.exists()
    with running(tmp_path, kind) as at:
        assert at.client.ask("GET", "/healthz") == (200, "ok\n")
        at.gate.process.terminate()
        unbind = at.links[0].receive_message()
        answer(at.links[0], unbind, b"")
        at.gate.wait()
        assert not at.socket.exists()


def test_the_default_socket_that_cannot_be_had_keeps_no_gate_from_starting(tmp_path: Path) -> None:
    (tmp_path / "state/admin.sock").mkdir(parents=True)
    with running(tmp_path) as at:
        at.gate.wait_for_log("cannot listen on unix:state/admin.sock")
        bound(at.gate.port)


def test_an_endpoint_that_was_asked_for_is_needed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    config = tmp_path / "gate.toml"
    port = free_port()
    text = settings(port, {"alpha": free_port()})
    config.write_text(f'{text}\n[admin]\nendpoint = "unix:here"\n')
    with daemon(tmp_path, command("run", config), port) as gate:
        assert gate.wait() == 1
        assert "cannot listen on unix:here: 'here' is there, and is no socket" in gate.log


def test_users_come_by_tcp_with_their_roles_and_a_reload_changes_them(tmp_path: Path) -> None:
    port, password = free_port(), hash_of("secret")
    users = "".join(
        f'[[admin.user]]\nname = "{name}"\npassword_hash = "{password}"\nrole = "{role}"\n'
        for name, role in (("vera", "viewer"), ("otto", "operator"))
    )
    endpoint = f'[admin]\nendpoint = ["unix:STATE_DIR/a.sock", "tcp:{port}:interface=127.0.0.1"]\n'
    with running(tmp_path, "run", admin=endpoint + users) as at:
        vera, otto = Client(port, "vera", "secret"), Client(port, "otto", "secret")
        stranger = Client(port)
        assert stranger.ask("GET", "/readyz")[0] == 200
        for path in ("/", "/metrics", "/api/v1/state"):
            assert stranger.ask("GET", path)[0] == 401
        assert vera.get("me") == {"user": "vera", "role": "viewer"}
        assert vera.post("smscs/alpha/drain")[0] == 403
        assert vera.ask("GET", "/api/v1/me", Origin="http://evil.example")[0] == 403
        assert otto.post("smscs/alpha/weight", {"weight": 3})[1]["weight"] == 3
        guesses = [Client(port, "vera", f"guess{n}").ask("GET", "/api/v1/me")[0] for n in range(4)]
        assert guesses == [401, 401, 401, 429]
        assert vera.ask("GET", "/api/v1/me")[0] == 200
        text = at.config.read_text()
        at.config.write_text(text.replace('name = "vera"', 'name = "anna"'))
        assert otto.post("reload") == (200, {"reloaded": True})
        assert vera.ask("GET", "/api/v1/me")[0] in (401, 429)
        assert Client(port, "anna", "secret").get("me")["role"] == "viewer"
        local = Client(tmp_path / "state/a.sock")
        other = free_port()
        at.config.write_text(text.replace(f"tcp:{port}:", f"tcp:{other}:"))
        assert local.post("reload")[0] == 200
        assert Client(other, "otto", "secret").get("me")["role"] == "operator"
        with pytest.raises(ConnectionRefusedError):
            otto.ask("GET", "/healthz")
        assert "secret" not in at.gate.log
        assert password not in at.gate.log


def test_a_broken_file_changes_nothing_and_says_all_that_is_wrong(tmp_path: Path) -> None:
    with running(tmp_path) as at:
        good = at.config.read_text()
        at.config.write_text(good.replace("[gate]", "[gate]\nwindow = 1\nenquire_link = -1.0", 1))
        status, problem = at.client.post("reload")
        assert status == 422
        assert {each["path"] for each in problem["errors"]} == {
            "gate.window",
            "gate.enquire_link",
        }
        at.config.write_text(good)
        assert at.client.post("reload")[0] == 200


def test_events_come_as_they_happen_and_what_was_missed_comes_first(tmp_path: Path) -> None:
    with running(tmp_path) as at:
        events = at.client.events()
        bound(at.gate.port)
        seen = next(each for each in events if each["kind"] == "bound" and "account" in each)
        assert seen["account"] == "acme"
        at.client.post("accounts/acme/close")
        told = next(each for each in events if each["kind"] == "operator")
        assert told["text"].endswith(": close acme")
        again = next(at.client.events(**{"Last-Event-ID": str(told["number"] - 1)}))
        assert again == told


def test_tls_is_spoken_where_the_endpoint_says_so(tmp_path: Path) -> None:
    pair, port = Pair("localhost"), free_port()
    (tmp_path / "tls").mkdir()
    files = pair.write(tmp_path / "tls")
    admin = (
        f'[admin]\nendpoint = "ssl:{port}:interface=127.0.0.1:{files}"\n'
        f'[[admin.user]]\nname = "vera"\npassword_hash = "{hash_of("secret")}"\n'
    )
    with running(tmp_path, admin=admin):
        context = ssl.create_default_context(cafile=str(tmp_path / "tls/cert.pem"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        pair_of = base64.b64encode(b"vera:secret").decode()
        connection = HTTPSConnection("localhost", port, timeout=PATIENCE, context=context)
        headers = {
            "Authorization": f"Basic {pair_of}",
            "Origin": f"https://localhost:{port}",
        }
        connection.request("GET", "/api/v1/me", headers=headers)
        assert json.loads(connection.getresponse().read()) == {"user": "vera", "role": "viewer"}
        assert connection.sock.selected_alpn_protocol() == "http/1.1"
        connection.close()


def test_a_stop_ends_what_is_open(tmp_path: Path) -> None:
    with running(tmp_path) as at:
        waiting = at.client.open("GET", "/api/v1/events")
        assert waiting.status == 200
        at.gate.process.terminate()
        answer(at.links[0], at.links[0].receive_message(), b"")
        assert at.gate.wait() == 0
        waiting.close()
