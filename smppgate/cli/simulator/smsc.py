"""`SimulatedSmsc`: an SMSC to test against, on real sessions of `SmppProtocol`.

It is quick, so that what is tested is the program on the other end: messages are answered from
their octets, a read at a time, and whatever has to wait does so in one queue with one timer.
Time and chance are passed in. All queues are bounded: with too much waiting a message is
refused with ESME_RMSGQFUL, and a receipt is dropped and counted.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, cast

from attrs import asdict
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IAddress, IListeningPort, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall

from smppgate.cli.simulator import pdus
from smppgate.cli.simulator.agenda import Agenda
from smppgate.cli.simulator.answers import ANSWERS
from smppgate.cli.simulator.behaviour import Behaviour, Counts, Statistics
from smppgate.cli.simulator.messages import Messages
from smppgate.cli.simulator.session import Delivery, Mailbox, SimulatedSession
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, response
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
)
from smppgate.txsmpp.tlv import Tlv

_INTERFACE_VERSION = 0x34

_MO_TICK = 0.02
"""Seconds between two looks at how many MO messages are due."""

_REPEAT_AFTER = 0.5
"""Seconds until a deliver_sm that could not be taken is sent again."""

_REPEATS = 20
"""Times that a deliver_sm is sent at the most."""

_UNBIND_TIMEOUT = 1.0
"""Seconds that ESMEs have to answer the unbind of an SMSC that stops."""


class SimulatedSmsc(Service):
    """An SMSC to test against. `listen` opens a port for it; stopping the service closes all,
    for good.

    :param clock: time and timers, a reactor as a rule; its seconds are taken for a date, too.
    :param random: chance, for errors, jitter, receipts left out and MO messages.
    """

    def __init__(self, behaviour: Behaviour, clock: IReactorTime, random: Random) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self.batch = Batch(clock)
        self.counts = Counts()
        self.sessions: set[SimulatedSession] = set()
        self.factory = SimulatedSmscFactory(self)
        self.agenda = Agenda(clock, behaviour.queue)
        self.messages = Messages(
            behaviour.id_prefix, behaviour.hexadecimal_ids, behaviour.receipt_delay
        )
        self._random = random
        self._mailboxes: dict[bytes, Mailbox] = {}
        self._ports: list[IListeningPort] = []
        self._mobiles = LoopingCall.withCount(self._ring)
        self._mobiles.clock = clock
        self._mo_due = 0.0
        self._turn = 0

    # The service

    async def listen(self, endpoint: str) -> IAddress:
        """Listen on a Twisted server endpoint string; gives the address, port included.

        :raises CannotListenError: when that cannot be.
        """
        listening = serverFromString(cast(Any, self.clock), endpoint).listen(self.factory)
        port = cast(IListeningPort, await listening)
        self._ports.append(port)
        return port.getHost()

    def startService(self) -> None:
        """Begin with MO messages, if there are to be any."""
        super().startService()  # type: ignore[no-untyped-call]
        if self.behaviour.mo_rate:
            self._mobiles.start(_MO_TICK, now=False)

    def stopService(self) -> Deferred[None]:
        """Stop listening, unbind all sessions, close."""
        super().stopService()  # type: ignore[no-untyped-call]
        return ensureDeferred(self._stop())

    async def _stop(self) -> None:
        if self._mobiles.running:
            self._mobiles.stop()
        self.agenda.close()
        ends: list[Deferred[Any]] = []
        while self._ports:
            stopping = self._ports.pop().stopListening()
            if stopping is not None:
                ends.append(stopping)
        sessions = list(self.sessions)
        for session in sessions:
            unbind = ensureDeferred(session.unbind("the SMSC is stopping"))
            ends.append(unbind.addTimeout(_UNBIND_TIMEOUT, self.clock))
        await DeferredList(ends, consumeErrors=True)
        for session in sessions:
            session.abort("the SMSC is stopping")

    def statistics(self) -> Statistics:
        """What was done so far and is held now."""
        return Statistics(
            sessions=sum(session.session.is_bound for session in self.sessions),
            waiting=len(self.agenda) + sum(map(len, self._mailboxes.values())),
            **asdict(self.counts),
        )

    # What sessions ask

    def judge(self, bind: BindReceiver | BindTransceiver | BindTransmitter) -> CommandStatus:
        """The status to answer a bind with."""
        expected = self.behaviour
        if expected.system_id is not None and bind.system_id != expected.system_id:
            return CommandStatus.ESME_RINVSYSID
        if expected.password is not None and not hmac.compare_digest(
            bind.password, expected.password
        ):
            return CommandStatus.ESME_RINVPASWD
        return CommandStatus.ESME_ROK

    def bind_resp_body(self, takes_tlvs: bool) -> bytes:
        """The body of a bind_resp with ESME_ROK."""
        tlvs = (Tlv.of(Tag.SC_INTERFACE_VERSION, _INTERFACE_VERSION),) if takes_tlvs else ()
        resp = BindTransceiverResp(system_id=self.behaviour.name, tlvs=tlvs)
        return encode(resp)[HEADER_SIZE:]

    def mailbox(self, system_id: bytes) -> Mailbox:
        """Where to post what goes to ``system_id``."""
        mailbox = self._mailboxes.get(system_id)
        if mailbox is None:
            mailbox = self._mailboxes[system_id] = Mailbox(self)
        return mailbox

    def asked(self, session: SimulatedSession, frame: Frame, now: float) -> bool:
        """Answer a request that is no plain message; False where this SMSC does not know how."""
        answer = ANSWERS.get(frame.command_id)
        if answer is None:
            return False
        try:
            session.send(answer(self.messages, frame, now))
        except PduError as error:
            session.send(response(frame, error.command_status))
        return True

    def deliver_again(self, delivery: Delivery) -> bool:
        """Send ``delivery`` once more in a while; False when it was sent often enough."""
        if delivery.attempts >= _REPEATS:
            return False
        at = self.clock.seconds() + _REPEAT_AFTER
        return self.agenda.add(at, lambda _: delivery.mailbox.take(delivery), delivery.octets)

    # The hot path

    def submitted(self, session: SimulatedSession, frame: Frame, now: float) -> None:
        """A message came: answer it, now or later, and see to its receipt."""
        behaviour = self.behaviour
        answer_at = now
        if behaviour.latency or behaviour.jitter:
            if self.agenda.is_full:
                self.counts.refused += 1
                session.send(response(frame, CommandStatus.ESME_RMSGQFUL))
                return
            answer_at += self._latency()
        answer, message_id = self._answer(frame, now)
        if answer_at > now:
            self.agenda.add(answer_at, session.send, answer)
        else:
            session.send(answer)
        if message_id and session.mailbox is not None:
            for octets in _reported(frame):
                self._report(session.mailbox, octets, message_id, answer_at)

    def _answer(self, frame: Frame, now: float) -> tuple[bytes, bytes]:
        """The resp, and the id that a receipt is to be sent for, empty where none is."""
        behaviour = self.behaviour
        if behaviour.error_rate and self._random.random() < behaviour.error_rate:
            self.counts.refused += 1
            return response(frame, self._random.choice(behaviour.error_statuses)), b""
        try:
            asks = pdus.asks_for_receipt(frame.octets)
        except PduError as error:
            self.counts.refused += 1
            return response(frame, error.command_status), b""
        self.counts.taken += 1
        message_id = self.messages.take(now)
        # In a submit_multi_resp the number of destinations that failed follows: none.
        end = b"\0\0" if frame.command_id == CommandId.SUBMIT_MULTI else b"\0"
        return response(frame, 0, message_id + end), message_id if asks else b""

    def _latency(self) -> float:
        jitter = self.behaviour.jitter
        return max(0.0, self.behaviour.latency + self._random.uniform(-jitter, jitter))

    def _report(
        self, mailbox: Mailbox, octets: bytes, message_id: bytes, answer_at: float
    ) -> None:
        """See to it that the receipt for the message in ``octets`` follows its answer."""
        if self.behaviour.receipts < 1 and self._random.random() >= self.behaviour.receipts:
            return
        at = answer_at + self.behaviour.receipt_delay
        post = partial(self._post_receipt, mailbox, message_id, answer_at)
        if at <= self.clock.seconds():
            post(octets)
        elif not self.agenda.add(at, post, octets):
            self.counts.dropped += 1

    def _post_receipt(
        self, mailbox: Mailbox, message_id: bytes, taken_at: float, octets: bytes
    ) -> None:
        now = self.clock.seconds()
        is_deleted = self.messages.state(message_id, now) is MessageState.DELETED
        state = MessageState.DELETED if is_deleted else MessageState.DELIVERED
        try:
            receipt = pdus.receipt_for(octets, message_id, state, taken_at, now)
        except PduError:
            # Taken though it cannot be read to the end: there is nobody to report to.
            return
        self.counts.receipts += 1
        mailbox.post(receipt)

    # Mobile-originated messages

    def _ring(self, ticks: int) -> None:
        self._mo_due += ticks * _MO_TICK * self.behaviour.mo_rate
        due, self._mo_due = int(self._mo_due), self._mo_due % 1
        mailboxes = [each for each in self._mailboxes.values() if each.receivers]
        for _ in range(due if mailboxes else 0):
            self._turn += 1
            mailboxes[self._turn % len(mailboxes)].post(self._mobile_originated())
            self.counts.mobile_originated += 1

    def _mobile_originated(self) -> bytes:
        chance = self._random
        return pdus.mobile_originated(
            source=b"4477009%05d" % chance.randrange(100_000),
            destination=chance.choice(self.behaviour.mo_destinations),
            text=b"MO %d" % self.counts.mobile_originated,
        )


class SimulatedSmscFactory(Factory):
    """Makes the sessions of a `SimulatedSmsc`."""

    noisy = False

    def __init__(self, smsc: SimulatedSmsc) -> None:
        self._smsc = smsc

    def buildProtocol(self, addr: IAddress | None) -> SimulatedSession:
        """A session for a connection from ``addr``."""
        session = SimulatedSession(self._smsc)
        session.factory = self
        self._smsc.sessions.add(session)
        return session


def _reported(frame: Frame) -> Sequence[bytes]:
    """The messages to send receipts for: the one in ``frame``, or one for each destination."""
    if frame.command_id != CommandId.SUBMIT_MULTI:
        return (frame.octets,)
    try:
        return pdus.singles(frame.octets)
    except PduError:
        return ()
