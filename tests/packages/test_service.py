"""The unit under a systemd that runs: the package installed, a message relayed, and its walls."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy

import pytest
from attrs import frozen

from tests.certificates import Pair
from tests.e2e.twistd import free_port, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    hang_up,
    message_body,
    pdu,
)
from tests.packages.machine import Machine, booted, layered, missing

UNIT = "smppgate.service"
CONFIGURATION = "etc/smppgate/smppgate.toml"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(missing()), reason=missing() or "takes root"
)


@frozen
class Service:
    """A machine whose gate is run by the unit."""

    machine: Machine
    smsc: Smsc
    port: int

    def configure(self, text: str) -> None:
        """Change what its configuration says; who may read it stays."""
        with (self.machine.root / CONFIGURATION).open("w") as file:
            file.write(text)

    @property
    def configuration(self) -> str:
        """What it says."""
        return (self.machine.root / CONFIGURATION).read_text()

    def start(self, unit: str = UNIT) -> Wire:
        """Start it anew; gives its link."""
        hang_up()
        self.machine.run("systemctl", "restart", unit)
        return self.smsc.link()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Return when it is."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline

    def asked(self, *words: str) -> str:
        """What a command of the gate's says, which asks the one of the unit by itself."""
        return self.machine.run("smppgate", *words)


@pytest.fixture(scope="module")
def service(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The package installed, and a configuration written: nothing else is done."""
    folder = tmp_path_factory.mktemp("machine")
    with layered(folder) as root, booted(root, folder) as machine, Smsc() as smsc:
        copy(package, root / "package.deb")
        machine.run("dpkg", "--force-unsafe-io", "--install", "/package.deb")
        assert machine.status("systemctl", "is-active", UNIT) != 0
        assert machine.status("systemctl", "is-enabled", UNIT) != 0
        made = Service(machine, smsc, free_port())
        made.configure(settings(made.port, {"alpha": smsc.port}))
        yield made
        hang_up()


def relayed(esme: Wire, link: Wire) -> None:
    esme.send(pdu(SUBMIT_SM, 2, message_body()))
    answer(link, link.receive_message())
    assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 2, b"alphaid\0")


def test_a_message_is_relayed_and_written_down(service: Service) -> None:
    log = "/var/log/smppgate/messages.log"
    service.configure(f'{service.configuration}\n[log]\nmessages = "{log}"\n')
    link = service.start()
    relayed(bound(service.port), link)
    assert service.asked("health") == "ready\n"
    # It is written in batches: at first there is no file.
    service.wait_until(lambda: service.machine.status("grep", "-q", '"acme"', log) == 0)
    service.wait_until(lambda: service.machine.shown(UNIT, "StatusText") == "1 ESME, 1 of 1 links")


def test_the_gate_is_no_user_of_the_machine_and_may_do_little(service: Service) -> None:
    """No capability, no new privileges, system calls filtered; its state is its own."""
    service.start()
    number = service.machine.shown(UNIT, "MainPID")
    lines = service.machine.run("cat", f"/proc/{number}/status").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    user = status["Uid"].split()[0]
    assert user != "0"
    assert user not in [
        line.split(":")[2] for line in Path("/etc/passwd").read_text().splitlines()
    ]
    owner = service.machine.run("stat", "--format=%u %a", "/var/lib/private/smppgate")
    assert owner.split() == [user, "700"]
    enter = ("nsenter", "--target", number, "--mount", "--setuid", user, "--setgid", user)
    for path in ("/usr/x", "/etc/smppgate/x", "/home"):
        assert service.machine.status(*enter, "touch", path) != 0
    assert service.machine.status(*enter, "touch", "/var/lib/smppgate/x") == 0


def test_tls_works_within_these_walls(service: Service) -> None:
    """The key is readable by the group alone."""
    whole, port = service.configuration, free_port()
    Pair("localhost").write(service.machine.root / "etc/smppgate")
    for name in ("key.pem", "cert.pem"):
        service.machine.run("chgrp", "smppgate-config", f"/etc/smppgate/{name}")
        service.machine.run("chmod", "0640", f"/etc/smppgate/{name}")
    files = "privateKey=/etc/smppgate/key.pem:certKey=/etc/smppgate/cert.pem"
    service.configure(f'{whole}\n[[listen]]\nendpoint = "ssl:{port}:{files}"\n')
    link = service.start()
    context = ssl.create_default_context(cafile=service.machine.root / "etc/smppgate/cert.pem")
    esme = connect(port)
    esme.sock = context.wrap_socket(esme.sock, server_hostname="localhost")
    esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
    assert esme.receive().status == 0
    relayed(esme, link)
    service.configure(whole)


def test_a_reload_applies_the_file_and_one_with_errors_fails(service: Service) -> None:
    whole = service.configuration
    link = service.start()
    esme = bound(service.port)
    service.configure(f"{whole}\nnonsense = 1\n")
    assert service.machine.status("systemctl", "reload", UNIT) != 0
    relayed(esme, link)
    service.configure(f'{whole}\n[[esme]]\nsystem_id = "new"\npassword = "secret"\n')
    service.machine.run("systemctl", "reload", UNIT)
    service.wait_until(lambda: "new" in service.asked("accounts", "--names").split())
    relayed(bound(service.port, b"new"), link)
    relayed(esme, link)
    service.configure(whole)


def test_a_gate_that_hangs_is_started_again(service: Service) -> None:
    """As soon as the watchdog is due, here after a second."""
    extra = service.machine.root / "etc/systemd/system/smppgate.service.d/soon.conf"
    extra.parent.mkdir(parents=True)
    extra.write_text("[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\nRestartSec=0\n")
    service.machine.run("systemctl", "daemon-reload")
    service.start()
    assert service.machine.shown(UNIT, "NRestarts") == "0"
    service.machine.run("kill", "-STOP", service.machine.shown(UNIT, "MainPID"))
    link = service.smsc.link()
    relayed(bound(service.port), link)
    assert service.machine.shown(UNIT, "NRestarts") == "1"
    extra.unlink()
    service.machine.run("systemctl", "daemon-reload")


def test_it_stops_in_order_and_its_state_stays(service: Service) -> None:
    link = service.start()
    esme = bound(service.port)
    service.machine.run("systemctl", "stop", "--no-block", UNIT)
    for end in (esme, link):
        unbind = end.receive_message()
        assert unbind.command_id == UNBIND
        answer(end, unbind, b"")
    service.wait_until(lambda: service.machine.shown(UNIT, "ActiveState") == "inactive")
    assert service.machine.shown(UNIT, "Result") == "success"
    assert "paths" in service.machine.run("ls", "/var/lib/smppgate/state")


def test_a_connection_to_the_socket_starts_it(service: Service) -> None:
    """One that came before the gate is served by it."""
    whole, unit = service.configuration, "smppgate.socket"
    service.machine.run("systemctl", "stop", UNIT)
    extra = service.machine.root / f"etc/systemd/system/{unit}.d/port.conf"
    extra.parent.mkdir(parents=True)
    extra.write_text(f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{service.port}\n")
    endpoint = f"tcp:{service.port}:interface=127.0.0.1"
    service.configure(whole.replace(endpoint, "systemd:domain=INET:name=smpp"))
    service.machine.run("systemctl", "daemon-reload")
    service.machine.run("systemctl", "start", unit)
    assert service.machine.shown(UNIT, "ActiveState") == "inactive"
    esme = bound(service.port)
    relayed(esme, service.smsc.link())
