"""`HopAnswerLane`: whole reads of answers that come over a link between nodes."""

from __future__ import annotations

from struct import Struct
from typing import cast

from smppgate.gate.lane.hop_run import HopRun
from smppgate.gate.peers.ports import Link
from smppgate.gate.router import RouterService
from smppgate.routing.sessions import SmscSession
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import HEADER_SIZE

_read_header = Struct(">IIII").unpack_from
_SUBMIT_SM_RESP = int(CommandId.SUBMIT_SM_RESP)


class HopAnswerLane:
    """Relays the answers to messages of runs that went by way of another node.

    For each stretch of those that went on one remote link that is what the router does with a
    read of an SMSC: the return paths are kept here.
    """

    def __init__(self, router: RouterService) -> None:
        self._router = router

    def relay(self, link: Link, octets: bytes, start: int, now: float) -> int:
        """Relay the plain answers from ``start`` on in a read; gives where those end."""
        get, last = link.outstanding.requests.get, len(octets) - HEADER_SIZE
        while start <= last:
            _, command_id, _, number = _read_header(octets, start)
            if command_id != _SUBMIT_SM_RESP:
                break
            entry = get(number)
            if entry.__class__ is not tuple or not isinstance(entry[0], HopRun):
                break
            begin, remote = start, cast(SmscSession, entry[0].link)
            start = self._router.relay_answers(remote, octets, start, now)
            if start == begin:
                break
        return start
