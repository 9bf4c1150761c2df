"""`LocalEsme`: this process as an ESME, whose answers fire Deferreds."""

from __future__ import annotations

import sys
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.limits.esme_limits import SessionLimit
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import Tally
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.pdu import AnyResp, RequestPdu
from smppgate.txsmpp.requests import DeferredRequest
from smppgate.txsmpp.sequence import Outstanding
from smppgate.txsmpp.versions import V3_4, Version


class LocalEsme:
    """The origin of this process's own requests. It needs no session and no bind.

    :param pool: the pool whose SMSCs take its requests.
    :param is_routed: whether routes say where its messages go, if there are routes.
    """

    def __init__(self, clock: Clock, pool: Pool, is_routed: bool = False) -> None:
        self.is_routed = is_routed
        self.policy = AccountPolicy(pool=pool, window=sys.maxsize, queries=False, cancels_all=True)
        self.unanswered = 0
        self.has_ended = False
        # Without a system_id no return path is kept: receipts go to sessions, and it has none.
        self.system_id = self.token = b""
        self.version: Version = V3_4
        self.answer_forms: dict[Smsc, Any] = {}
        self.tally = Tally()
        self.own_pool: Pool | None = None
        self.passed_through: Smsc | None = None
        self.limit: SessionLimit | None = None
        self._clock = clock
        self._outstanding = Outstanding()

    @property
    def window(self) -> int:
        """The most requests that may be unanswered."""
        return self.policy.window

    @property
    def pool(self) -> Pool | None:
        """The pool that takes its messages."""
        return self.policy.pool

    @property
    def hold(self) -> float:
        """Seconds that a message may wait for an SMSC; 0: it does not wait."""
        return self.policy.hold

    @property
    def queries(self) -> bool:
        """Whether messages that ask for no receipt have a return path too."""
        return self.policy.queries

    def change(self, pool: Pool) -> None:
        """Have another pool."""
        self.policy = evolve(self.policy, pool=pool)

    def request(self, pdu: RequestPdu[AnyResp]) -> tuple[Frame, Deferred[AnyResp]]:
        """The frame to relay for ``pdu``, and the Deferred that fires with its resp.

        :raises PduError: when ``pdu`` cannot be encoded.
        """
        octets = encode(pdu)
        request = DeferredRequest(pdu, self._clock.monotonic())
        number = self._outstanding.claim(request)
        return Frame.of(renumbered(octets, number)), request.answer

    def answer(self, octets: bytes) -> None:
        """Take the answer to one of the requests that are counted in ``unanswered``."""
        self.unanswered -= 1
        self.send(octets)

    def charge(self) -> None:
        """This process may look up what it likes."""

    def send(self, octets: bytes) -> None:
        """Take the answer to one of the requests."""
        frame = Frame.of(octets)
        request = self._outstanding.answered(frame)
        if request is not None:
            request.answered(frame, self._clock.monotonic())
