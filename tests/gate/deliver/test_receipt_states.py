"""Whatever happens, each receipt reaches its account or is refused once, and nothing is left."""

from __future__ import annotations

import re
from typing import Any

from attrs import define
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import QuerySm
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, HeldStore

IDS = st.sampled_from([b"1", b"2", b"10"])
"""So few that both SMSCs give the same ones, and each of them several times."""

WHICH = st.integers(0, 7)
FINAL, NOT_FINAL = 0x04, 0x20


@define(eq=False)
class Message:
    """A message of an ESME's, and what became of it."""

    session: FakeSession
    account: bytes
    number: int
    is_answered: bool = False
    is_late: bool = False
    given: bytes = b""


@define(eq=False)
class Receipt:
    """A receipt, and the message that it is about as far as that is known."""

    link: FakeSession
    number: int
    key: bytes
    about: Message | None
    times_delivered: int = 0


def key_of(link: FakeSession, message_id: bytes) -> bytes:
    """The key of the return path in the store: message centers have ids of their own."""
    return link.smsc.center.name.encode() + b"\0" + message_id


class ReceiptStates(RuleBasedStateMachine):
    """Two accounts and two SMSCs, a store that takes its time, and what can happen to them."""

    @initialize(tags=st.booleans(), waits=st.booleans(), shared=st.booleans())
    def start(self, tags: bool, waits: bool, shared: bool) -> None:
        self.store = HeldStore()
        self.gate = Gate(
            tags=tags,
            waits=waits,
            shared=shared,
            receipt_ids="same",
            store=self.store,
        )
        self.tags = tags
        self.esmes: list[FakeSession] = []
        self.links: list[FakeSession] = []
        self.messages: list[Message] = []
        self.receipts: list[Receipt] = []
        self.on_their_way: dict[tuple[FakeSession, int], Message] = {}
        self.overdue: dict[tuple[FakeSession, int], Message] = {}
        self.owners: dict[bytes, Message] = {}
        self.holders: dict[bytes, list[Message]] = {}
        self.over: set[bytes] = set()
        self.past: list[FakeSession] = []
        self.answers_to_queries: list[Frame] = []
        for which in range(2):
            self.bind_esme(which)
            self.bind_link(which)

    # What sessions are given to send

    def _watch(self, session: FakeSession) -> None:
        send, send_request = session.send, session.send_request

        def sent(octets: bytes) -> None:
            self._told(session, Frame.of(octets))
            send(octets)

        def delivered(request: Any, octets: bytes) -> None:
            self._delivered(session, octets)
            send_request(request, octets)

        session.send, session.send_request = sent, delivered  # type: ignore[method-assign]

    def _told(self, session: FakeSession, frame: Frame) -> None:
        if frame.command_id == CommandId.QUERY_SM_RESP:
            self.answers_to_queries.append(frame)
            return
        message = self.messages[frame.sequence_number - 1]
        assert message.session is session
        assert not message.is_answered
        message.is_answered = True
        if frame.command_status == 0:
            assert frame.octets[16:-1] == message.given

    def _delivered(self, session: FakeSession, octets: bytes) -> None:
        """A receipt goes to a session: it must be the right one, with the right id, in time."""
        found = re.search(rb"id:(\w+) .*text:r(\d+)$", octets)
        assert found is not None
        receipt = self.receipts[int(found[2])]
        self._forget_what_ended()
        if receipt.key in self.over:
            # An id that was given again after its path ended: either message may have it.
            who = (session.system_id, found[1])
            holders = [m for m in self.holders[receipt.key] if (m.account, m.given) == who]
            assert session.has_room
            assert any(m.is_answered or m.session.has_ended for m in holders)
            receipt.times_delivered += 1
            return
        message = receipt.about
        assert message is not None
        assert (session.system_id, found[1]) == (message.account, message.given)
        assert session.has_room
        assert message.is_answered or message.session.has_ended
        receipt.times_delivered += 1
        if self._can_take(message.session):
            assert session is message.session

    def _can_take(self, session: FakeSession) -> bool:
        return not session.has_ended and session.has_room

    # What happens

    @precondition(lambda self: len(self.esmes) < 4)
    @rule(which=WHICH)
    def bind_esme(self, which: int) -> None:
        of = self.gate.other if which % 2 else self.gate.acme
        self.esmes.append(self.gate.esme(of, window=3))
        self._watch(self.esmes[-1])

    @precondition(lambda self: len(self.links) < 4)
    @rule(which=WHICH)
    def bind_link(self, which: int) -> None:
        self.links.append(self.gate.link(self.gate.beta if which % 2 else self.gate.alpha, 4))

    @precondition(lambda self: self.esmes)
    @rule(which=WHICH)
    def lose_esme(self, which: int) -> None:
        self.past.append(self.esmes.pop(which % len(self.esmes)))
        self.gate.lose(self.past[-1])

    @precondition(lambda self: self.links)
    @rule(which=WHICH)
    def lose_link(self, which: int) -> None:
        link = self.links.pop(which % len(self.links))
        self.past.append(link)
        for table in (self.on_their_way, self.overdue):
            for key in [key for key in table if key[0] is link]:
                del table[key]
        self.gate.lose(link)

    @precondition(lambda self: self.esmes)
    @rule(which=WHICH)
    def submit(self, which: int) -> None:
        esme = self.esmes[which % len(self.esmes)]
        number = len(self.messages) + 1
        self.messages.append(Message(esme, esme.system_id, number))
        self.gate.forward(esme, fakes.submit(number, b"m%d" % number, registered_delivery=1))
        self._look_at_links()

    def _look_at_links(self) -> None:
        """Note where messages went, the first time or again."""
        for link in self.links:
            for frame in link.requests:
                number = int(frame.octets.rpartition(b"m")[2])
                self.on_their_way[link, frame.sequence_number] = self.messages[number - 1]
            link.requests.clear()

    @precondition(lambda self: self.on_their_way)
    @rule(which=WHICH, message_id=IDS)
    def take(self, which: int, message_id: bytes) -> None:
        link, number = list(self.on_their_way)[which % len(self.on_their_way)]
        message = self.on_their_way.pop((link, number))
        self._own(link, message_id, message)
        self._answer(link, number, 0, message_id + b"\0")

    @precondition(lambda self: self.overdue)
    @rule(which=WHICH, message_id=IDS)
    def take_late(self, which: int, message_id: bytes) -> None:
        link, number = list(self.overdue)[which % len(self.overdue)]
        self._own(link, message_id, self.overdue.pop((link, number)))
        self._answer(link, number, 0, message_id + b"\0")

    def _own(self, link: FakeSession, message_id: bytes, message: Message) -> None:
        key = key_of(link, message_id)
        self._forget_what_ended()
        self.owners[key] = message
        self.holders.setdefault(key, []).append(message)
        message.given = (link.smsc.tag if self.tags else b"") + message_id
        for receipt in self.receipts:
            if receipt.key == key and receipt.about is None:
                receipt.about = message

    @precondition(lambda self: self.on_their_way)
    @rule(which=WHICH, status=st.sampled_from([0x45, 0x58]))
    def refuse(self, which: int, status: int) -> None:
        link, number = list(self.on_their_way)[which % len(self.on_their_way)]
        del self.on_their_way[link, number]
        self._answer(link, number, status, b"")
        self._look_at_links()

    def _answer(self, link: FakeSession, number: int, status: int, body: bytes) -> None:
        link.hear(fakes.raw(CommandId.SUBMIT_SM_RESP, status, number, body), self.gate.now)

    @precondition(lambda self: self.links)
    @rule(which=WHICH)
    def time_out(self, which: int) -> None:
        link = self.links[which % len(self.links)]
        for key in [key for key in self.on_their_way if key[0] is link]:
            self.overdue[key] = self.on_their_way.pop(key)
        link.expire(self.gate.now)

    @precondition(lambda self: self.links)
    @rule(which=WHICH, message_id=IDS, kind=st.sampled_from([FINAL, FINAL, NOT_FINAL]))
    def report(self, which: int, message_id: bytes, kind: int) -> None:
        link = self.links[which % len(self.links)]
        number = len(self.receipts)
        key = key_of(link, message_id)
        self._forget_what_ended()
        self.receipts.append(Receipt(link, number, key, self.owners.get(key)))
        text = b"id:%b sub:001 dlvrd:001 stat:DELIVRD err:000 text:r%d" % (message_id, number)
        self.gate.deliver(link, fakes.deliver(b"3000", number, text, esm_class=kind))

    def _forget_what_ended(self) -> None:
        for key, _ in self.store.ended:
            self.owners.pop(key, None)
            self.over.add(key)
        self.store.ended.clear()

    @precondition(lambda self: self.tags and self.esmes and self.owners)
    @rule(which=WHICH, at=WHICH)
    def ask(self, which: int, at: int) -> None:
        """Only those of its account may, and only the SMSC that has the message is asked."""
        self._forget_what_ended()
        esme = self.esmes[which % len(self.esmes)]
        if not self.owners or esme.unanswered >= esme.window:
            return
        key, message = list(self.owners.items())[at % len(self.owners)]
        query = QuerySm(message_id=message.given, source_addr=b"1000")
        self.gate.forward(esme, fakes.frame_of(query, 100_000))
        asked = [(link, frame) for link in self.links for frame in link.requests]
        for link, frame in asked:
            link.requests.clear()
            message_id = frame.octets[16:].partition(b"\0")[0]
            assert key_of(link, message_id) == key
            link.reply(frame, 0, message_id + b"\0\0\2\0")
        answer = self.answers_to_queries.pop()
        if message.account != esme.system_id:
            assert (asked, answer.command_status) == ([], 0x0C)
        elif asked:
            assert len(asked) == 1
            assert answer.octets[16:] == message.given + b"\0\0\2\0"
        else:
            assert answer.command_status == 0x08

    @precondition(lambda self: any(session.requests for session in self.esmes))
    @rule(which=WHICH, status=st.sampled_from([0, 0, 0x58]))
    def acknowledge(self, which: int, status: int) -> None:
        # What an ESME answers has been written: the turn in which that was done is over.
        self.gate.clock.advance(0)
        asked = [session for session in self.esmes if session.requests]
        session = asked[which % len(asked)]
        session.reply(session.requests.pop(0), status, b"\0", self.gate.now)

    @precondition(lambda self: self.store.batches)
    @rule(fails=st.sampled_from([False, False, True]))
    def write(self, fails: bool) -> None:
        if fails:
            self.store.fail()
        else:
            self.store.write()

    @rule(seconds=st.sampled_from([0.0, 0.0, 1.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.gate.clock.advance(seconds)

    # What must be so

    @invariant()
    def no_receipt_is_answered_or_delivered_twice(self) -> None:
        for session in {receipt.link for receipt in self.receipts}:
            numbers = [frame.sequence_number for frame in session.answers]
            assert not self.answers_to_queries
            assert len(set(numbers)) == len(numbers)
        assert all(receipt.times_delivered <= 1 for receipt in self.receipts)

    @invariant()
    def what_an_esme_waits_for_is_counted(self) -> None:
        for esme in self.esmes:
            of = [message for message in self.messages if message.session is esme]
            assert esme.unanswered == sum(not message.is_answered for message in of)
            assert esme.unanswered <= esme.window

    def teardown(self) -> None:
        """When all have answered and all is written, everything has been answered once."""
        if not hasattr(self, "gate"):
            return
        for key in list(self.on_their_way):
            del self.on_their_way[key]
            self._answer(*key, 0x45, b"")
        for _ in range(3):
            self.gate.clock.pump([1.0] * 15)
            while self.store.batches:
                self.store.write()
            for esme in self.esmes:
                while esme.requests:
                    esme.reply(esme.requests.pop(0), 0, b"\0", self.gate.now)
        self._nothing_is_left()

    def _nothing_is_left(self) -> None:
        gone = [message.session for message in self.messages if message.session.has_ended]
        for message in self.messages:
            assert message.is_answered or message.session in gone
        for receipt in self.receipts:
            answers = [f for f in receipt.link.answers if f.sequence_number == receipt.number]
            assert len(answers) == 1 or receipt.link.has_ended
            for answer in answers:
                assert receipt.times_delivered or answer.command_status == 0x64
        sessions = [*self.esmes, *self.links, *self.past]
        assert [session.unanswered for session in sessions] == [0] * len(sessions)
        assert self.gate.router.open_exchanges == 0
        self.gate.router.stopService()
        assert self.gate.clock.getDelayedCalls() == []


ReceiptStates.TestCase.settings = settings(
    max_examples=settings().max_examples * 3 // 2, stateful_step_count=60
)
TestReceiptStates = ReceiptStates.TestCase
