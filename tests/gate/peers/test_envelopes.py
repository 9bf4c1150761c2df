"""Whom messages of other nodes are for."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from smppgate.gate.peers import envelopes
from smppgate.gate.peers import fields as f
from smppgate.gate.peers.envelopes import Address, Envelopes
from smppgate.gate.peers.fields import field
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.versions import V3_4, V5_0

ALPHA = field(f.MEMBER, b"alpha")
SESSION = field(f.ACCOUNT, b"acme") + field(f.SESSION, b"b/1.1") + field(f.VERSION, b"\x50")


def test_an_envelope_says_for_which_smsc_or_session_a_message_is() -> None:
    known = Envelopes()
    assert known.address(ALPHA) == Address(b"", b"", V3_4, "alpha")
    assert known.address(SESSION + field(0x3FF0, b"later")) == (b"acme", b"b/1.1", V5_0, "")


def test_each_is_looked_at_once() -> None:
    known = Envelopes()
    assert known.address(ALPHA) is known.address(bytes(bytearray(ALPHA)))


def test_there_are_never_too_many() -> None:
    known = Envelopes()
    with patch.object(envelopes, "MOST_ADDRESSES", 3):
        for at in range(10):
            assert known.address(field(f.MEMBER, b"%d" % at)).member == str(at)
            assert len(known._addresses) <= 3


def test_one_that_cannot_be_read_is_not_kept() -> None:
    known = Envelopes()
    with pytest.raises(PduError):
        known.address(ALPHA[:-1])
    assert not known._addresses
