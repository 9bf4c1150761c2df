"""`LocalEsmes`: this process as an ESME of each pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred

from smppgate.gate.submit.local_esme import LocalEsme
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, command_name
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import AnyResp, RequestPdu
from smppgate.txsmpp.states import SESSION_COMMANDS, Role, State, allowed

# Requests of an ESME to an SMSC, without those that each session answers itself.
_REQUESTS = allowed(Role.ESME, State.BOUND_TX) - SESSION_COMMANDS - {CommandId.GENERIC_NACK}

Forward = Callable[[LocalEsme, Frame, float], None]
"""Relays a request that came at a time, seconds on the monotonic clock."""


class LocalEsmes:
    """This process as an ESME of each pool, by its name; under None: of the first, and routed.

    :param pools: by name; requests go to the first of them by default.
    """

    def __init__(self, clock: Clock, pools: Mapping[str, Pool], forward: Forward) -> None:
        self._clock = clock
        self._forward = forward
        self.by_pool: dict[str | None, LocalEsme] = {}
        self.change(pools)

    def change(self, pools: Mapping[str, Pool]) -> None:
        """Have these pools from now on."""
        known, first = self.by_pool, next(iter(pools.values()))
        routed = known.get(None) or LocalEsme(self._clock, first, is_routed=True)
        routed.change(first)
        self.by_pool = {None: routed}
        for name, pool in pools.items():
            self.by_pool[name] = known.get(name) or LocalEsme(self._clock, pool)

    def request(self, pdu: RequestPdu[AnyResp], pool: str | None) -> Deferred[AnyResp]:
        """See `RouterService.request`."""
        if pdu.command_id not in _REQUESTS:
            raise ValueError(f"{command_name(pdu.command_id)} is no request to an SMSC")
        local_esme = self.by_pool[pool]
        frame, answer = local_esme.request(pdu)
        self._forward(local_esme, frame, self._clock.monotonic())
        return answer
