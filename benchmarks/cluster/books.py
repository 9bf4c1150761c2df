"""`Books`: what ESMEs and SMSCs of one fault know of each message, and what became of all.

An SMSC's own ids are of one length, so that an ESME's id ends with one, whatever its tag.
"""

from __future__ import annotations

from itertools import count

from attrs import define, field, frozen

from benchmarks import wire

OWN_ID_SIZE = 9
"""Octets of an id that an SMSC gives."""

SERVED_SECONDS = 1.0
"""A message is served when its good answer takes no longer."""


@define(eq=False)
class Message:
    """A submit_sm of an ESME.

    :ivar sent: seconds of the clock; ``told``: the SMSC's own id that its ESME was told.
    :ivar answers: how many came; ``is_cut``: whether its session was lost before the first.
    """

    account: str
    sent: float
    answers: int = 0
    seconds: float = 0.0
    told: bytes = b""
    is_cut: bool = False

    @property
    def is_served(self) -> bool:
        """Whether it had a good answer soon."""
        return bool(self.told) and self.seconds <= SERVED_SECONDS


@define(eq=False)
class Owed:
    """A receipt, or a message of its own, that an SMSC sends until it is taken.

    :ivar account: whose it is; ``octets``: the deliver_sm.
    :ivar sends: how often it was sent; ``refusals``: how often it was refused.
    :ivar arrivals: how often it came to a session of the account; ``elsewhere``: to another's.
    """

    account: str
    octets: bytes
    sends: int = 0
    refusals: int = 0
    is_taken: bool = False
    arrivals: int = 0
    elsewhere: int = 0


@frozen
class Brought:
    """What became of receipts, or of messages that SMSCs sent.

    ``taken`` are those that have to come, ``missing`` those of them that did not. ``doubled`` are
    those that came again, ``unasked`` those of them that their SMSC has sent but once. ``refused``
    is how often those that have to come were refused before they were taken.
    """

    taken: int
    missing: int
    doubled: int
    unasked: int
    elsewhere: int
    refused: int

    @classmethod
    def of(cls, all_owed: list[Owed], taken: list[Owed]) -> Brought:
        """Of these, of which those that were ``taken`` have to come."""
        doubled = [each for each in all_owed if each.arrivals > 1]
        return cls(
            taken=len(taken),
            missing=sum(not each.arrivals for each in taken),
            doubled=len(doubled),
            unasked=sum(each.sends == 1 for each in doubled),
            elsewhere=sum(each.elsewhere for each in all_owed),
            refused=sum(each.refusals for each in taken),
        )

    def __str__(self) -> str:
        return (
            f"{self.taken:,}, {self.missing:,} missing, {self.doubled:,} doubled "
            f"({self.unasked:,} of them sent once), {self.elsewhere:,} at a wrong account, "
            f"{self.refused:,} refusals"
        )


@frozen
class Outcome:
    """What became of everything.

    :ivar longest: seconds to the longest answer, whose message was sent ``longest_at`` seconds
        after the fault.
    :ivar served: seconds from the fault until every message was served, 0 where each was.
    :ivar strange: what should never be, by its description.
    """

    sent: int
    acknowledged: int
    refused: int
    cut: int
    unanswered: int
    twice: int
    longest: float
    longest_at: float
    served: float
    receipts: Brought
    queued: Brought
    strange: dict[str, int] = field(factory=dict)

    @property
    def faults(self) -> dict[str, int]:
        """What is lost, doubled where nothing was lost, or where it should not be."""
        found = {
            "answers missing": self.unanswered,
            "answered twice": self.twice,
            "receipts missing": self.receipts.missing,
            "receipts at a wrong account": self.receipts.elsewhere,
            "queued messages lost": self.queued.missing,
            "queued messages at a wrong account": self.queued.elsewhere,
            **self.strange,
        }
        return {what: number for what, number in found.items() if number}

    @property
    def lines(self) -> list[str]:
        """The same for people."""
        return [
            f"messages: {self.sent:,} sent, {self.acknowledged:,} acknowledged, "
            f"{self.refused:,} refused, {self.cut:,} cut off, {self.unanswered:,} not answered, "
            f"{self.twice:,} answered twice",
            f"receipts: {self.receipts}",
            f"queued:   {self.queued}",
            f"longest answer {self.longest:.3f} s, {self.longest_at:+.1f} s from the fault; all "
            f"served again after {self.served:.1f} s",
        ]


