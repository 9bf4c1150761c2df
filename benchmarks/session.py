"""One end of one SMPP connection of the generator, ESME's or SMSC's.

There are two ways through. The batch way handles a whole read at once and serves only reads
that are nothing but messages of one size. Whatever else arrives (a bind, an enquire_link, an
error in place of an answer) sends the read the slow way, PDU by PDU. So the fast way needs no
cases and the slow way no speed.
"""

from __future__ import annotations

import select
import socket
from array import array
from collections import Counter

from benchmarks import wire
from benchmarks.loop import Loop

# 910 submit_sm of 72 octets: fewer than a ring holds, more than any window here per session.
READ_SIZE = 65536

# As the size of the PDUs of a batch: no read is that long, so every read goes the slow way.
NEVER = 1 << 30

# One read in so many goes the slow way, so that all that the fast way takes on trust (every
# octet of the bodies, for one) is looked at in 0.4 % of the messages, whatever the load.
_LOOK_EVERY = 256

_HOUSEKEEPING = wire.BINDS | {wire.UNBIND, wire.ENQUIRE_LINK}


class Ledger:
    """What the sessions of one measurement write down together.

    ``faults`` counts what should not have happened, by its description; ``latencies`` are
    nanoseconds between a request and its answer, of those requests that are timed.
    """

    def __init__(self, faults: Counter[str] | None = None) -> None:
        self.faults: Counter[str] = Counter() if faults is None else faults
        self.latencies = array("Q")


class Session:
    """A non-blocking socket, the PDUs on it, and the housekeeping both sides share.

    ``batch_size`` is the octets of each PDU that the batch way expects; ``answered`` counts
    the exchanges completed here.
    """

    __slots__ = (
        "_backlog",
        "_loop",
        "_reads",
        "_recv",
        "_send",
        "_sock",
        "_tail",
        "answered",
        "batch_size",
        "bound",
        "closed",
        "ledger",
    )

    def __init__(self, loop: Loop, sock: socket.socket, ledger: Ledger) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop = loop
        self._sock = sock
        self._recv = sock.recv
        self._send = sock.send
        self._tail = b""
        self._reads = 0
        self._backlog = bytearray()
        self.ledger = ledger
        self.answered = 0
        self.batch_size = NEVER
        self.bound = False
        self.closed = False
        loop.watch(sock.fileno(), self.ready)

    def ready(self, events: int) -> None:
        """Read once, and handle all that was read."""
        if events & select.EPOLLOUT:
            self._flush()
        try:
            octets = self._recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        self._reads += 1
        if not octets:
            self._lost()
        elif self._tail or self._reads % _LOOK_EVERY == 0 or not self.batch(octets):
            self._mixed(octets)

    def batch(self, octets: bytes) -> bool:
        """Handle whole PDUs of ``batch_size``; False, and nothing done, if that they are not.

        It checks only what tells messages from anything else; every so often, all is looked at.
        """
        raise NotImplementedError

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Check one PDU that is no housekeeping, and give what to send for it."""
        raise NotImplementedError

    def transmit(self, octets: bytes | memoryview) -> None:
        """Send now what the kernel takes, and the rest when it takes more."""
        if self._backlog:
            self._backlog += octets
            return
        try:
            sent = self._send(octets)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the read that follows says that the session is lost
        if sent < len(octets):
            self._backlog += octets[sent:]
            self._loop.watch_writes(self._sock.fileno(), True)

    def close(self) -> None:
        """Close without a word; closing twice is nothing."""
        if not self.closed:
            self.closed = True
            self._loop.forget(self._sock.fileno())
            self._sock.close()

    def _flush(self) -> None:
        octets, self._backlog = bytes(self._backlog), bytearray()
        self._loop.watch_writes(self._sock.fileno(), False)
        self.transmit(octets)

    def _lost(self) -> None:
        if self.bound:
            self.ledger.faults["session lost"] += 1
        self.close()

    def _mixed(self, octets: bytes) -> None:
        octets = self._tail + octets
        self._tail = b""
        rest = len(octets) % self.batch_size
        whole = octets[:-rest] if rest else octets
        if self._reads % _LOOK_EVERY == 0 or not (whole and self.batch(whole)):
            rest = len(octets)
        if rest:
            self._one_by_one(octets[-rest:])

    def _one_by_one(self, octets: bytes) -> None:
        start, end = 0, len(octets)
        to_send = []
        while end - start >= wire.HEADER_SIZE:
            length, command_id, command_status, number = wire.HEADER.unpack_from(octets, start)
            if not wire.HEADER_SIZE <= length <= READ_SIZE:
                self.ledger.faults[f"command_length {length}"] += 1
                self.close()
                return
            if start + length > end:
                break
            pdu = octets[start : start + length]
            if command_id & ~wire.RESPONSE in _HOUSEKEEPING:
                to_send.append(self._housekeeping(command_id, command_status, number))
            else:
                to_send.append(self.message(pdu, command_id, command_status))
            start += length
        self._tail = octets[start:]
        self.transmit(b"".join(to_send))

    def _housekeeping(self, command_id: int, command_status: int, number: int) -> bytes:
        asked = command_id & ~wire.RESPONSE
        if asked in wire.BINDS:
            self.bound = command_status == 0
            if not self.bound:
                self.ledger.faults[f"bind refused 0x{command_status:08X}"] += 1
        elif asked == wire.UNBIND:
            self.bound = False
        if command_id & wire.RESPONSE:
            return b""
        return wire.pdu(
            command_id | wire.RESPONSE, number, b"bench\0" if asked in wire.BINDS else b""
        )
