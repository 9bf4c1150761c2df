"""Scripted ESMEs and SMSCs in one loop, for more messages than one would write down.

Nothing waits for a clock: what a peer holds back it lets go when something else has come, or when
nothing comes any more. Chance is seeded.
"""

from __future__ import annotations

import re
import selectors
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple, TypeVar

from tests.e2e.twistd import RunningGate
from tests.e2e.wire import (
    DELIVER_SM,
    ENQUIRE_LINK,
    HEADER,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    bound,
    id_of,
    message_body,
    pdu,
    receipt_text,
)

_TOLD = re.compile(rb"id:(\S+) .*text:(\S+)$", re.DOTALL)
_SENT = re.compile(rb"\w+-\d+-\d+$")

_T = TypeVar("_T")

_LULL = 0.002
"""Seconds without anything from anybody after which peers let go what they hold back.

No more than a hint: too early only changes the order."""


class Peer:
    """One end of sessions, one after the other, in a `Crowd`."""

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self._incoming = bytearray()
        self._outgoing = bytearray()

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left that it would do by itself."""
        raise NotImplementedError

    def join(self, wire: Wire) -> None:
        """Go on over this session, which is bound."""
        self.wire = wire
        wire.sock.setblocking(False)
        self._incoming.clear()
        self._outgoing.clear()

    def send(self, octets: bytes) -> None:
        """Send in time."""
        self._outgoing += octets

    def flush(self) -> None:
        """Write what the socket takes."""
        if self.wire is not None and self._outgoing:
            try:
                written = self.wire.sock.send(self._outgoing)
            except BlockingIOError:
                return
            except ConnectionError:
                # What came before the end is still to be read.
                written = len(self._outgoing)
            del self._outgoing[:written]

    def read(self) -> bool:
        """Deal with all that is there; False at the end of the stream."""
        assert self.wire is not None
        try:
            octets = self.wire.sock.recv(1 << 18)
        except BlockingIOError:
            return True
        except ConnectionError:
            octets = b""
        self._incoming += octets
        for got in self._whole():
            if got.command_id == ENQUIRE_LINK:
                self.send(pdu(ENQUIRE_LINK | RESP, got.number))
            else:
                self.deal(got)
        if not octets:
            self.wire = None
        return bool(octets)

    def deal(self, got: Pdu) -> None:
        """A PDU came."""
        raise NotImplementedError

    def lull(self) -> None:
        """Nothing comes any more."""

    def _whole(self) -> list[Pdu]:
        found, at, incoming = [], 0, self._incoming
        while len(incoming) - at >= 16:
            length, command_id, status, number = HEADER.unpack_from(incoming, at)
            if len(incoming) - at < length:
                break
            found.append(Pdu(command_id, status, number, bytes(incoming[at + 16 : at + length])))
            at += length
        del incoming[:at]
        return found


class Told(NamedTuple):
    """A receipt as an ESME had it: the id it names, and the message it says it is about."""

    message_id: bytes
    text: bytes


class Submitter(Peer):
    """Submits messages that want receipts, each with a text of its own.

    :param account: system_id, the beginning of each text.
    :param serial: which of the account's sessions it is.
    """

    def __init__(self, account: bytes, serial: int, count: int, window: int = 50) -> None:
        super().__init__()
        self.account = account
        self.count = count
        self.given: dict[bytes, bytes] = {}
        """Text → id, of each message that was acknowledged."""
        self.refused: Counter[int] = Counter()
        """Status → messages that had it."""
        self.told: list[Told] = []
        self._name = b"%b-%d" % (account, serial)
        self._window = window
        self._sent = 0
        self._unanswered: dict[int, bytes] = {}

    @property
    def is_done(self) -> bool:
        """Whether all is sent and answered."""
        return self._sent >= self.count and not self._unanswered

    def join(self, wire: Wire) -> None:
        super().join(wire)
        # What was not acknowledged by the session before is nobody's business here.
        self._unanswered.clear()
        self._submit()

    def deal(self, got: Pdu) -> None:
        if got.command_id == DELIVER_SM:
            match = _TOLD.search(got.body)
            assert match is not None, got
            self.told.append(Told(match[1], match[2]))
            self.send(pdu(DELIVER_SM | RESP, got.number, b"\0"))
            return
        assert got.command_id == SUBMIT_SM | RESP, got
        text = self._unanswered.pop(got.number)
        if got.status:
            self.refused[got.status] += 1
        else:
            assert text not in self.given, text
            self.given[text] = id_of(got)
        self._submit()

    def _submit(self) -> None:
        while self._sent < self.count and len(self._unanswered) < self._window:
            self._sent += 1
            text = b"%b-%d" % (self._name, self._sent)
            self._unanswered[self._sent] = text
            self.send(pdu(SUBMIT_SM, self._sent, message_body(text=text, registered=1)))


class Center(Peer):
    """An SMSC: takes all, holds answers and receipts back, and lets them go in any order.

    Its ids are 1, 2, 3 ... It sends a receipt again that was not answered when the session ended,
    or was refused, but not for ever: one for a message whose answer got lost is nobody's.

    :param overtaking: the share of receipts that are sent before the message is answered.
    """

    def __init__(self, random: Random, overtaking: float = 0.2, window: int = 40) -> None:
        super().__init__()
        self.taken = 0
        self.refused: Counter[int] = Counter()
        """Status → receipts that had it."""
        self._random = random
        self._overtaking = overtaking
        self._window = window
        self._number = 0
        self._answers: list[tuple[bytes, bytes]] = []
        """Answers to be sent, and what is to be reported then, if anything."""
        self._reports: list[bytes] = []
        """Bodies of receipts to be sent."""
        self._unanswered: dict[int, bytes] = {}
        """Number → body, of those sent and not answered."""
        self._refusals: Counter[bytes] = Counter()

    @property
    def is_done(self) -> bool:
        """Whether each message that it took has been reported."""
        return not (self._answers or self._reports or self._unanswered)

    def join(self, wire: Wire) -> None:
        super().join(wire)
        # A message that could not be answered is one that it did not take.
        self._answers.clear()
        self._reports += self._unanswered.values()
        self._unanswered.clear()

    def deal(self, got: Pdu) -> None:
        if got.command_id == SUBMIT_SM:
            self._take(got)
        else:
            assert got.command_id == DELIVER_SM | RESP, got
            body = self._unanswered.pop(got.number)
            if got.status:
                self.refused[got.status] += 1
                self._refusals[body] += 1
                if self._refusals[body] < 3:
                    self._reports.append(body)
        if len(self._answers) > 20:
            self._answer_some()
        if len(self._reports) > 200:
            self._report_some()

    def lull(self) -> None:
        self._answer_some()
        self._report_some()

    def _take(self, got: Pdu) -> None:
        self.taken += 1
        text = _SENT.search(got.body)
        assert text is not None, got
        message_id = b"%d" % self.taken
        report = message_body(b"1234", receipt_text(message_id, text=text[0]), esm_class=4)
        if self._random.random() < self._overtaking and len(self._unanswered) < self._window:
            self._report(report)
            report = b""
        self._answers.append((pdu(SUBMIT_SM | RESP, got.number, message_id + b"\0"), report))

    def _answer_some(self) -> None:
        for _ in range(min(len(self._answers), 10)):
            answer, report = _any(self._random, self._answers)
            self.send(answer)
            if report:
                self._reports.append(report)

    def _report_some(self) -> None:
        while self._reports and len(self._unanswered) < self._window:
            self._report(_any(self._random, self._reports))

    def _report(self, body: bytes) -> None:
        self._number += 1
        self._unanswered[self._number] = body
        self.send(pdu(DELIVER_SM, self._number, body))


class Crowd:
    """Peers that go about their business together."""

    def __init__(self, peers: Iterable[Peer]) -> None:
        self.peers = tuple(peers)

    @property
    def is_done(self) -> bool:
        """Whether all of them are."""
        return all(peer.is_done for peer in self.peers)

    def run(self, is_done: Callable[[], bool]) -> None:
        """Until ``is_done``, or all sessions have ended. Fails when nothing comes any more."""
        with selectors.DefaultSelector() as selector:
            for peer in self.peers:
                if peer.wire is not None:
                    selector.register(peer.wire.sock, selectors.EVENT_READ, peer)
            patience = PATIENCE
            while not is_done() and selector.get_map():
                ready = selector.select(_LULL)
                for key, _ in ready:
                    if not key.data.read():
                        selector.unregister(key.fileobj)
                if not ready:
                    patience -= _LULL
                    assert patience > 0, "nothing comes any more"
                else:
                    patience = PATIENCE
                self._turn(lull=not ready)

    def _turn(self, lull: bool) -> None:
        for peer in self.peers:
            if lull:
                peer.lull()
            peer.flush()


def submitters(count: int, window: int = 50) -> list[Submitter]:
    """Two sessions of acme's and one of bolt's, that send so many messages together."""
    names = ((b"acme", 1), (b"acme", 2), (b"bolt", 1))
    return [Submitter(account, serial, count // 3, window) for account, serial in names]


def enter(
    gate: RunningGate, smscs: Iterable[Smsc], centers: Iterable[Center], senders: list[Submitter]
) -> None:
    """Let all take part, anew too: a link of an SMSC's for each center, a bind for each ESME."""
    links = [smsc.link() for smsc in smscs]
    gate.wait_for_log("bound at", len(links))
    for center, link in zip(centers, links, strict=True):
        center.join(link)
    passwords = {b"acme": b"secret", b"bolt": b"hidden"}
    for sender in senders:
        sender.join(bound(gate.port, sender.account, passwords[sender.account]))


def _any(random: Random, held: list[_T]) -> _T:
    """Take any of these out."""
    at = random.randrange(len(held))
    held[at], held[-1] = held[-1], held[at]
    return held.pop()
