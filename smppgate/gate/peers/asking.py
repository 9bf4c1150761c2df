"""`Asking`: return paths that this process does not know are asked of its peers, and end there.

What is looked up in one turn goes to each peer as one question, in several PDUs where it is more
than one may have. A peer answers what it knows, and at which message centers it awaits answers:
the return path that is missing may come with one of those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import fields
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.told import in_pieces, telling
from smppgate.routing.return_path.submitters import node_of
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.store import Found
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import NoAnswer, PduError
from smppgate.txsmpp.frame import HEADER_SIZE, Frame
from smppgate.txsmpp.sequence import Request

LONGEST_KEY = 16_384
"""Octets of a key that is asked for; what may be kept under a longer one is not known."""

MOST_ASKED = 8_192
"""Octets of keys that one PDU asks for: its answer has these, and all that is kept under them."""

PATIENCE = 1.0
"""Seconds that a peer has for its answer; what it does not answer is not known."""

HELD_PAUSE = 0.02
"""Seconds after which a peer is asked again for what it has, and does not tell yet."""

_DATA_SM = int(CommandId.DATA_SM)
_NO_ID = 1
"""Octets of the empty message_id of a data_sm_resp, SMPP v3.4 §4.7.2."""

GoOn = Callable[[Found], None]


class Wanted(NamedTuple):
    """One look-up: its keys, the likeliest first, what follows it, and until when it may take."""

    keys: Sequence[bytes]
    go_on: GoOn
    until: float


@define(eq=False)
class Question:
    """What is asked in one turn.

    :ivar open: PDUs to peers that are not answered.
    :ivar held: keys that a peer has and does not tell yet.
    :ivar is_complete: whether all peers could be asked, and have looked everywhere.
    """

    wanted: list[Wanted] = field(factory=list)
    keys: dict[bytes, None] = field(factory=dict)
    open: int = 0
    paths: dict[bytes, bytes] = field(factory=dict)
    held: set[bytes] = field(factory=set)
    is_complete: bool = True
    timer: IDelayedCall | None = None

    def found(self) -> list[Wanted]:
        """Take out the look-ups whose likeliest key is known: they need wait for nothing."""
        done = [each for each in self.wanted if each.keys[0] in self.paths]
        if done:
            self.wanted = [each for each in self.wanted if each.keys[0] not in self.paths]
        return done

    def end(self) -> list[Wanted]:
        """Wait for no answer any longer; gives the look-ups that are left."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        wanted, self.wanted = self.wanted, []
        return wanted

    def holds(self, wanted: Wanted) -> bool:
        """Whether a peer has a likelier key of a look-up than those that are known."""
        unknown = takewhile(lambda key: key not in self.paths, wanted.keys)
        return any(key in self.held for key in unknown)

    def answer(self, wanted: Wanted) -> None:
        """Go on with a look-up."""
        paths = {key: self.paths[key] for key in wanted.keys if key in self.paths}
        is_complete = self.is_complete and not self.holds(wanted)
        wanted.go_on(Found(paths, is_complete))


class _Asked(Request):
    """One PDU of a question. Mutable and slotted."""

    __slots__ = ("_asking", "_node", "_question")

    def __init__(self, asking: Asking, question: Question, node: str, sent_at: float) -> None:
        super().__init__(_DATA_SM, sent_at)
        self._asking = asking
        self._question = question
        self._node = node

    def answered(self, frame: Frame, now: float) -> None:
        """The peer has answered."""
        self._asking.answered(self._question, self._node, frame)

    def failed(self, reason: NoAnswer) -> None:
        """The link has ended, or the peer did not answer in time."""
        self._asking.unanswered(self._question)


