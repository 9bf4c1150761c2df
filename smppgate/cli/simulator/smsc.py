"""`SimulatedSmsc`: a simulated SMSC on real sessions of `SmppProtocol`.

It is fast, so that a test measures the program on the other end: messages are answered from their
octets without decoding, and delayed PDUs share one queue with one timer. Clock and random
generator are passed in, so that a run can be reproduced. All queues are bounded: if one is full,
a message is refused with ESME_RMSGQFUL, and a receipt is dropped and counted.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, cast

from attrs import evolve
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
from smppgate.cli.simulator.chance import Chance
from smppgate.cli.simulator.mailbox import Mailbox
from smppgate.cli.simulator.messages import Messages
from smppgate.cli.simulator.session import SimulatedSession
from smppgate.txsmpp.answers import bind_resp_body
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import Bind
from smppgate.txsmpp.versions import V3_3, V3_4

_MO_INTERVAL = 0.02
"""Seconds between two batches of MO messages."""

_UNBIND_TIMEOUT = 1.0
"""Seconds that ESMEs have to answer the unbind when the SMSC stops."""


class SimulatedSmsc(Service):
    """A simulated SMSC. `listen` opens a port; a stopped service cannot be started again.

    :param clock: the reactor, or a clock in tests; receipts have the dates of its wall clock.
    :param random: decides on errors, jitter, receipts that are left out, and MO messages.
    """

    def __init__(self, behaviour: Behaviour, clock: IReactorTime, random: Random) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self.batch = Batch(clock)
        self.counts = Counts()
        # In the order of their connections, so that chance comes out the same again.
        self.sessions: dict[SimulatedSession, None] = {}
        self.factory = SimulatedSmscFactory(self)
        self.agenda = Agenda(clock, behaviour.queue)
        self.messages = Messages(
            behaviour.id_prefix,
            behaviour.hexadecimal_ids,
            behaviour.receipt_delay,
            behaviour.id_length,
        )
        self._chance = Chance(behaviour, random, clock.seconds())
        self._wall = Clock.of(clock).wall
        self._random = random
        self._mailboxes: dict[bytes, Mailbox] = {}
        self._ports: list[IListeningPort] = []
        self._mo_batches = LoopingCall.withCount(self._send_mobile_originated)
        self._mo_batches.clock = clock
        self._drops = LoopingCall(self._drop_one)
        self._drops.clock = clock
        self._mo_due = 0.0
        self._mo_turn = 0

    # The service

    async def listen(self, endpoint: str) -> IAddress:
        """Listen on a Twisted server endpoint string; returns the address with its port.

        :raises CannotListenError: when the port cannot be opened.
        """
        listening = serverFromString(cast(Any, self.clock), endpoint).listen(self.factory)
        port = cast(IListeningPort, await listening)
        self._ports.append(port)
        return port.getHost()

    def startService(self) -> None:
        """Begin with MO messages if the behaviour has a rate of them."""
        super().startService()  # type: ignore[no-untyped-call]
        if self.behaviour.mo_rate:
            self._mo_batches.start(_MO_INTERVAL, now=False)
        if self.behaviour.drop_every:
            self._drops.start(self.behaviour.drop_every, now=False)

    def stopService(self) -> Deferred[None]:
        """Stop listening, unbind all sessions and close them; fires when that is done."""
        super().stopService()  # type: ignore[no-untyped-call]
        return ensureDeferred(self._stop())

    async def _stop(self) -> None:
        for calls in (self._mo_batches, self._drops):
            if calls.running:
                calls.stop()
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
        """The state of the SMSC now."""
        return Statistics(
            sessions=sum(session.session.is_bound for session in self.sessions),
            waiting=len(self.agenda) + sum(map(len, self._mailboxes.values())),
            counts=evolve(self.counts),
        )

    # Called by the sessions

    def judge(self, bind: Bind) -> CommandStatus:
        """ESME_ROK, or ESME_RINVSYSID or ESME_RINVPASWD where the behaviour expects another."""
        expected = self.behaviour
        if expected.system_id is not None and bind.system_id != expected.system_id:
            return CommandStatus.ESME_RINVSYSID
        if expected.password is not None and not hmac.compare_digest(
            bind.password, expected.password
        ):
            return CommandStatus.ESME_RINVPASWD
        return CommandStatus.ESME_ROK

    def bind_resp_body(self, takes_tlvs: bool) -> bytes:
        """The body of a bind_resp with ESME_ROK; ``takes_tlvs`` says whether the ESME does."""
        return bind_resp_body(self.behaviour.name, V3_4 if takes_tlvs else V3_3)

    def mailbox(self, system_id: bytes) -> Mailbox:
        """The mailbox of ``system_id``, created at its first bind."""
        mailbox = self._mailboxes.get(system_id)
        if mailbox is None:
            mailbox = self._mailboxes[system_id] = Mailbox(
                self.clock, self.agenda, self.counts, self.behaviour.queue
            )
        return mailbox

    def ended(self, session: SimulatedSession) -> None:
        """Forget ``session``, which has ended."""
        self.sessions.pop(session, None)

    def asked(self, session: SimulatedSession, frame: Frame, now: float) -> bool:
        """Answer a query_sm, cancel_sm or replace_sm; False for any other request."""
        answer = ANSWERS.get(frame.command_id)
        if answer is None:
            return False
        try:
            session.send(answer(self.messages, frame, now, self._wall()))
        except PduError as error:
            session.send(response(frame, error.command_status))
        return True

    # The hot path

    def submitted(self, session: SimulatedSession, frame: Frame, now: float) -> None:
        """Answer a message, at once or after the latency, and schedule its receipts."""
        behaviour = self.behaviour
        if self._chance.is_throttled(now):
            self.counts.refused += 1
            session.send(response(frame, CommandStatus.ESME_RTHROTTLED))
            return
        if self._chance.is_silent():
            self.counts.unanswered += 1
            return
        answer_at = now
        if behaviour.latency or behaviour.jitter:
            if self.agenda.is_full:
                self.counts.refused += 1
                session.send(response(frame, CommandStatus.ESME_RMSGQFUL))
                return
            answer_at += self._chance.latency()
        answer, message_id = self._answer(frame, now)
        if answer_at > now:
            session.owed += self.agenda.add(answer_at, session.answer_owed, answer)
        else:
            session.send(answer)
        if message_id and session.mailbox is not None:
            for octets in _receipted(frame):
                self._schedule_receipt(session.mailbox, octets, message_id, answer_at)

    def _answer(self, frame: Frame, now: float) -> tuple[bytes, bytes]:
        """The resp, and the message_id for the receipt; empty where no receipt is due."""
        refusal = self._chance.refusal()
        if refusal:
            self.counts.refused += 1
            return response(frame, refusal), b""
        final = self._chance.final_state()
        try:
            asks = pdus.asks_for_receipt(frame.octets, final)
        except PduError as error:
            self.counts.refused += 1
            return response(frame, error.command_status), b""
        self.counts.taken += 1
        message_id = self.messages.take(now, final)
        # In a submit_multi_resp no_unsuccess follows, the number of failed destinations: 0.
        end = b"\0\0" if frame.command_id == CommandId.SUBMIT_MULTI else b"\0"
        return response(frame, 0, message_id + end), message_id if asks else b""

    def _schedule_receipt(
        self, mailbox: Mailbox, octets: bytes, message_id: bytes, answer_at: float
    ) -> None:
        """Post the receipt for the message in ``octets`` ``receipt_delay`` after its answer."""
        if not self._chance.has_receipt():
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
        now, wall = self.clock.seconds(), self._wall()
        state = self.messages.end(message_id)
        hexadecimal = self.behaviour.hexadecimal_receipts
        noted = message_id if hexadecimal is None else self.messages.noted(message_id, hexadecimal)
        try:
            receipt = pdus.receipt_for(octets, noted, state, wall - (now - taken_at), wall)
        except PduError:
            # The message was accepted, but without readable addresses it gets no receipt.
            return
        self.counts.receipts += 1
        mailbox.post(receipt)

    def _drop_one(self) -> None:
        """Cut the connection of a bound session, picked by chance."""
        bound = [session for session in self.sessions if session.session.is_bound]
        if bound:
            self.counts.cut += 1
            self._random.choice(bound).abort("the simulator cuts it")

    # Mobile-originated messages

    def _send_mobile_originated(self, intervals: int) -> None:
        self._mo_due += intervals * _MO_INTERVAL * self.behaviour.mo_rate
        due, self._mo_due = int(self._mo_due), self._mo_due % 1
        mailboxes = [each for each in self._mailboxes.values() if each.receivers]
        for _ in range(due if mailboxes else 0):
            self._mo_turn += 1
            mailboxes[self._mo_turn % len(mailboxes)].post(self._mobile_originated())
            self.counts.mobile_originated += 1

    def _mobile_originated(self) -> bytes:
        return pdus.mobile_originated(
            source=b"4477009%05d" % self._random.randrange(100_000),
            destination=self._random.choice(self.behaviour.mo_destinations),
            text=b"MO %d" % self.counts.mobile_originated,
        )


class SimulatedSmscFactory(Factory):
    """Creates the sessions of a `SimulatedSmsc`."""

    noisy = False

    def __init__(self, smsc: SimulatedSmsc) -> None:
        self._smsc = smsc

    def buildProtocol(self, addr: IAddress | None) -> SimulatedSession:
        """A session for a new connection."""
        session = SimulatedSession(self._smsc)
        session.factory = self
        self._smsc.sessions[session] = None
        return session


def _receipted(frame: Frame) -> Sequence[bytes]:
    """The messages that get receipts: the one in ``frame``, or one for each destination."""
    if frame.command_id != CommandId.SUBMIT_MULTI:
        return (frame.octets,)
    try:
        return pdus.singles(frame.octets)
    except PduError:
        return ()
