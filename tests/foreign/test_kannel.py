"""An ESME that nobody here wrote: Kannel, whose smsbox takes messages over HTTP."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.e2e.ports import free_port
from tests.e2e.wire import DELIVER_SM, PATIENCE, RESP, SUBMIT_SM
from tests.foreign.programs import MESSAGES, before_simulated, program
from tests.foreign.tap import Tap, dissected, overtaking

DELIVERED, ACCEPTED = 1, 8
"""What Kannel tells of: a receipt came, the SMSC took the message."""

EVERYTHING = 31
"""The dlr-mask that asks for all there is to tell."""

CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {bearerbox}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1

{binds}
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {smsbox}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = tester
password = secret
"""

BIND = """
group = smsc
smsc = smpp
smsc-id = gate
host = 127.0.0.1
{ports}
smsc-username = acme
smsc-password = secret
system-type = ""
"""

TRANSCEIVER = ("port = {gate}\ntransceiver-mode = true",)
PAIR = ("port = {gate}", "receive-port = {gate}")
"""How it binds: once for both directions, or once for each."""


class Told(ThreadingHTTPServer):
    """An HTTP server that Kannel tells what became of messages, by dlr-url."""

    # Kannel opens a connection for each; with the usual 5 the kernel drops some, and what they
    # carry comes seconds later, when they are tried again.
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", free_port()), _Telling)
        self.of: Counter[tuple[int, int]] = Counter()
        """(Kind, message) → how often it was told."""
        self.news = threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        super().__exit__(*error)

    def url(self, message: int) -> str:
        """What Kannel is to ask for; it puts the kind in place of %d."""
        return f"http://127.0.0.1:{self.server_port}/?kind=%d&message={message}"

    def wait_for(self, count: int) -> None:
        """Until so much was told, or nothing more is for as long as a test is patient."""
        with self.news:
            while self.of.total() < count and self.news.wait(PATIENCE):
                pass


class _Telling(BaseHTTPRequestHandler):
    server: Told
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        with self.server.news:
            self.server.of[int(asked["kind"][0]), int(asked["message"][0])] += 1
            self.server.news.notify_all()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of it."""


@contextmanager
def kannel(
    folder: Path, gate: int, binds: tuple[str, ...] = TRANSCEIVER
) -> Iterator[Callable[[int, str], str]]:
    """Kannel, bound to the gate; gives what sends a message with this dlr-url, for the answer."""
    ports = {name: free_port() for name in ("admin", "bearerbox", "smsbox")}
    file = folder / "kannel.conf"
    groups = "".join(BIND.format(ports=each.format(gate=gate)) for each in binds)
    file.write_text(CONFIGURATION.format(binds=groups, **ports))

    def send(message: int, dlr_url: str) -> str:
        asked = {
            "username": "tester",
            "password": "secret",
            "from": "1234",
            "to": f"4477009{message:06}",
            "text": f"message {message}",
            "dlr-mask": EVERYTHING,
            "dlr-url": dlr_url,
        }
        smsbox = http.client.HTTPConnection("127.0.0.1", ports["smsbox"], timeout=PATIENCE)
        smsbox.request("GET", f"/cgi-bin/sendsms?{urlencode(asked)}")
        answer = smsbox.getresponse().read().decode()
        smsbox.close()
        return answer

    with (
        program(folder, "entering mainloop", "bearerbox", "-v", "1", file) as bearerbox,
        # "Connected to bearerbox" is too early: it panics if a message comes within a moment.
        program(folder, "heartbeat_thread", "smsbox", "-v", "0", file),
    ):
        yield send
    assert "could not find message" not in bearerbox.log


def exchanged(send: Callable[[int, str], str]) -> Counter[tuple[int, int]]:
    """Send all messages, ten at a time; gives what was told of them."""
    with Told() as told:
        with ThreadPoolExecutor(10) as pool:
            answers = Counter(
                pool.map(lambda message: send(message, told.url(message)), range(MESSAGES))
            )
        assert answers == {"0: Accepted for delivery": MESSAGES}
        told.wait_for(2 * MESSAGES)
        return told.of


EACH_ONCE = {(kind, message): 1 for kind in (ACCEPTED, DELIVERED) for message in range(MESSAGES)}


def test_as_a_transceiver_it_loses_no_receipt(tmp_path: Path) -> None:
    """Of each message it hears once that an SMSC took it, and once that it was delivered."""
    with (
        before_simulated(tmp_path) as gate,
        Tap(gate.port) as front,
        kannel(tmp_path, front.port) as send,
    ):
        gate.wait_for_log("ESME acme bound as transceiver")
        assert exchanged(send) == EACH_ONCE
    assert overtaking(front.passed) == []
    passed = dissected(tmp_path, front.passed)
    assert {passed[command] for command in (SUBMIT_SM, DELIVER_SM)} == {MESSAGES}
    assert {passed[command | RESP] for command in (SUBMIT_SM, DELIVER_SM)} == {MESSAGES}


def test_with_a_pair_of_binds_it_loses_no_receipt(tmp_path: Path) -> None:
    """It forgets a receipt that it reads before the answer, which comes on the other session.

    So there is nothing between it and the gate here that could change the order.
    """
    with before_simulated(tmp_path) as gate, kannel(tmp_path, gate.port, PAIR) as send:
        gate.wait_for_log("ESME acme bound as transmitter")
        gate.wait_for_log("ESME acme bound as receiver")
        assert exchanged(send) == EACH_ONCE
