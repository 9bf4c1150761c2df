"""Sessions, SMSCs and a whole router in memory, for tests of decisions about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, cast

from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.gate.router import RouterOptions, RouterService
from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.limits.esme_limits import EsmeRates, SessionLimit
from smppgate.routing.smscs.link_shares import LinkShares
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.routing.tally import Tally
from smppgate.store import Found, IStore, Limits, MemoryStore, StoreError
from smppgate.txsmpp.clock import Clock as SmppClock
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.errors import RequestTimeout, SessionLost
from smppgate.txsmpp.frame import Frame, FrameBuffer, header_only
from smppgate.txsmpp.pdu import DeliverSm, Pdu, SubmitSm
from smppgate.txsmpp.sequence import Outstanding, Request
from smppgate.txsmpp.session import Session
from smppgate.txsmpp.states import Role, State
from smppgate.txsmpp.versions import V3_4, V5_0, Version

ALL_BINDS = frozenset({"transmitter", "receiver", "transceiver"})

RECEIPT = 0x04
"""esm_class of a delivery receipt."""


class FakeSession:
    """A bound session of either side: `smppgate.gate.sessions.relay_session.RelaySession` without
    a transport.

    ``answers`` has the PDUs that it was given to send as they are, ``requests`` those that it sent
    under numbers of its own, ``strays`` the resps to no request. `reply` and `hear` play its
    peer, `lose` the network, `expire` its timer.
    """

    def __init__(
        self,
        window: int = 100,
        state: State = State.BOUND_TRX,
        first: int = 1,
        smsc: Smsc | None = None,
        pool: Pool | None = None,
        version: Version = V3_4,
    ) -> None:
        self.session = Session(Role.ESME)
        self.session._enter(state)
        self.outstanding = Outstanding(first)
        self.window = window
        self.shares = LinkShares()
        self.pool = pool
        self.unanswered = 0
        self.system_id = self.token = b""
        self.queries = self.cancels_all = True
        self.share = 1
        self.version = version
        self.answer_forms: dict[Smsc, Any] = {}
        self.tally = smsc.tally if smsc is not None else Tally()
        self.own_pool: Pool | None = None
        self.is_routed = True
        self.is_remote = False
        self.passed_through: Smsc | None = None
        self.owner: FakeSession | None = None
        self.rates: EsmeRates | None = None
        self.limit: SessionLimit | None = None
        self.has_ended = False
        self.writable = True
        self.max_pdu_size = 70_000
        self.answers: list[Frame] = []
        self.requests: list[Frame] = []
        self.strays: list[Frame] = []
        self.probed: list[float] = []
        self.charged = 0
        self._smsc = smsc
        self.outstanding.counts_overdue = smsc is not None

    @property
    def smsc(self) -> Smsc:
        if self._smsc is None:
            raise AttributeError("an ESME's session has no SMSC")
        return self._smsc

    @property
    def policy(self) -> FakeSession:
        """Of an account: the session has what of that is looked at."""
        return self

    @property
    def hold(self) -> float:
        return self.pool.hold if self.pool is not None else 0.0

    @property
    def unbinding(self) -> bool:
        return self.session.state is State.UNBINDING

    def policy_changed(self) -> None:
        self.answer_forms.clear()

    @property
    def receives(self) -> bool:
        return self.session.receives

    @property
    def submits(self) -> bool:
        return self.session.submits

    @property
    def has_room(self) -> bool:
        return self.receives and self.writable and len(self.outstanding) < self.window

    def probe(self, patience: float) -> None:
        self.probed.append(patience)

    def charge(self) -> None:
        self.charged += 1

    def send(self, octets: bytes) -> None:
        if not self.has_ended:
            frame = Frame.of(octets)
            (self.answers if frame.is_response else self.requests).append(frame)

    def answer(self, octets: bytes) -> None:
        self.unanswered -= 1
        self.send(octets)

    def answer_all(self, answers: list[bytes]) -> None:
        for octets in answers:
            self.answer(octets)

    def send_request(self, request: Request, octets: bytes) -> None:
        number = self.outstanding.claim(request)
        sent = octets[:12] + number.to_bytes(4, "big") + octets[16:]
        self.requests.append(Frame.of(sent))

    def send_unanswered(self, octets: bytes) -> None:
        sent = octets[:12] + self.outstanding.number().to_bytes(4, "big") + octets[16:]
        self.requests.append(Frame.of(sent))

    def reply(self, request: Frame, status: int = 0, body: bytes = b"", now: float = 0.0) -> None:
        """The peer answers ``request``, one of ``requests``."""
        self.hear(resp(request, status, body), now)

    def hear(self, frame: Frame, now: float = 0.0) -> None:
        """A resp of the peer arrives."""
        request = self.outstanding.answered(frame)
        late = self.outstanding.answered_late(frame) if request is None else None
        if request is not None:
            request.answered(frame, now)
        elif late is not None:
            late.answered_late(frame, now)
        else:
            self.strays.append(frame)

    def expire(self, sent_by: float) -> None:
        """The requests sent at ``sent_by`` or earlier have timed out."""
        for request in self.outstanding.expire(sent_by):
            request.failed(RequestTimeout("no answer in time"))

    def lose(self) -> None:
        """The connection is lost."""
        self.has_ended = True
        self.session.close("lost")
        for request in self.outstanding.drain():
            request.failed(SessionLost("lost"))


def resp(request: Frame, status: int = 0, body: bytes = b"") -> Frame:
    """The answer to ``request``."""
    return raw(request.command_id | RESPONSE_BIT, status, request.sequence_number, body)


def raw(command_id: int, status: int, number: int, body: bytes = b"") -> Frame:
    """A PDU of any content."""
    length = (16 + len(body)).to_bytes(4, "big")
    return Frame.of(length + header_only(command_id, status, number)[4:] + body)


def generic_nack(request: Frame, status: int) -> Frame:
    """The answer of a peer that does not understand ``request``."""
    return raw(CommandId.GENERIC_NACK, status, request.sequence_number)


def frame_of(pdu: Pdu, number: int = 1) -> Frame:
    """``pdu`` as it arrives."""
    octets = encode(pdu)
    return Frame.of(octets[:12] + number.to_bytes(4, "big") + octets[16:])


def submit(number: int = 1, text: bytes = b"", registered_delivery: int = 0) -> Frame:
    """A submit_sm as an ESME sends it."""
    pdu = SubmitSm(
        source_addr=b"1000",
        destination_addr=b"447700900123",
        registered_delivery=registered_delivery,
        short_message=text,
    )
    return frame_of(pdu, number)


def receipt(message_id: bytes, destination: bytes = b"1000", number: int = 1) -> Frame:
    """A deliver_sm with a receipt: the message ``message_id`` was delivered."""
    text = b"id:" + message_id + b" sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
    return deliver(destination, number, text, esm_class=RECEIPT)


def deliver(
    destination: bytes = b"1000", number: int = 1, text: bytes = b"", esm_class: int = 0
) -> Frame:
    """A deliver_sm as an SMSC sends it."""
    pdu = DeliverSm(
        source_addr=b"447700900123",
        destination_addr=destination,
        esm_class=esm_class,
        short_message=text,
    )
    return frame_of(pdu, number)


def smsc(
    name: str = "alpha",
    weight: int = 1,
    *windows: int,
    center: MessageCenter | None = None,
    commands: frozenset[int] = V5_0.commands,
) -> Smsc:
    """An SMSC with a link for each of ``windows``, in ``center`` or in one of its own."""
    made = Smsc(name, weight, name.encode(), center or MessageCenter(name, "auto"), commands)
    for window in windows:
        made.add(FakeSession(window, smsc=made))
    return made


def smscs(*weights: int, window: int = 1000) -> list[Smsc]:
    """SMSCs named a, b, c, ... of these weights, each with one link."""
    return [smsc(chr(ord("a") + at), weight, window) for at, weight in enumerate(weights)]


def pool(*of: Smsc) -> Pool:
    """A pool that chooses by load."""
    return Pool("main", [Member(smsc) for smsc in of])


def account(
    system_id: str = "acme",
    password: bytes = b"secret",
    binds: frozenset[str] = ALL_BINDS,
    max_binds: int = 2,
) -> Account[FakeSession]:
    """An ESME's account."""
    policy = AccountPolicy(
        password=password, binds=binds, max_binds=max_binds, window=10, pool=pool()
    )
    return Account(system_id, policy)


