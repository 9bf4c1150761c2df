"""Marked passwords and message texts go everywhere, and are found in no file and no answer.

Every file that the gate and its commands write is searched, and everything that the API says. The
texts of queued messages are on disk by nature: in the queue's files alone, which no other user may
read.
"""

from __future__ import annotations

import base64
import json
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smppgate.settings.password_hash import hashed
from tests.e2e.admin import Client
from tests.e2e.daemon import command, daemon
from tests.e2e.ports import free_port
from tests.e2e.test_access import Files, secure
from tests.e2e.test_control import Controlled
from tests.e2e.test_traffic import started
from tests.e2e.twistd import settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    DELIVERY_RECEIPT,
    MESSAGE_PAYLOAD,
    RESP,
    SUBMIT_SM,
    Smsc,
    Wire,
    answer,
    bind_body,
    connect,
    message_body,
    pdu,
    receipt_text,
    tlv,
)

PASSWORD = b"PwM4rk"
"""Is in each password, right or wrong."""
TEXT = b"TxtM4rk"
"""Is in the text of each message."""
QUEUED = b"QueuedM4rk"
"""Is in the texts of messages that wait in the queue."""

STREAMS = ("/trace", "/capture", "/events")
"""Answers without an end; commands ask for these."""
NAMES = {"account": "acme", "system_id": "acme", "smsc": "alpha", "name": "alpha"}
"""What stands in paths of the API."""

CONFIG, QUEUE = "smppgate.toml", "smppgate.sqlite"


def forms(secret: bytes) -> tuple[bytes, ...]:
    """How ``secret`` may be written: as it is, in hexadecimal, in UTF-16, in base64."""
    text = secret.decode()
    inner = base64.b64encode(secret).rstrip(b"=")[:-1]
    return secret, secret.hex().encode(), text.encode("utf-16-be"), inner


def leaks(octets: bytes, *secrets: bytes) -> list[bytes]:
    """What is in ``octets`` of these secrets, in any form."""
    small = octets.lower()
    found = (form for secret in secrets for form in forms(secret))
    return [form for form in found if form in octets or form.lower() in small]


class Stage:
    """A gate with passwords of all kinds, and with everything that it may write."""

    def __init__(self, folder: Path, smsc: Smsc) -> None:
        self.folder = folder
        self.files = Files(folder)
        self.port, self.tls, self.admin = free_port(), free_port(), free_port()
        self.smsc = smsc
        (folder / "file.secret").write_bytes(PASSWORD + b"-file\n")
        (folder / CONFIG).write_text(self._config())

    def _config(self) -> str:
        mark = PASSWORD.decode()
        config = settings(
            self.port, {"alpha": self.smsc.port}, esmes="", gate='state_dir = "state"'
        )
        config = config.replace("pw-of-alpha", f"{mark}-smsc")
        return f"""{config}
[log]
messages = "messages.log"
[cdr]
path = "records.csv"
[admin]
endpoint = ["unix:STATE_DIR/admin.sock:mode=600", "tcp:{self.admin}:interface=127.0.0.1"]
[[admin.user]]
name = "vera"
password_hash = "{hashed(f"{mark}-vera")}"
role = "operator"
[[listen]]
endpoint = "tcp:{self.tls}:interface=127.0.0.1"
[listen.tls]
certificate = "gate.example.pem"
key = "gate.example.key"
[[esme]]
system_id = "acme"
password = "{mark}-acme"
address_ranges = ["4477009*"]
[[esme]]
system_id = "bank"
password_hash = "{hashed(f"{mark}-bank")}"
[[esme]]
system_id = "corp"
password_file = "file.secret"
[[esme]]
system_id = "dora"
password_env = "DORA"
[[esme]]
system_id = "eve"
password = "{mark}-eve"
address_ranges = ["4988*"]
queue = true
outbind = "tcp:127.0.0.1:{free_port()}"
outbind_password = "{mark}-out"
"""

    @contextmanager
    def running(self) -> Iterator[Controlled]:
        """The gate, with its link."""
        line = command("run", self.folder / CONFIG)
        with daemon(self.folder, line, self.port, {"DORA": f"{PASSWORD.decode()}-dora"}) as gate:
            link = self.smsc.link()
            yield Controlled(gate, [self.smsc], [link], self.folder)

    def written(self) -> dict[str, bytes]:
        """What is in each file, but for those that were there before the gate."""
        own = {CONFIG, "file.secret", "gate.example.key"}
        files = [each for each in self.folder.rglob("*") if each.is_file()]
        return {
            str(each.relative_to(self.folder)): each.read_bytes()
            for each in files
            if each.name not in own
        }


def bind(esme: Wire, name: bytes, password: bytes) -> int:
    esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(name, password)))
    return esme.receive().status


def bind_rightly_and_wrongly(stage: Stage) -> Wire:
    """All kinds of binds; gives the session of acme."""
    for name in (b"acme", b"bank", b"corp", b"dora", b"eve", b"nobody"):
        assert bind(connect(stage.port), name, PASSWORD + b"-wrong") in (0x0E, 0x0F)
    for name, end in ((b"bank", b"-bank"), (b"corp", b"-file"), (b"dora", b"-dora")):
        assert bind(connect(stage.port), name, PASSWORD + end) == 0
    broken = connect(stage.port)
    # Without its NUL the name has the password in it; and what is no SMPP at all.
    broken.send(pdu(BIND_TRANSCEIVER, 1, b"acme" + PASSWORD + b"-lost\0"))
    assert broken.receive().status != 0
    connect(stage.port).send(b"USER " + PASSWORD + b"-ftp\r\n")
    secured = secure(stage.tls, stage.files.ca)
    assert bind(secured, b"acme", PASSWORD + b"-wrong") == 0x0E
    acme = connect(stage.port)
    assert bind(acme, b"acme", PASSWORD + b"-acme") == 0
    return acme