class Asking:
    """Asks peers for return paths; the `Elsewhere` of the keeper.

    :param is_peer: whether a node of that name is a peer.
    :param links: gives a link for each peer by its name, None where none is up.
    :ivar found: return paths that peers had, so far.
    """

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        is_peer: Callable[[str], bool],
        links: Callable[[], Mapping[str, Link | None]],
    ) -> None:
        self.found = 0
        self._clock = clock
        self._batch = batch
        self._is_peer = is_peer
        self._links = links
        self._gathering: Question | None = None
        self._held: list[Wanted] = []
        # Node → keys of return paths that are to end there.
        self._ending: dict[str, list[bytes]] = {}
        self._again: IDelayedCall | None = None
        self._open: dict[Question, None] = {}
        # Node → the message centers whose answers it awaits, as of its last answer.
        self._awaited: dict[str, frozenset[str]] = {}

    def ask(self, keys: Sequence[bytes], go_on: GoOn) -> None:
        """Ask all peers for the return paths of ``keys``, and call ``go_on`` with their answer.

        :param keys: the likeliest first; where a peer knows that, no other is waited for.
        """
        short = [key for key in keys if len(key) <= LONGEST_KEY]
        if len(short) < len(keys):
            self._gather_some(short, go_on)
        else:
            self._gather(Wanted(keys, go_on, self._clock.monotonic() + PATIENCE))

    def _gather_some(self, keys: Sequence[bytes], go_on: GoOn) -> None:
        """Ask for those that can be asked for; nothing is known of the others."""

        def incomplete(found: Found) -> None:
            go_on(Found(found.paths, is_complete=False))

        if keys:
            self._gather(Wanted(keys, incomplete, self._clock.monotonic() + PATIENCE))
        else:
            incomplete(Found({}))

    def _gather(self, wanted: Wanted) -> None:
        question = self._gathering
        if question is None:
            question = self._gathering = Question()
            self._batch.at_end(self._send)
        question.wanted.append(wanted)
        question.keys.update(dict.fromkeys(wanted.keys))

    def end(self, session: bytes, keys: Sequence[bytes]) -> bool:
        """Tell the node of that session, if it is another one, that return paths are to end.

        One that is not reached keeps them for their time to live.
        """
        node = node_of(session)
        if not self._is_peer(node):
            return False
        if not self._ending:
            self._batch.at_end(self._tell_ends)
        self._ending.setdefault(node, []).extend(keys)
        return True

    def _tell_ends(self) -> None:
        ending, self._ending = self._ending, {}
        links = self._links()
        for node, keys in ending.items():
            link = links.get(node)
            if link is not None:
                for piece in in_pieces(f.field(f.ENDED, key) for key in keys):
                    link.tell(piece)

    def awaits(self, center: MessageCenter) -> bool:
        """Whether a peer that was asked said that it awaits answers there."""
        return any(center.name in names for names in self._awaited.values())

    def forget(self, node: str) -> None:
        """No link to that node is up: what it awaits is not known."""
        self._awaited.pop(node, None)

    def stop(self) -> None:
        """Ask nothing more; what waits for answers goes on without."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._gathering is not None:
            self._open[self._gathering] = None
            self._gathering = None
        left = [(question, each) for question in self._open for each in question.end()]
        left += [(Question(), each) for each in self._held]
        self._open, self._held = {}, []
        for question, each in left:
            question.is_complete = False
            question.answer(each)

    def _send(self) -> None:
        question, self._gathering = self._gathering, None
        if question is None or not question.wanted:
            return
        self._open[question] = None
        asked = (f.field(f.ASKED, key) for key in question.keys)
        pieces = list(in_pieces(asked, MOST_ASKED))
        now = self._clock.monotonic()
        for node, link in self._links().items():
            if link is None or not link.has_room:
                question.is_complete = False
                continue
            question.open += len(pieces)
            for piece in pieces:
                link.send_request(_Asked(self, question, node, now), telling(piece))
        if question.open:
            question.timer = self._clock.callLater(PATIENCE, self._overdue, question)
        else:
            self._end(question)

    def answered(self, question: Question, node: str, frame: Frame) -> None:
        """A peer has answered one PDU."""
        question.open -= 1
        try:
            self._read(question, node, frame)
        except PduError:
            question.is_complete = False
        for each in question.found():
            question.answer(each)
        self._end_if_done(question)

    def unanswered(self, question: Question) -> None:
        """A peer has left one PDU without an answer."""
        question.open -= 1
        question.is_complete = False
        self._end_if_done(question)

    def _read(self, question: Question, node: str, frame: Frame) -> None:
        if frame.command_status:
            question.is_complete = False
            return
        awaited: list[str] = []
        key = b""
        for tag, value in fields(frame.octets[HEADER_SIZE + _NO_ID :]):
            if tag == f.ASKED:
                key = value
            elif tag == f.FOUND and key in question.keys:
                self.found += key not in question.paths
                question.paths[key] = value
            elif tag == f.HELD:
                question.held.add(value)
            elif tag == f.AWAITED:
                awaited.append(value.decode("latin-1"))
            elif tag == f.INCOMPLETE:
                question.is_complete = False
        self._awaited[node] = frozenset(awaited)

    def _overdue(self, question: Question) -> None:
        question.timer = None
        question.is_complete = False
        self._end(question)

    def _end_if_done(self, question: Question) -> None:
        if question.open <= 0 or not question.wanted:
            self._end(question)

    def _end(self, question: Question) -> None:
        self._open.pop(question, None)
        now = self._clock.monotonic()
        for each in question.end():
            if each.until > now and question.holds(each):
                self._ask_again(each)
            else:
                question.answer(each)

    def _ask_again(self, wanted: Wanted) -> None:
        """A peer tells a return path in a moment: behind the answer about its message."""
        self._held.append(wanted)
        if self._again is None:
            self._again = self._clock.callLater(HELD_PAUSE, self._ask_held)

    def _ask_held(self) -> None:
        self._again = None
        held, self._held = self._held, []
        for each in held:
            self._gather(each)
