"""The commands that look at a running gate and change it, as programs, with a real gate."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from smppgate.settings.password_hash import hashed
from tests.certificates import Pair
from tests.e2e.crowd import Center, Crowd, Submitter
from tests.e2e.daemon import command, daemon
from tests.e2e.program import RunningProgram, launched
from tests.e2e.twistd import RunningGate, free_port, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
)

DONE, REFUSED, NOT_REACHED = 0, 1, 2


class Controlled:
    """A gate, its SMSCs, and the folder that it and its commands run in.

    :ivar links: one of each SMSC.
    """

    def __init__(self, gate: RunningGate, smscs: list[Smsc], links: list[Wire], folder: Path):
        self.gate = gate
        self.smscs = smscs
        self.links = links
        self.folder = folder

    @property
    def file(self) -> Path:
        """Its configuration."""
        return self.folder / "smppgate.toml"

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command, when it has ended; the gate is named by the file in the folder."""
        return ended(self.folder, *words, **more)

    def json(self, *words: str) -> Any:
        """What a command says as JSON."""
        done = self.run(*words, "--json")
        assert done.returncode == DONE, done
        return json.loads(done.stdout)

    def start(self, *words: str) -> RunningProgram:
        """A command that goes on; its output is its log."""
        return RunningProgram(launched(self.folder, [sys.executable, "-m", "smppgate", *words]))


def ended(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "smppgate", *words]
    with launched(folder, line, environment) as process:
        # Errors are in it too: only those of commands that fail are looked at.
        out, _ = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(line, process.returncode, out)


@contextmanager
def controlled(folder: Path, *names: str, more: str = "") -> Iterator[Controlled]:
    """A gate with a link to an SMSC of each name."""
    with ExitStack() as stack:
        smscs = {name: stack.enter_context(Smsc()) for name in names or ("alpha",)}
        port = free_port()
        text = settings(port, {name: smsc.port for name, smsc in smscs.items()})
        (folder / "smppgate.toml").write_text(f"{text}\n{more}\n")
        line = command("run", folder / "smppgate.toml")
        gate = stack.enter_context(daemon(folder, line, port))
        links = [smsc.link() for smsc in smscs.values()]
        gate.wait_for_log("bound at", len(links))
        yield Controlled(gate, list(smscs.values()), links, folder)
        assert "Traceback" not in gate.log, gate.log