def exchange(acme: Wire, link: Wire) -> None:
    """Messages both ways, with and without success, and a receipt."""
    payload = tlv(MESSAGE_PAYLOAD, TEXT + b"-payload")
    bodies = [message_body(text=TEXT), message_body(text=b"", tlvs=payload)]
    for number, body in enumerate(bodies, 2):
        acme.send(pdu(SUBMIT_SM, number, body))
        answer(link, link.receive_message(), b"id-%d\0" % number, 0x45 * (number == 3))
        assert acme.receive_message().number == number
    link.send(pdu(DELIVER_SM, 7, message_body(b"4477009001", text=TEXT)))
    receipt = message_body(
        b"1234", receipt_text(b"id-2", text=TEXT), b"4477009001", esm_class=DELIVERY_RECEIPT
    )
    link.send(pdu(DELIVER_SM, 8, receipt))
    link.send(pdu(DELIVER_SM, 9, message_body(b"111", text=TEXT)))
    for _ in range(2):
        request = acme.receive_message()
        acme.send(pdu(DELIVER_SM | RESP, request.number, b"\0"))
    assert {link.receive_message().number for _ in range(3)} == {7, 8, 9}
    # A message that is cut off in its text.
    acme.send(pdu(SUBMIT_SM, 20, message_body(text=TEXT)[:-3]))
    answer(link, link.receive_message(), b"", 0x01)
    assert acme.receive_message().status != 0


def queue(link: Wire) -> None:
    """A message that waits for an ESME that is not there."""
    link.send(pdu(DELIVER_SM, 30, message_body(b"4988111", text=QUEUED)))
    assert link.receive_message().status == 0


def everything_said(stage: Stage, at: Controlled) -> Iterator[bytes]:
    """What the API, the page, the metrics and the commands say."""
    local = Client(stage.folder / "state" / "admin.sock")
    _, document = local.ask("GET", "/api/v1/openapi.json")
    paths = [path for path, methods in document["paths"].items() if "get" in methods]
    assert len(paths) > 10
    for path in (*paths, "/metrics", "/"):
        if path.endswith(STREAMS):
            continue
        filled = re.sub(r"\{(\w+)\}", lambda found: NAMES.get(found[1], "1"), path)
        yield read(local, filled)
    for end in (b"-wrong", b"-vera"):
        client = Client(stage.admin, "vera", (PASSWORD + end).decode())
        yield json.dumps(client.ask("GET", "/api/v1/state")).encode()
    for words in (["status"], ["accounts"], ["sessions"], ["queues"], ["reload"]):
        yield at.run(*words).stdout.encode()
    yield at.run("check", CONFIG, DORA=f"{PASSWORD.decode()}-dora").stdout.encode()


def read(client: Client, path: str) -> bytes:
    """All of one answer."""
    response = client.open("GET", path)
    return response.read() + str(response.headers).encode()


def test_secrets_are_in_no_file_and_no_answer(tmp_path: Path) -> None:
    with Smsc() as smsc:
        stage = Stage(tmp_path, smsc)
        with stage.running() as at:
            capture = str(tmp_path / "masked.pcapng")
            programs = [
                started(at, "trace"),
                started(at, "trace", "--json"),
                started(at, "capture", "-w", capture),
                at.start("events"),
            ]
            acme = bind_rightly_and_wrongly(stage)
            exchange(acme, at.links[0])
            queue(at.links[0])
            said = list(everything_said(stage, at))
            for program in programs:
                program.stop()
                said.append(program.log.encode())
            at.gate.stop()
            said.append(at.gate.log.encode())
        check(stage, said)


def check(stage: Stage, said: list[bytes]) -> None:
    """Search all that was said and written."""
    for octets in said:
        assert leaks(octets, PASSWORD, TEXT, QUEUED) == [], octets
    written = stage.written()
    for name in ("messages.log", "records.csv", "masked.pcapng"):
        assert written[name], sorted(written)
    queues = {name for name, octets in written.items() if QUEUED in octets}
    assert queues
    assert all(Path(name).name.startswith(QUEUE) for name in queues), queues
    for name, octets in written.items():
        secrets = (PASSWORD, TEXT) if name in queues else (PASSWORD, TEXT, QUEUED)
        assert leaks(octets, *secrets) == [], name
    for name in written:
        if name.startswith("state/"):
            mode = stat.S_IMODE((stage.folder / name).stat().st_mode)
            assert mode & 0o077 == 0 or is_shut(stage.folder / "state"), (name, oct(mode))


def is_shut(folder: Path) -> bool:
    """Whether no other user gets into ``folder``."""
    return not stat.S_IMODE(folder.stat().st_mode) & 0o077


@pytest.mark.parametrize("form", range(4))
def test_the_search_finds_each_form(form: int) -> None:
    """One that finds nothing would prove nothing."""
    assert leaks(b"in front " + forms(TEXT)[form] + b" behind", TEXT)
    assert not leaks(b"in front, and behind", TEXT)
