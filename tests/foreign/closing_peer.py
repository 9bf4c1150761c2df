"""An ESME that does as jsmpp does: it closes as soon as it knows that its bind is refused.

One thread reads and hands over what it has read; the end of the stream is told at once, past all
that waits to be dealt with. So a refused bind whose answer and end come together may look like a
connection that was lost, and its reason is never known.
"""

from __future__ import annotations

import queue
import re
import threading
from collections import Counter

from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    answer,
    bind_body,
    connect,
    id_of,
    message_body,
    pdu,
)

_NAMED = re.compile(rb"id:(\S+) ")


class BindFailed(Exception):
    """The bind was refused, with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"0x{status:08X}")
        self.status = status


class ClosingPeer:
    """A session, bound as transceiver.

    :raises BindFailed: after the connection was closed.
    :raises ConnectionError: when the connection ended before the answer was dealt with.
    """

    def __init__(self, port: int, password: bytes) -> None:
        self.ids: list[bytes] = []
        """Of all messages, in the order of their answers."""
        self.receipts: Counter[bytes] = Counter()
        """Id → its receipts."""
        self.overtaking: list[bytes] = []
        """Ids that a receipt named before they were known."""
        self._wire = connect(port)
        self._has_ended = False
        self._read: queue.Queue[Pdu | None] = queue.Queue()
        threading.Thread(target=self._keep_reading, daemon=True).start()
        self._wire.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", password)))
        got = self._next()
        if self._has_ended:
            raise ConnectionError("closed before the bind was answered")
        if got.status:
            self._wire.sock.close()
            raise BindFailed(got.status)

    def exchange(self, count: int, window: int = 10) -> None:
        """Submit so many messages and wait for as many receipts."""
        for number in range(1, window + 1):
            self._submit(number)
        sent = window
        while len(self.ids) < count or self.receipts.total() < count:
            got = self._next()
            if got.command_id == SUBMIT_SM | RESP:
                assert got.status == 0, got
                self.ids.append(id_of(got))
                if sent < count:
                    sent += 1
                    self._submit(sent)
            else:
                self._deal(got)

    def unbind(self) -> None:
        """End the session in order."""
        self._wire.send(pdu(UNBIND, 0x7FFFFFFF))
        assert self._next() == Pdu(UNBIND | RESP, 0, 0x7FFFFFFF, b"")
        self._wire.sock.close()

    def _submit(self, number: int) -> None:
        self._wire.send(pdu(SUBMIT_SM, number, message_body(registered=1)))

    def _deal(self, got: Pdu) -> None:
        if got.command_id == ENQUIRE_LINK:
            answer(self._wire, got, b"")
            return
        assert got.command_id == DELIVER_SM, got
        named = _NAMED.search(got.body)
        assert named is not None, got
        self.receipts[named[1]] += 1
        if named[1] not in self.ids[-1000:]:
            self.overtaking.append(named[1])
        answer(self._wire, got, b"\0")

    def _next(self) -> Pdu:
        got = self._read.get(timeout=PATIENCE)
        if got is None:
            raise ConnectionError("the end of the stream")
        return got

    def _keep_reading(self) -> None:
        try:
            while True:
                self._read.put(self._wire.receive())
        except OSError:
            self._has_ended = True
            self._read.put(None)
