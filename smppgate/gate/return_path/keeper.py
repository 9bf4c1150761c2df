"""`ReturnPathKeeper`: what leads receipts and queries home, kept before the ESME hears its id.

The answer to a submit is the last moment at which everything is known: the SMSC's id, the session
it is for, the id that session is to know the message by. Return paths of one turn of the reactor
go to the store as one batch, and only when the store has it do the answers leave. While one batch
is being written the next one gathers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct

from attrs import define, field, frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.return_path.aliases import Aliases
from smppgate.routing.exchange import Exchange
from smppgate.routing.return_path.ending import EndingPaths
from smppgate.routing.return_path.message_ids import (
    MessageIds,
    longest_taggable,
    longest_untouched,
)
from smppgate.routing.return_path.records import (
    ALIASED,
    MANY,
    ORIGINAL,
    TAGGED,
    ReturnPath,
    alias_key,
    alias_value,
    original_key,
)
from smppgate.routing.sessions import Origin
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import IStore
from smppgate.txsmpp import peek
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, renumbered, spliced
from smppgate.txsmpp.versions import Version

_APART = 0.0005
"""Seconds from one batch to the next at the least, but for a message that comes alone. A batch
costs the processor as much as some thirty messages do; what comes together may as well wait."""

_LOOK_AT_ENDS = 1.0
"""Seconds between two looks at return paths that are to end."""

_MOST_ENDS = 1000
"""Return paths that end in one look: less than a millisecond's work."""

# Of one number that an ESME was given by two SMSCs, one line in so many seconds is enough.
_QUIET_SECONDS = 60.0

_HEX_DIGITS = b"0123456789ABCDEFabcdef"

_pack_header = Struct(">IIII").pack


@frozen(eq=False)
class AnswerForm:
    """How answers of one SMSC reach one session. Made once, used for every message.

    :param tag: octets to put in front of the id.
    :param longest: octets that an id may have for that; with more it needs an alias.
    :param keeps: whether there is anybody to lead back to.
    :param always: whether that is done for messages that asked for no receipt, too.
    :param path: the octets to keep for a message.
    :param path_to_many: the same for a submit_multi.
    """

    tag: bytes
    longest: int
    keeps: bool
    always: bool
    path: bytes
    path_to_many: bytes


@define(eq=False)
class _Gathered:
    """What waits for one batch to be kept."""

    paths: dict[bytes, bytes] = field(factory=dict)
    answers: list[tuple[Origin, bytes]] = field(factory=list)
    then: list[Callable[[], None]] = field(factory=list)


