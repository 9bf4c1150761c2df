"""A peer that closes right after a refused bind, as jsmpp does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.foreign.closing_peer import BindFailed, ClosingPeer
from tests.foreign.programs import MESSAGES, before_simulated

REFUSED = 15


def test_it_hears_why_and_then_everything(tmp_path: Path) -> None:
    """Each refused bind has its status; each message its answer, and its receipt after that."""
    # The gate waits long for the peer to close first, however busy this machine is.
    with before_simulated(tmp_path, "refused_bind_wait = 30.0\nbind_delay = 0.0") as gate:
        for _ in range(REFUSED):
            with pytest.raises(BindFailed) as refused:
                ClosingPeer(gate.port, b"wrong")
            assert refused.value.status == 0x0E
        peer = ClosingPeer(gate.port, b"secret")
        peer.exchange(MESSAGES)
        peer.unbind()
        gate.wait_for_log("ESME acme at")
    assert len(set(peer.ids)) == MESSAGES
    assert sorted(peer.receipts.elements()) == sorted(peer.ids)
    assert peer.overtaking == []
