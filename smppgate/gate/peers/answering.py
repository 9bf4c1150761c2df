"""`Answering`: gives peers the return paths that this process knows."""

from __future__ import annotations

from functools import partial

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import field
from smppgate.gate.peers.ports import Link
from smppgate.gate.router import RouterService
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.store import Found
from smppgate.txsmpp.frame import Frame, response

MOST_KEYS = 4_000
"""Keys of one PDU that are looked up."""


class Answering:
    """Looks up what peers ask for, in memory and in the store.

    A return path is told when its answer has left, so long ago that the receipt cannot overtake it
    on another session: until then the peer is told to ask again.
    """

    def __init__(self, router: RouterService) -> None:
        self._router = router

    def asked(self, link: Link, frame: Frame, keys: list[bytes]) -> None:
        """Answer the question in ``frame``."""
        link.unanswered += 1
        answer = partial(self._answer, link, frame, keys[:MOST_KEYS], len(keys) <= MOST_KEYS)
        self._router.return_paths.find_here(keys[:MOST_KEYS], answer)

    def _answer(
        self, link: Link, frame: Frame, keys: list[bytes], are_all: bool, found: Found
    ) -> None:
        parts: list[bytes] = []
        for key in keys:
            value = self._router.return_paths.recent(key) or found.paths.get(key)
            if value is None:
                continue
            if self._router.receipts.must_wait(key):
                parts.append(field(f.HELD, key))
            else:
                parts += (field(f.ASKED, key), field(f.FOUND, value))
        awaited = (center.name for center in self._centers() if center.is_awaited)
        parts += (field(f.AWAITED, name.encode("latin-1")) for name in awaited)
        if not (are_all and found.is_complete):
            parts.append(field(f.INCOMPLETE))
        link.answer(response(frame, 0, b"\0" + b"".join(parts)))

    def _centers(self) -> list[MessageCenter]:
        return list(dict.fromkeys(smsc.center for smsc in self._router.smscs))