class Books:
    """Of one fault. Mutable.

    :param before: those of the fault before, of which something may come again.
    :ivar broken: when the fault began; infinite before.
    """

    def __init__(self, before: Books | None = None) -> None:
        self.broken = float("inf")
        self._before = before
        self.strange: dict[str, int] = {}
        self._messages: dict[str, Message] = {}
        self._receipts: dict[bytes, Owed] = {}
        self._pushed: dict[str, Owed] = {}
        self._held = 0.0

    # ESMEs

    def sent(self, account: str, now: float) -> tuple[Message, bytes]:
        """A message that this account sends now, numbered 0."""
        destination = f"4477{next(_serials):08d}"
        message = self._messages[destination] = Message(account, now)
        return message, wire.message(wire.SUBMIT_SM, destination, receipt_asked=True)

    def held(self, now: float) -> None:
        """A message was to be sent, and there was no session."""
        self._held = max(self._held, now)

    def answered(self, message: Message, status: int, body: bytes, now: float) -> None:
        """An answer came."""
        message.answers += 1
        message.seconds = max(message.seconds, now - message.sent)
        if not status:
            message.told = body[:-1][-OWN_ID_SIZE:]
            if message.told not in self._receipts:
                self.note("ids that no SMSC gave")

    def brought(self, account: str, pdu: bytes) -> None:
        """A deliver_sm came to a session of this account."""
        owed = self.owed(pdu)
        if owed is None:
            self.note("deliver_sm that no SMSC sent")
        elif owed.account == account:
            owed.arrivals += 1
        else:
            owed.elsewhere += 1

    # SMSCs

    def taken(self, pdu: bytes, own_id: bytes) -> Owed | None:
        """The receipt for a submit_sm that an SMSC has given this id; None if it was not sent."""
        message = self._messages.get(_destination(pdu))
        if message is None:
            self.note("submit_sm that no ESME sent")
            return None
        owed = self._receipts[own_id] = Owed(message.account, wire.receipt(own_id))
        return owed

    def pushed(self, account: str, prefix: str) -> Owed:
        """A message to this account, whose numbers begin with ``prefix``."""
        destination = f"{prefix}{next(_serials):08d}"
        owed = Owed(account, wire.message(wire.DELIVER_SM, destination))
        self._pushed[destination] = owed
        return owed

    # All

    def owed(self, pdu: bytes) -> Owed | None:
        """What a deliver_sm is, None if no SMSC has sent it."""
        _, is_receipt, found = pdu.partition(b"id:")
        if is_receipt:
            owed = self._receipts.get(found.partition(b" ")[0][-OWN_ID_SIZE:])
        else:
            owed = self._pushed.get(_destination(pdu))
        return self._before.owed(pdu) if owed is None and self._before else owed

    def note(self, what: str) -> None:
        """Something that should never be."""
        self.strange[what] = self.strange.get(what, 0) + 1

    def is_settled(self) -> bool:
        """Whether nothing more has to come."""
        return (
            all(each.answers or each.is_cut for each in self._messages.values())
            and all(each.arrivals for each in self._told())
            and all(each.arrivals for each in self._queued())
        )

    def outcome(self) -> Outcome:
        """What became of everything."""
        messages = [*self._messages.values()]
        bad = [each.sent for each in messages if not each.is_served]
        longest = max(messages, key=lambda each: each.seconds, default=Message("", self.broken))
        return Outcome(
            sent=len(messages),
            acknowledged=sum(bool(each.told) for each in messages),
            refused=sum(each.answers > 0 and not each.told for each in messages),
            cut=sum(each.is_cut and not each.answers for each in messages),
            unanswered=sum(not each.is_cut and not each.answers for each in messages),
            twice=sum(each.answers > 1 for each in messages),
            longest=longest.seconds,
            longest_at=longest.sent - self.broken,
            served=max(0.0, max(bad, default=0.0) - self.broken, self._held - self.broken),
            receipts=Brought.of([*self._receipts.values()], self._told()),
            queued=Brought.of([*self._pushed.values()], self._queued()),
            strange=self.strange,
        )

    def _told(self) -> list[Owed]:
        """The receipts for what was acknowledged."""
        told = (each.told for each in self._messages.values())
        return [self._receipts[each] for each in told if each in self._receipts]

    def _queued(self) -> list[Owed]:
        """The messages that the gate has taken."""
        return [each for each in self._pushed.values() if each.is_taken]


_serials = count()


def _destination(pdu: bytes) -> str:
    """The destination_addr; SMPP v3.4 §4.4.1: behind service_type and source, each with a NUL,
    and the TON and NPI of both."""
    _, after = pdu[wire.HEADER_SIZE :].split(b"\0", 1)
    _, after = after[2:].split(b"\0", 1)
    return after[2:].partition(b"\0")[0].decode()
