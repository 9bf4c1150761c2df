"""`ReturnPathKeeper`: the return path of a message is kept before its ESME hears the id.

The answer to a submit is the last moment at which everything is known: the SMSC's id, the session
that submitted, the id that this session is to know the message by.

The life of a return path:

1. An SMSC took a message: `ReturnPathKeeper.take` puts the SMSC's tag in front of the id and the
   ESME's number into the header, and hands return path and answer to `Commits`. An id gets
   the NUL that it lacks, and with a tag loses the blanks around it; its key is that of `id_key`.
   Where rules have changed addresses, it has those of the ESME and those of the SMSC.
2. The turn of the reactor ends: the batch goes to the store as one record, and then the answers
   leave. Where the store does not keep at once they wait for it, and the next batch gathers.
3. A receipt, or a request about the message, finds the return path by the SMSC's id.
4. The ESME has taken a final receipt: the store ends the return path `receipted_ttl` later. Where
   several receipts may come, or none does, it is kept for its time to live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import takewhile
from struct import Struct

from twisted.python.failure import Failure

from smppgate.gate.relay.transform import Transform
from smppgate.gate.return_path.aliases import Aliases
from smppgate.gate.return_path.commits import Commits
from smppgate.gate.return_path.elsewhere import Elsewhere
from smppgate.notices.messages import SHARED_ID
from smppgate.notices.program import LOOKUP_FAILED
from smppgate.notices.store import PATHS_NOT_FOUND
from smppgate.routing.exchange import Exchange
from smppgate.routing.return_path.answer_forms import AnswerForm
from smppgate.routing.return_path.message_ids import MessageIds, longest_untouched
from smppgate.routing.return_path.records import (
    ALIASED,
    LONGEST_NAMEABLE,
    MANY,
    ORIGINAL,
    TAGGED,
    ReturnPath,
    alias_key,
    alias_value,
    folded_key,
    original_key,
    with_addresses,
)
from smppgate.routing.return_path.submissions import has_several_receipts
from smppgate.routing.sessions import Origin
from smppgate.routing.smscs.letter_case import folded, has_both_cases
from smppgate.routing.smscs.smsc import MessageCenter, Smsc
from smppgate.store import Found, IStore
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, renumbered, spliced
from smppgate.txsmpp.id_key import given_id, id_key, with_given_id
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.seldom import Seldom

WARNING_INTERVAL = 60.0
"""Seconds between two warnings that an ESME was given one id by two SMSCs."""

_HEX_DIGITS = b"0123456789ABCDEFabcdef"
_BLANK = 0x20

_pack_header = Struct(">IIII").pack


class ReturnPathKeeper:
    """Keeps return paths, and gives ESMEs their answers under ids of their own.

    :param batch: the sessions' own, see `Commits`.
    :param tags: whether ids are made unique by the tag of their SMSC.
    :param may_wait: whether answers wait until the store has their return paths.
    :param transform: gives answers as ESMEs of another version can take them.
    :param receipted_ttl: seconds that a return path is kept after a final receipt.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        store: IStore,
        message_ids: MessageIds,
        aliases: Aliases,
        tags: bool,
        may_wait: bool,
        transform: Transform,
        receipted_ttl: float,
    ) -> None:
        self.store = store
        self.message_ids = message_ids
        self.tags = tags
        self.commits = Commits(clock, batch, store, may_wait)
        self.aliases = aliases
        self.expected: Callable[[bytes], None] | None = None
        """Called with the key of each message taken, while a receipt waits for one."""
        self.elsewhere: Elsewhere | None = None
        """Other processes that may know return paths; None where there are none."""
        self.shared_ids = 0
        """Ids that one account was given by two SMSCs, untouched."""
        self._clock = clock
        self._transform = transform
        self._receipted_ttl = receipted_ttl
        self._warnings = Seldom(WARNING_INTERVAL)

    # The hot path

    def take(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> bytes:
        """``smsc`` took a message: keep the return path, and answer under the ESME's number.

        Gives that answer, as a peer of the SMSC's own version hears it.
        """
        octets, number = frame.octets, exchange.number
        origin, center = exchange.origin, smsc.center
        end = octets.find(0, HEADER_SIZE)
        if end <= HEADER_SIZE or octets[HEADER_SIZE] <= _BLANK or octets[end - 1] <= _BLANK:
            octets, message_id = self._mended(octets, end)
            if not message_id:
                # Without an id no receipt and no request can name the message.
                self._answer(exchange, renumbered(octets, number), kept=False)
                return octets
            end = octets.find(0, HEADER_SIZE)
        else:
            message_id = octets[HEADER_SIZE:end]
        form = origin.answer_forms.get(smsc) or self._form(origin, smsc)
        kept = form.keeps and (form.always or exchange.wants_receipt)
        if end - HEADER_SIZE > form.longest:
            given = self._give_other(exchange, smsc, message_id, kept)
            octets = renumbered(spliced(octets, HEADER_SIZE, end, given), number)
        else:
            if kept:
                # `_keep_path`, written out for the hot path.
                self.commits.keep(center.prefix + message_id, _record(exchange, form))
            if kept and not form.tag:
                self._keep_owner(origin, smsc, message_id)
            header = _pack_header(len(octets) + len(form.tag), frame.command_id, 0, number)
            octets = header + form.tag + octets[HEADER_SIZE:]
        self._answer(exchange, octets, kept)
        if kept:
            center.notations.gave(message_id)
            if self.expected is not None or not message_id.isdigit():
                self._tell(center, message_id)
        return octets

    def _mended(self, octets: bytes, end: int) -> tuple[bytes, bytes]:
        """An answer whose id ends at ``end``, or has no end, as ESMEs can take it, and the id."""
        message_id = given_id(octets)
        if message_id and (self.tags or end < 0):
            octets = with_given_id(octets, message_id)
        return octets, message_id

    def take_late(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> bytes:
        """``smsc`` took a message whose ESME was told an error: keep the return path.

        A receipt has the id that the ESME would have been given, which this gives; it is empty
        where no return path is kept.
        """
        origin = exchange.origin
        form = self.form(origin, smsc)
        message_id = given_id(frame.octets)
        if not (message_id and form.keeps and exchange.wants_receipt):
            return b""
        given = form.tag + message_id
        if len(message_id) > form.longest:
            given = self._give_other(exchange, smsc, message_id, kept=True)
        else:
            self._keep_path(exchange, smsc, message_id, form)
        smsc.center.notations.gave(message_id)
        self._tell(smsc.center, message_id)
        return given

    def form(self, origin: Origin, smsc: Smsc) -> AnswerForm:
        """The form of the answers of ``smsc`` for ``origin``."""
        return origin.answer_forms.get(smsc) or self._form(origin, smsc)

    def _form(self, origin: Origin, smsc: Smsc) -> AnswerForm:
        form = origin.answer_forms[smsc] = AnswerForm.of(origin, smsc, self.tags)
        return form

    def _keep_path(
        self, exchange: Exchange, smsc: Smsc, message_id: bytes, form: AnswerForm
    ) -> None:
        """Keep the return path of a message whose ESME has, or would have, the SMSC's id."""
        self.commits.keep(smsc.center.prefix + message_id, _record(exchange, form))
        if not form.tag:
            self._keep_owner(exchange.origin, smsc, message_id)

    def _tell(self, center: MessageCenter, message_id: bytes) -> None:
        """The return path of ``message_id`` is kept: let it be found in other letters, and tell
        what waits for it."""
        if center.notations.finds_folded and has_both_cases(message_id):
            key = id_key(message_id)
            other = folded_key(center.prefix, folded(key))
            self.commits.keep(other, key)
            if self.expected is not None:
                self.expected(other)
        if self.expected is not None:
            self.expected(center.prefix + id_key(message_id))

    def _answer(self, exchange: Exchange, octets: bytes, kept: bool) -> None:
        if exchange.adapts is not None:
            octets = self._transform.adapted(octets, exchange.adapts)
        origin = exchange.origin
        if kept and self.commits.waits:
            self.commits.answer(origin, octets)
        else:
            origin.answer(octets)

    def end(self, center: MessageCenter, message_id: bytes, path: ReturnPath, key: bytes) -> None:
        """The ESME has taken a final receipt about ``message_id``: let its return path end.

        One of several that may come for the message ends nothing.

        :param key: that of ``path``.
        """
        keys = self.ending(center, message_id, path, key)
        if self.elsewhere is None or not self.elsewhere.end(path.session, keys):
            self.end_all(keys)

    def ending(
        self, center: MessageCenter, message_id: bytes, path: ReturnPath, key: bytes
    ) -> tuple[bytes, ...]:
        """The keys of all that ends with a return path, for `end_all`; see `end`."""
        keys: tuple[bytes, ...] = (key,)
        if path.kind != TAGGED:
            if path.is_to_many:
                return ()
            keys += path.kept_beside(message_id)
        if not message_id.isdigit() and has_both_cases(message_id):
            other = folded_key(center.prefix, folded(message_id))
            # Another message's id may be the same but for case: the record is of one of them.
            if self.recent(other) == message_id:
                keys += (other,)
        return keys

    def end_all(self, keys: Sequence[bytes]) -> None:
        """Let what is kept under ``keys`` end."""
        if keys:
            self.store.end(keys, self._receipted_ttl)

    # Ids without a tag

    def _give_other(self, exchange: Exchange, smsc: Smsc, message_id: bytes, kept: bool) -> bytes:
        """The id for the ESME where it is not the SMSC's id behind a tag."""
        origin = exchange.origin
        if not self.tags and _goes_untouched(message_id, origin):
            given, kind = message_id, ORIGINAL
        else:
            given, kind = self.aliases.next(origin.version), ALIASED
        if kept:
            stands_for = given if kind == ALIASED else b""
            if has_several_receipts(exchange.sent):
                kind += MANY
            path = ReturnPath(origin.system_id, smsc.tag, origin.token, kind, stands_for)
            key = id_key(message_id)
            self.commits.keep(smsc.center.prefix + key, _whole(exchange, path.octets()))
            if stands_for:
                nameable = message_id if len(message_id) <= LONGEST_NAMEABLE else b""
                self.commits.keep(alias_key(given), alias_value(smsc.tag, nameable))
            else:
                self._keep_owner(origin, smsc, key)
        return given

    def _keep_owner(self, origin: Origin, smsc: Smsc, message_id: bytes) -> None:
        """Keep which SMSC gave an untagged id to the account."""
        key = original_key(origin.system_id, message_id)
        before = self.recent(key)
        if before is not None and before != smsc.tag:
            self._warn_of_shared(origin, smsc, before, message_id)
        self.commits.keep(key, smsc.tag)

    def _warn_of_shared(
        self, origin: Origin, smsc: Smsc, before: bytes, message_id: bytes
    ) -> None:
        self.shared_ids += 1
        if not self._warnings.is_due(self._clock.monotonic()):
            return
        other = self.message_ids.tagged(before)
        self.log.tell(
            SHARED_ID,
            account=origin.system_id.decode("latin-1"),
            message_id=message_id.decode("latin-1"),
            smsc=smsc.name,
            other=other.name if other is not None else "that is gone",
            count=self.shared_ids,
        )

    # Looking up

    def recent(self, key: bytes) -> bytes | None:
        """The value under ``key``, as far as memory has it."""
        value = self.commits.recent(key)
        return value if value is not None else self.store.recent(key)

    @property
    def knows_all(self) -> bool:
        """Whether memory has all return paths that there are."""
        return self.store.is_all_recent and self.elsewhere is None

    def find(self, keys: Sequence[bytes], go_on: Callable[[Found], None]) -> None:
        """Look ``keys`` up, here and then elsewhere, and call ``go_on`` with what was found.

        Processes elsewhere come first, then what those that do not answer have on disk.

        At once where memory has all that there is: `recent` finds the rest then.

        :param keys: the likeliest first: where that is found, no other is looked for.
        """
        if self.elsewhere is None:
            self.find_here(keys, go_on)
        else:
            self.find_here(keys, partial(self._find_elsewhere, self.elsewhere, keys, go_on))

    def _find_elsewhere(
        self,
        elsewhere: Elsewhere,
        keys: Sequence[bytes],
        go_on: Callable[[Found], None],
        found: Found,
    ) -> None:
        """Ask for those keys that are likelier than what is known here."""

        def is_unknown(key: bytes) -> bool:
            return key not in found.paths and self.recent(key) is None

        def merged(more: Found) -> None:
            is_complete = found.is_complete and more.is_complete
            known = Found({**found.paths, **more.paths}, is_complete)
            if more.is_complete:
                go_on(known)
            else:
                self._find_beside(list(takewhile(is_unknown, keys)), go_on, known)

        unknown = list(takewhile(is_unknown, keys))
        if unknown:
            elsewhere.ask(unknown, merged)
        else:
            go_on(found)

    def _find_beside(
        self, keys: Sequence[bytes], go_on: Callable[[Found], None], known: Found
    ) -> None:
        """Another process did not answer: look up on disk what it may know."""

        def found(paths: Mapping[bytes, bytes]) -> None:
            go_on(Found({**paths, **known.paths}, known.is_complete))

        unknown = list(takewhile(lambda key: key not in known.paths, keys))
        if not unknown:
            go_on(known)
            return
        finding = self.store.find_beside(unknown).addCallback(found)
        finding.addErrback(lambda failure: self.log.tell_failure(LOOKUP_FAILED, failure))

    def find_here(self, keys: Sequence[bytes], go_on: Callable[[Found], None]) -> None:
        """The same in memory and in the store alone."""
        if self.store.is_all_recent:
            go_on(Found({}))
            return
        finding = self.store.find(keys).addErrback(self._not_found)
        finding.addCallback(go_on)
        finding.addErrback(lambda failure: self.log.tell_failure(LOOKUP_FAILED, failure))

    def _not_found(self, failure: Failure) -> Found:
        self.log.tell_failure(PATHS_NOT_FOUND, failure)
        return Found({}, is_complete=False)


def _record(exchange: Exchange, form: AnswerForm) -> bytes:
    """The record of the return path of a message whose ESME has the SMSC's id."""
    path = form.path_to_many if has_several_receipts(exchange.sent) else form.path
    return path if exchange.rewritten is None else _whole(exchange, path)


def _whole(exchange: Exchange, path: bytes) -> bytes:
    """A record with the addresses of its message, where rules have changed them."""
    rewritten = exchange.rewritten
    return with_addresses(path, rewritten.addresses) if rewritten is not None else path


def _goes_untouched(message_id: bytes, origin: Origin) -> bool:
    version = origin.version
    if len(message_id) > longest_untouched(version):
        return False
    return not version.hex_message_ids or _is_hex(message_id)


def _is_hex(message_id: bytes) -> bool:
    return not message_id.strip(_HEX_DIGITS)
