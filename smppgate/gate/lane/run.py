"""`Run`: plain submit_sm that came in one read, and what is known of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smppgate.routing.exchange import Exchange, ExchangeListener
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request, RequestRun

_SUBMIT_SM = int(CommandId.SUBMIT_SM)

FEW = 8
"""A run of which only this part is open, one message in eight, keeps the octets of those alone."""


class Run(RequestRun):
    """Plain submit_sm of one read. Mutable and slotted: one is made for each read.

    An `Exchange` is made only of a message that does not end as most do, answered ESME_ROK in
    time: see `single`.

    :param correlator: learns how such exchanges end.
    :param octets: the read.
    :param bounds: where each message begins in there, and behind those where the last one ends.
    :param asked: the sequence numbers that the origin used.
    :param wants_receipt: whether they ask for a receipt: all do, or none; None where some may and
        others not, for all had a return path when they came.
    :param sent_at: seconds.
    :ivar open: how many of them are not answered.
    """

    __slots__ = (
        "_bounds",
        "_correlator",
        "_octets",
        "_parts",
        "asked",
        "open",
        "origin",
        "pool",
        "wants_receipt",
    )

    def __init__(
        self,
        correlator: ExchangeListener,
        origin: EsmeSession,
        pool: Pool,
        octets: bytes,
        bounds: Sequence[int],
        asked: Sequence[int],
        wants_receipt: bool | None,
        sent_at: float,
    ) -> None:
        self.command_id, self.sent_at = _SUBMIT_SM, sent_at
        self._correlator = correlator
        self._octets: bytes | dict[int, bytes] = octets
        self._bounds = bounds
        # Links, with the place of the first message that went there, and the numbers.
        self._parts: list[tuple[SmscSession, int, Sequence[int]]] = []
        self.origin, self.pool = origin, pool
        self.asked = asked
        self.wants_receipt = wants_receipt
        self.open = 0

    def is_on(self, link: object) -> bool:
        """Whether it is of ``link``, where it was found among what is open."""
        return True

    def claim(self, link: SmscSession, at: int, count: int) -> Sequence[int]:
        """Take numbers on ``link`` for ``count`` of the messages, from ``at`` on; gives them."""
        numbers = link.outstanding.claim_run(self, at, count)
        self._parts.append((link, at, numbers))
        self.open += count
        return numbers

    def single(self, at: int) -> Request:
        """The exchange of the message at ``at``, which is none of the run's any more."""
        self.open -= 1
        link = next(
            link for link, first, numbers in self._parts if first <= at < first + len(numbers)
        )
        return self.exchange(at, link)

    def exchange(self, at: int, link: SmscSession) -> Exchange:
        """What is known of the message at ``at``, which was sent on ``link``."""
        frame = Frame(_SUBMIT_SM, 0, self.asked[at], self.message(at))
        exchange = Exchange(self._correlator, self.origin, frame, self.pool, self.sent_at)
        exchange.smsc, exchange.sent_on, exchange.attempts = link.smsc, link, 1
        return exchange

    def answered_some(self, count: int) -> None:
        """``count`` of them were answered. Few that are left do not keep the octets of all."""
        self.open -= count
        if 0 < self.open <= len(self.asked) // FEW and isinstance(self._octets, bytes):
            self._octets = {at: self.message(at) for at in self._places()}

    def _places(self) -> Iterator[int]:
        """Those of the messages that are open."""
        for link, first, numbers in self._parts:
            requests = link.outstanding.requests
            for at, number in enumerate(numbers, first):
                if requests.get(number) == (self, at):
                    yield at

    def messages(self, places: Sequence[int]) -> list[bytes]:
        """The octets of the messages at ``places``, while they are open."""
        octets, bounds = self._octets, self._bounds
        if isinstance(octets, dict):
            return [octets[at] for at in places]
        return [octets[bounds[at] : bounds[at + 1]] for at in places]

    def message(self, at: int) -> bytes:
        """The octets of the message at ``at``, while it is open."""
        if isinstance(self._octets, dict):
            return self._octets[at]
        return self._octets[self._bounds[at] : self._bounds[at + 1]]