class ReturnPathKeeper:
    """Keeps return paths, and lets answers out once they are kept.

    :param batch: the sessions' own, so that what is let out leaves in one piece.
    :param tags: whether ESMEs' ids are made unique.
    :param waits: whether answers wait for the store at all.
    :param adapt: gives a PDU as a peer of another version can take it.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        batch: Batch,
        store: IStore,
        message_ids: MessageIds,
        tags: bool = True,
        waits: bool = True,
        adapt: Callable[[bytes, Version], bytes] = lambda octets, _: octets,
    ) -> None:
        self._clock = clock
        self._batch = batch
        self.store = store
        self.message_ids = message_ids
        self.tags = tags
        self._waits = waits
        self._adapt = adapt
        self._gathering = _Gathered()
        self._being_kept: _Gathered | None = None
        self._scheduled = False
        self._rests_until = 0.0
        self._ending = EndingPaths()
        self._end_look: IDelayedCall | None = None
        self._ends_early = False
        self.aliases = Aliases(store)
        self.expected: Callable[[bytes], None] | None = None
        """Told the key of each message taken, while set: somebody waits for one."""
        self.shared_ids = 0
        """Ids that one account was given by two SMSCs, untouched."""
        self._told_shared = float("-inf")

    @property
    def answers_waiting(self) -> int:
        """Answers that wait for the store."""
        waiting = (self._gathering, self._being_kept)
        return sum(len(gathered.answers) for gathered in waiting if gathered is not None)

    # The hot path

    def take(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        """``smsc`` took a message: keep the return path, and answer under the ESME's number."""
        origin, octets, request = exchange.origin, frame.octets, exchange.frame
        end = octets.find(0, HEADER_SIZE)
        if end <= HEADER_SIZE:
            # No id: no receipt can be told from others, and nothing can be asked.
            self._answer(exchange, renumbered(octets, request.sequence_number), kept=False)
            return
        try:
            form = origin.answer_forms[smsc]
        except KeyError:
            form = origin.answer_forms[smsc] = self._form(origin, smsc)
        key = smsc.center.prefix + octets[HEADER_SIZE:end]
        kept = form.keeps and (form.always or _wants_receipt(request))
        if end - HEADER_SIZE > form.longest:
            given = self._give_other(exchange, smsc, octets[HEADER_SIZE:end], kept)
            answer = renumbered(spliced(octets, HEADER_SIZE, end, given), request.sequence_number)
        else:
            tag, number = form.tag, request.sequence_number
            header = _pack_header(len(octets) + len(tag), frame.command_id, 0, number)
            answer = header + tag + octets[HEADER_SIZE:]
            if kept:
                to_many = request.command_id == CommandId.SUBMIT_MULTI
                self._keep(key, form.path_to_many if to_many else form.path)
                if not tag:
                    self._keep_owner(origin, smsc, octets[HEADER_SIZE:end])
        self._answer(exchange, answer, kept)
        if kept and self.expected is not None:
            self.expected(key)

    def take_late(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        """``smsc`` took it after the ESME was told otherwise: a receipt may come all the same.

        It bears the id that the ESME would have been given.
        """
        origin = exchange.origin
        form = origin.answer_forms.get(smsc) or self._form(origin, smsc)
        message_id, nul, _ = frame.octets[HEADER_SIZE:].partition(b"\0")
        if not (nul and message_id and form.keeps and _wants_receipt(exchange.frame)):
            return
        key = smsc.center.prefix + message_id
        if len(message_id) > form.longest:
            self._give_other(exchange, smsc, message_id, kept=True)
        else:
            to_many = exchange.frame.command_id == CommandId.SUBMIT_MULTI
            self._keep(key, form.path_to_many if to_many else form.path)
        if self.expected is not None:
            self.expected(key)

    def _answer(self, exchange: Exchange, octets: bytes, kept: bool) -> None:
        if exchange.adapts is not None:
            octets = self._adapt(octets, exchange.adapts)
        origin = exchange.origin
        if kept and self._waits:
            self._gathering.answers.append((origin, octets))
        else:
            origin.unanswered -= 1
            origin.send(octets)

    def _keep(self, key: bytes, value: bytes) -> None:
        self._gathering.paths[key] = value
        if not self._scheduled:
            self._schedule()
        if self._ending:
            self._ending.stay(key)

    def _form(self, origin: Origin, smsc: Smsc) -> AnswerForm:
        kind, tag = (TAGGED, smsc.tag) if self.tags else (ORIGINAL, b"")
        longest = longest_taggable(tag, origin.version)
        path = ReturnPath(origin.system_id, smsc.tag, origin.token, kind)
        return AnswerForm(
            tag,
            longest,
            keeps=bool(origin.system_id),
            always=origin.queries,
            path=path.octets(),
            path_to_many=path._replace(kind=kind + MANY).octets(),
        )

    # What cannot be tagged, and what is not

    def _give_other(self, exchange: Exchange, smsc: Smsc, message_id: bytes, kept: bool) -> bytes:
        """The id that the ESME is given where a tag in front is not the way."""
        origin = exchange.origin
        if not self.tags and _goes_untouched(message_id, origin):
            given, kind = message_id, ORIGINAL
        else:
            given, kind = self.aliases.next(origin.version), ALIASED
        if kept:
            if exchange.frame.command_id == CommandId.SUBMIT_MULTI:
                kind += MANY
            stands_for = given if kind.startswith(ALIASED) else b""
            path = ReturnPath(origin.system_id, smsc.tag, origin.token, kind, stands_for)
            self._keep(smsc.center.prefix + message_id, path.octets())
            if stands_for:
                self._keep(alias_key(given), alias_value(smsc.tag, message_id))
            else:
                self._keep_owner(origin, smsc, message_id)
        return given

    def _keep_owner(self, origin: Origin, smsc: Smsc, message_id: bytes) -> None:
        """Where ids are not tagged: whose this one is among those that the account was given."""
        key = original_key(origin.system_id, message_id)
        before = self.recent(key)
        if before is not None and before != smsc.tag:
            self._tell_shared(origin, smsc, before, message_id)
        self._keep(key, smsc.tag)

    def _tell_shared(self, origin: Origin, smsc: Smsc, before: bytes, message_id: bytes) -> None:
        self.shared_ids += 1
        now = self._clock.seconds()
        if now - self._told_shared < _QUIET_SECONDS:
            return
        self._told_shared = now
        other = self.message_ids.tagged(before)
        self.log.warn(
            "ESME {account} was given the id {message_id} by SMSC {one} and by SMSC {other}: it "
            'cannot tell these messages apart; message_ids = "tagged" would ({count} so far)',
            account=origin.system_id.decode("latin-1"),
            message_id=message_id.decode("latin-1"),
            one=smsc.name,
            other=other.name if other is not None else "that is gone",
            count=self.shared_ids,
        )

    # Ends

    def end(self, keys: Iterable[bytes], now: float) -> None:
        """The final receipt for a message is delivered: what is kept of it ends after a while."""
        for key in keys:
            self._ending.add(key, now)
        if self._end_look is None:
            self._end_look = self._clock.callLater(_LOOK_AT_ENDS, self._end_due)
        elif self._ending.is_over_limit and not self._ends_early:
            self._ends_early = True
            self._end_look.reset(0)

    def _end_due(self) -> None:
        self._end_look, self._ends_early = None, False
        over = self._ending.take(self._clock.seconds(), _MOST_ENDS)
        if over:
            self.store.end(over)
        if self._ending:
            pause = 0 if len(over) == _MOST_ENDS else _LOOK_AT_ENDS
            self._end_look = self._clock.callLater(pause, self._end_due)

    def stop(self) -> None:
        """The gate stops: return paths that were to end stay until their time is over."""
        if self._end_look is not None:
            self._end_look.cancel()
            self._end_look = None

    # Batches

    def _schedule(self) -> None:
        self._scheduled = True
        if self._being_kept is None:
            self._clock.callLater(0, self._end_turn)

    def _end_turn(self) -> None:
        """Commit now, or when the last batch is long enough ago."""
        pause = self._rests_until - self._clock.seconds()
        if pause > 0.0 and len(self._gathering.paths) > 1:
            # A clock that was put back is no reason to wait longer.
            self._clock.callLater(min(pause, _APART), self._commit)
        else:
            self._commit()

    def _commit(self) -> None:
        if self._being_kept is not None or not self._scheduled:
            return
        self._being_kept, self._gathering = self._gathering, _Gathered()
        self._scheduled = False
        self._rests_until = self._clock.seconds() + _APART
        self.store.keep(self._being_kept.paths).addBoth(self._kept)

    def _kept(self, result: object) -> None:
        """Let go what waited, whatever became of the batch: the SMSC has taken the messages."""
        if isinstance(result, Failure):
            self.log.failure("return paths were not kept", result)
        done, self._being_kept = self._being_kept, None
        self._batch.open()
        try:
            if done is not None:
                _let_go(done)
        finally:
            self._batch.close()
            if self._scheduled:
                self._end_turn()

    # Looking things up

    def recent(self, key: bytes) -> bytes | None:
        """What is kept under ``key``, as far as memory knows."""
        value = self._gathering.paths.get(key)
        if value is None and self._being_kept is not None:
            value = self._being_kept.paths.get(key)
        return value if value is not None else self.store.recent(key)

    def when_out(self, key: bytes, go_on: Callable[[], None]) -> bool:
        """Call ``go_on`` once the answer that goes with ``key`` is out; False when it is.

        What follows a message must not overtake its answer.
        """
        if not self._waits:
            return False
        for gathered in (self._gathering, self._being_kept):
            if gathered is not None and key in gathered.paths:
                gathered.then.append(go_on)
                return True
        return False


def _let_go(done: _Gathered) -> None:
    for origin, octets in done.answers:
        origin.unanswered -= 1
        origin.send(octets)
    for go_on in done.then:
        go_on()


def _wants_receipt(request: Frame) -> bool:
    try:
        return peek.registered_delivery(request.octets) != 0
    except PduError:
        # Some broadcast_sm have none, and of a submit_multi to many whose answer is late the end
        # is gone. For what else the gate cannot read it keeps no return path.
        return request.command_id in (CommandId.BROADCAST_SM, CommandId.SUBMIT_MULTI)


def _goes_untouched(message_id: bytes, origin: Origin) -> bool:
    version = origin.version
    if len(message_id) > longest_untouched(version):
        return False
    return not version.hex_message_ids or _is_hex(message_id)


def _is_hex(message_id: bytes) -> bool:
    return not message_id.strip(_HEX_DIGITS)