def told(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line of a command that ended so."""
    assert done.returncode == status, done
    assert done.stdout.count("\n") == 1, done
    return done.stdout


# Looking


def test_what_is_there_is_shown(tmp_path: Path) -> None:
    with controlled(tmp_path, "alpha", "beta") as at:
        esme = bound(at.gate.port)
        esme.send(pdu(SUBMIT_SM, 2, message_body()))
        assert [each["system_id"] for each in at.json("accounts")] == ["acme", "bolt"]
        (session,) = at.json("sessions", "acme")
        assert (session["account"], session["bind"], session["open"]) == ("acme", "transceiver", 1)
        assert [each["links"] for each in at.json("smscs")] == [{"up": 1, "all": 1}] * 2
        assert at.run("links", "--names").stdout == "alpha-transceiver-1\nbeta-transceiver-1\n"
        assert at.run("pools").stdout.count("in use") == 2
        for name in ("routes", "queues"):
            assert at.json(name) == []
        state = at.json("status")
        assert (state["name"], state["open_exchanges"]) == ("gate1", 1)
        lines = at.run("status").stdout.splitlines()
        assert lines[0].startswith("gate1  smppgate ")
        assert any("2 of 2 links up" in line for line in lines)
        assert "Traceback" not in at.run("top", "--once", "--interval", "0.1").stdout


def test_links_that_are_lost_are_told(tmp_path: Path) -> None:
    with controlled(tmp_path, "alpha", "beta") as at:
        at.links[0].sock.close()
        at.gate.wait_for_log("lost")
        lines = at.run("status").stdout.splitlines()
        assert any(line.startswith("SMSC alpha: 0 of 1 link up") for line in lines), lines


# Changing


def test_drain_in_a_script_under_load(tmp_path: Path) -> None:
    """No ESME has an error: not when it drains, not while it is drained, nor afterwards."""
    random = Random(13)
    with controlled(tmp_path, "alpha", "beta") as at:
        alpha, beta = centers = [Center(random, overtaking=0.0) for _ in at.links]
        for center, link in zip(centers, at.links, strict=True):
            center.join(link)
        senders = [Submitter(b"acme", serial, 1 << 30, window=20) for serial in (1, 2)]
        for sender in senders:
            sender.join(bound(at.gate.port))
        crowd = Crowd([*centers, *senders])
        crowd.run(lambda: min(alpha.taken, beta.taken) > 200)
        for _ in range(3):
            for words in (("drain", "alpha"), ("weight", "beta", "3"), ("drain", "alpha")):
                process = at.start(*words)
                crowd.run(lambda process=process: process.process.poll() is not None)
                assert process.wait() == DONE, process.log
            taken, then = alpha.taken, beta.taken
            crowd.run(lambda then=then: beta.taken > then + 200)
            assert alpha.taken == taken
            process = at.start("ready", "alpha")
            crowd.run(lambda process=process, taken=taken: alpha.taken > taken + 100)
            assert process.wait() == DONE
        for sender in senders:
            sender.count = 0
        crowd.run(lambda: crowd.is_done)
        assert not any(peer.refused for peer in (*senders, *centers))
        given = [given for sender in senders for given in sender.given.values()]
        assert len(given) == alpha.taken + beta.taken
        smscs = {each["name"]: each["taken"] for each in at.json("smscs")}
        assert smscs == {"alpha": alpha.taken, "beta": beta.taken}


def test_drain_waits_for_what_is_open(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        esme = bound(at.gate.port)
        esme.send(pdu(SUBMIT_SM, 2, message_body()))
        request = at.links[0].receive_message()
        drain = at.start("drain", "alpha")
        drain.wait_for_log("SMSC alpha: 1 open\n")
        assert at.run("drain", "alpha", "--no-wait").returncode == DONE
        late = at.run("drain", "alpha", "--timeout", "0.1")
        assert late.returncode == REFUSED
        assert "1 open after 0.1 s; it stays in drain" in late.stdout
        assert drain.process.poll() is None
        answer(at.links[0], request)
        assert esme.receive_message().status == 0
        assert drain.wait() == DONE
        assert drain.log.endswith("SMSC alpha: drain, nothing is open\n")


def test_a_gate_that_is_killed_while_a_command_waits(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        esme = bound(at.gate.port)
        esme.send(pdu(SUBMIT_SM, 2, message_body()))
        at.links[0].receive_message()
        drain = at.start("drain", "alpha")
        drain.wait_for_log("1 open")
        at.gate.kill()
        assert drain.wait() == NOT_REACHED
        assert drain.log.endswith("while SMSC alpha was waited for\n")


def test_a_link_is_taken_away_and_comes_back(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        name = "alpha-transceiver-1"
        maint = at.start("maint", name)
        unbind = at.links[0].receive_message()
        assert unbind.command_id == UNBIND
        answer(at.links[0], unbind, b"")
        assert maint.wait() == DONE, maint.log
        (link,) = at.json("links", name)
        assert (link["state"], link["condition"]) == ("maint", "down")
        assert at.run("ready", name).returncode == DONE
        at.smscs[0].link()
        at.gate.wait_for_log("bound at", 2)


def test_accounts_are_closed_opened_and_kicked(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        esme, port = bound(at.gate.port), at.gate.port
        assert at.run("close", "acme").returncode == DONE
        refused = connect(port)
        refused.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
        assert refused.receive().status != 0
        assert at.run("status").stdout.endswith("account acme is closed\n")
        assert at.run("kick", at.run("sessions", "--names").stdout.strip()).returncode == DONE
        unbind = esme.receive_message()
        assert unbind.command_id == UNBIND
        answer(esme, unbind, b"")
        assert esme.is_closed()
        assert at.run("open", "acme").returncode == DONE
        again = bound(port)
        assert at.run("kick", "acme", "--now").returncode == DONE
        assert again.receive_message().command_id == UNBIND


def test_a_queue_is_dropped_by_name(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        assert at.run("queue", "drop", "acme").returncode == REFUSED
        queue = 'system_id = "acme"\nqueue = true'
        at.file.write_text(at.file.read_text().replace('system_id = "acme"', queue))
        assert at.run("reload").returncode == DONE
        for number in (1, 2):
            at.links[0].send(pdu(DELIVER_SM, number, message_body()))
            assert at.links[0].receive_message()[:2] == (DELIVER_SM | RESP, 0)
        assert [each["queued"] for each in at.json("queues", "acme")] == [2]
        assert told(at.run("queue", "retry", "acme"), DONE).endswith("2 in the queue\n")
        found = at.json("queue", "drop", "acme")
        assert (found["queued"], found["dropped"]) == (0, 2)


def test_listeners_are_shown(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        (listener,) = at.json("listeners")
        assert listener["address"].endswith(f":{at.gate.port}")
        assert listener["endpoint"] in at.run("listeners").stdout


def test_a_reload_and_its_errors(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        good = at.file.read_text()
        at.file.write_text(good.replace('system_id = "bolt"', 'system_id = "bolt"\nwindow = 0'))
        refused = at.run("reload")
        assert refused.returncode == REFUSED
        assert "esme[1].window: must be at least 1" in refused.stdout
        at.file.write_text(good.replace('"bolt"', '"bolt2"'))
        assert told(at.run("reload"), DONE)
        assert at.run("accounts", "--names").stdout == "acme\nbolt2\n"


def test_the_level_of_the_log(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        assert told(at.run("log-level", "warn"), DONE) == "log level: warn\n"


def test_a_route_is_explained_by_the_running_gate(tmp_path: Path) -> None:
    routes = """
[[pool]]
name = "main"
members = ["alpha"]
[[route]]
name = "uk"
destination = "44*"
tlv = "0x1400=01ff"
pool = "main"
[[route]]
reject = "ESME_RINVDSTADR"
"""
    with controlled(tmp_path, more=routes) as at:
        asked = ("route", "--esme", "acme", "--to", "447700900123", "--tlv", "0x1400=01ff")
        running = (*asked, "--socket", "state/admin.sock")
        assert at.json(*running) == at.json(*asked, "--config", "smppgate.toml")
        at.run("maint", "alpha", "--no-wait")
        assert "no SMSC: the message waits for one" in at.run(*running).stdout
        assert at.run(*running).returncode == REFUSED
        assert "none called" in told(at.run(*running[:2], "nobody", *running[3:]), REFUSED)


# Failures


def test_unknown_names(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        for words in (
            ("drain", "alhpa"), ("weight", "x/y", "1"), ("kick", "99"), ("smscs", "omega"),
            ("close", "äöü"),
        ):  # fmt: skip
            line = told(at.run(*words), REFUSED)
            assert line.startswith(f"smppgate {words[0]}: there is no "), line


def test_a_gate_that_is_not_there(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        at.gate.stop()
        line = told(at.run("status"), NOT_REACHED)
        assert "no gate runs with smppgate.toml: there is no socket state/admin.sock" in line
    for words in (("--socket", "state/none.sock"), ("--url", "http://127.0.0.1:1")):
        told(ended(tmp_path, "status", *words), NOT_REACHED)


def test_users_over_tcp(tmp_path: Path) -> None:
    port = free_port()
    users = "".join(
        f'[[admin.user]]\nname = "{name}"\nrole = "{role}"\npassword_hash = "{hashed(name * 2)}"\n'
        for name, role in (("ann", "operator"), ("vic", "viewer"))
    )
    admin = f'[admin]\nendpoint = ["unix:run.sock", "tcp:{port}:interface=127.0.0.1"]\n{users}'
    with controlled(tmp_path, more=admin) as at:
        url = ("--url", f"http://127.0.0.1:{port}")

        def as_user(name: str, password: str, *words: str) -> subprocess.CompletedProcess[str]:
            return at.run(*words, *url, "--user", name, SMPPGATE_PASSWORD=password)

        assert at.run("smscs", "--names").stdout == "alpha\n"
        assert as_user("vic", "vicvic", "smscs", "--names").stdout == "alpha\n"
        assert as_user("ann", "annann", "drain", "alpha").returncode == DONE
        told(as_user("vic", "vicvic", "ready", "alpha"), REFUSED)
        assert "this password" in told(as_user("ann", "wrong", "smscs"), REFUSED)
        told(at.run("smscs", *url), REFUSED)
        # Nothing is on standard input, which is /dev/null.
        assert "no password" in told(at.run("smscs", *url, "--user", "ann"), NOT_REACHED)
        assert at.json("smscs")[0]["state"] == "drain"


def test_tls(tmp_path: Path) -> None:
    """The gate's certificate has to be one that is trusted."""
    port, keys = free_port(), Pair("localhost").write(tmp_path)
    user = f'[[admin.user]]\nname = "ann"\npassword_hash = "{hashed("secret")}"\n'
    admin = f'[admin]\nendpoint = "ssl:{port}:{keys}:interface=127.0.0.1"\n{user}'
    with controlled(tmp_path, more=admin) as at:
        asked = ("smscs", "--names", "--url", f"https://localhost:{port}", "--user", "ann")
        trusted = at.run(*asked, "--ca", "cert.pem", SMPPGATE_PASSWORD="secret")
        assert (trusted.returncode, trusted.stdout) == (DONE, "alpha\n")
        assert "CERTIFICATE_VERIFY_FAILED" in told(
            at.run(*asked, SMPPGATE_PASSWORD="secret"), NOT_REACHED
        )


def test_output_that_nobody_reads_any_more(tmp_path: Path) -> None:
    """As with ``| head -1``: no traceback."""
    with controlled(tmp_path) as at:
        line = f"{sys.executable} -m smppgate smscs | true; echo ended"
        with launched(tmp_path, ["sh", "-c", line]) as process:
            out, _ = process.communicate(timeout=PATIENCE)
        assert out == "ended\n"
        assert at.gate.process.poll() is None


# Events


def test_events_are_followed_also_when_the_gate_is_started_again(tmp_path: Path) -> None:
    with controlled(tmp_path) as at:
        bound(at.gate.port)
        events = at.start("events", "--json")
        try:
            events.wait_for_log('"account": "acme"')
            assert at.run("weight", "alpha", "3").returncode == DONE
            events.wait_for_log("weight")
            at.gate.kill()
            events.wait_for_log("trying again")
            before = events.log.count('"number": 1,')
            with daemon(tmp_path, command("run", at.file), at.gate.port):
                at.smscs[0].link()
                events.wait_for_log('"number": 1,', before + 1)
                bound(at.gate.port)
                events.wait_for_log('"account": "acme"', 2)
        finally:
            events.process.terminate()
        assert events.wait() != DONE
        lines = [line for line in events.log.splitlines() if line.startswith("{")]
        assert all(json.loads(line)["time"].endswith("Z") for line in lines)


@pytest.mark.parametrize("name", ["status", "smscs", "drain"])
def test_commands_load_no_twisted(tmp_path: Path, name: str) -> None:
    """A script that asks often has its answers at once."""
    look = (
        "import sys; from smppgate.cli.main import main; main(sys.argv[1:]);"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'twisted', 'cattrs', 'rich'}))"
    )
    with controlled(tmp_path):
        words = [name, *(["alpha"] if name == "drain" else [])]
        done = subprocess.run(
            [sys.executable, "-c", look, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.splitlines()[-1] == "[]"