class HeldStore:
    """A store whose batches and look-ups wait until the test lets them through.

    ``paths`` has the records written, ``batches`` those that wait to be written, ``lookups`` the
    keys that wait to be looked up. ``in_memory`` has those that `recent` knows.
    """

    keeps_at_once = False

    is_quota_shared = False

    def __init__(self) -> None:
        self.is_all_recent = True
        self.paths: dict[bytes, bytes] = {}
        self.in_memory: dict[bytes, bytes] = {}
        self.batches: list[Mapping[bytes, bytes]] = []
        self.lookups: list[Sequence[bytes]] = []
        self.ended: list[tuple[bytes, float]] = []
        self.reserved = 0
        self._keeping: list[Deferred[None]] = []
        self._finding: list[Deferred[Found]] = []

    def keep(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        self.in_memory.update(paths)
        self.batches.append(dict(paths))
        self._keeping.append(Deferred())
        return self._keeping[-1]

    def recent(self, key: bytes) -> bytes | None:
        return self.in_memory.get(key)

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        self.lookups.append(keys)
        self._finding.append(Deferred())
        return self._finding[-1]

    def end(self, keys: Sequence[bytes], grace: float) -> None:
        self.ended += [(key, grace) for key in keys]
        for key in keys:
            self.paths.pop(key, None)
            self.in_memory.pop(key, None)

    def reserve_numbers(self, count: int) -> Deferred[int]:
        self.reserved += count
        return succeed(self.reserved - count + 1)

    def statistics(self) -> None:
        return None

    # For tests

    def forget(self) -> None:
        """The records leave the memory, and have to be looked up."""
        self.is_all_recent = False
        self.in_memory.clear()

    def write(self) -> None:
        """The oldest batch is written."""
        self.paths.update(self.batches.pop(0))
        self._keeping.pop(0).callback(None)

    def fail(self) -> None:
        """The oldest batch cannot be written."""
        self.batches.pop(0)
        self._keeping.pop(0).errback(StoreError("disk full"))

    def look_up(self) -> None:
        """The oldest look-up is done."""
        keys = self.lookups.pop(0)
        found = {key: self.paths[key] for key in keys if key in self.paths}
        self._finding.pop(0).callback(Found(found))

    def cannot_look_up(self) -> None:
        """The oldest look-up cannot be done: what was not found may be there."""
        self.lookups.pop(0)
        self._finding.pop(0).callback(Found({}, is_complete=False))

    def fail_to_look_up(self) -> None:
        """The oldest look-up ends in an error."""
        self.lookups.pop(0)
        self._finding.pop(0).errback(Failure(StoreError("disk gone")))


class Gate:
    """A router in memory: SMSCs ``alpha`` and ``beta``, accounts ``acme`` and ``other``.

    ``acme`` serves the numbers that begin with 1, ``other`` those that begin with 2.

    :param shared: whether both SMSCs are in one message center.
    :param receipt_ids: how both SMSCs write ids, see `Notations`.
    :param after: the run of the gate before this one, with the same store.
    :param options: other `RouterOptions`.
    """

    def __init__(
        self,
        weight: int = 1,
        no_member_status: int = 0x08,
        tags: bool = False,
        waits: bool = False,
        shared: bool = False,
        receipt_ids: str = "auto",
        store: HeldStore | None = None,
        after: Gate | None = None,
        undelivered_status: int = 0x64,
        **options: Any,
    ) -> None:
        self.clock: Clock = after.clock if after is not None else Clock()
        centers = [MessageCenter("alpha", receipt_ids), MessageCenter("beta", receipt_ids)]
        self.alpha = Smsc("alpha", weight, b"alpha", centers[0])
        self.beta = Smsc("beta", 1, b"beta", centers[0] if shared else centers[1])
        self.alpha.undelivered_status = self.beta.undelivered_status = undelivered_status
        self.pool = pool(self.alpha, self.beta)
        self.acme, self.other = account("acme"), account("other")
        for each in (self.acme, self.other):
            each.change(evolve(each.policy, pool=self.pool))
        accounts: Any = Accounts([self.acme, self.other])
        table: Any = RangeTable[FakeSession]()
        table.add("1*", self.acme)
        table.add("2*", self.other)
        self.store: Any = store
        if store is None:
            self.store = MemoryStore(self.clock, Limits()) if after is None else after.store
        self.router = RouterService(
            SmppClock.of(self.clock),
            (self.alpha, self.beta),
            {"main": self.pool, "beta": pool(self.beta)},
            accounts,
            table,
            cast(IStore, self.store),
            RouterOptions(tags=tags, waits=waits, no_member_status=no_member_status, **options),
            Random(1),
        )
        self._sessions: dict[FakeSession, Account[FakeSession]] = {}

    @property
    def now(self) -> float:
        return self.clock.seconds()

    def esme(
        self,
        of: Account[FakeSession] | None = None,
        window: int = 10,
        state: State = State.BOUND_TRX,
        version: Version = V3_4,
    ) -> FakeSession:
        """A session of the account ``of``, by default ``acme``, is bound."""
        bound_to = of if of is not None else self.acme
        session: Any = FakeSession(window, state, pool=self.pool, version=version)
        session.system_id, session.tally = bound_to.system_id.encode(), bound_to.tally
        self._sessions[session] = bound_to
        self.router.esme_bound(session, cast(Any, bound_to))
        return cast(FakeSession, session)

    def link(
        self,
        of: Smsc | None = None,
        window: int = 10,
        state: State = State.BOUND_TRX,
        first: int = 1,
        version: Version = V3_4,
    ) -> FakeSession:
        """A link to the SMSC ``of``, by default ``alpha``, is bound."""
        smsc = of if of is not None else self.alpha
        link: Any = FakeSession(window, state, first, smsc, version=version)
        self.router.smsc_bound(link)
        return cast(FakeSession, link)

    def forward(self, esme: FakeSession, frame: Frame) -> None:
        """``esme`` sends a request."""
        self.router.forward(cast(Any, esme), frame, self.now)

    def forward_all(self, esme: FakeSession, frames: Sequence[Frame]) -> None:
        """``esme`` sends these submit_sm, which come in one read."""
        self.router.forward_all(cast(Any, esme), frames, self.now)

    def submitted(self, esme: FakeSession, link: FakeSession, message_id: bytes = b"id") -> None:
        """The SMSC of ``link`` takes a message of ``esme`` that asks for a receipt."""
        self.forward(esme, submit(registered_delivery=1))
        self.answer(link, 0, message_id + b"\0")

    def deliver(self, link: FakeSession, frame: Frame) -> None:
        """The SMSC of ``link`` sends a request."""
        self.router.deliver(cast(Any, link), frame, self.now)

    def read(self, link: FakeSession, *frames: Frame) -> int:
        """The SMSC of ``link`` sends these, which come in one read; gives how many of them took
        the lane."""
        octets = b"".join(frame.octets for frame in frames)
        left = octets[self.router.relay_from_smsc(cast(Any, link), octets, 0, self.now) :]
        rest = FrameBuffer().receive(left)
        for frame in rest:
            self.deliver(link, frame)
        return len(frames) - len(rest)

    def answer(
        self, session: FakeSession, status: int = 0, body: bytes = b"", at: int = -1
    ) -> None:
        """The peer of ``session`` answers one of its requests, the latest by default."""
        session.reply(session.requests[at], status, body, self.now)

    def lose(self, session: FakeSession) -> None:
        """A session of either side is lost."""
        session.lose()
        if session in self._sessions:
            account = cast(Any, self._sessions.pop(session))
            self.router.esme_lost(cast(Any, session), account, "lost")
        else:
            self.router.smsc_lost(cast(Any, session), "lost")


def said(session: FakeSession) -> list[tuple[int, int]]:
    """Number and status of each answer that ``session`` was given to send."""
    return [(frame.sequence_number, frame.command_status) for frame in session.answers]
