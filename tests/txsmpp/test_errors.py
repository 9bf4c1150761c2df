"""Errors know what to answer, or what a caller is told."""

from __future__ import annotations

import pytest

from smppgate.txsmpp import errors
from smppgate.txsmpp.errors import (
    BindRefused,
    FrameError,
    NoAnswer,
    PduError,
    ProtocolError,
    RequestTimeout,
    SessionLost,
    SmppError,
    StateError,
    UnknownCommand,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ProtocolError("x"), 0xFF),
        (FrameError("x"), 0x02),
        (PduError("x"), 0x02),
        (UnknownCommand("x"), 0x03),
        (StateError("x"), 0x04),
    ],
)
def test_what_a_peer_did_wrong_has_its_answer(error: ProtocolError, status: int) -> None:
    """Numbers of SMPP v5.0 §4.7.6, table 4-45."""
    assert error.command_status == status


def test_an_answer_of_its_own_is_kept_to_that_error() -> None:
    """A field's own status replaces the class's for one error only."""
    assert PduError("x", 0x0A).command_status == 0x0A
    assert PduError("x").command_status == 0x02


def test_a_status_of_zero_is_not_taken_for_none() -> None:
    """0 is a number like any other here."""
    assert PduError("x", 0).command_status == 0


def test_a_frame_error_knows_the_number_if_there_was_one() -> None:
    """The sequence_number is 0 where no header could be read."""
    assert FrameError("x", 7).sequence_number == 7
    assert FrameError("x").sequence_number == 0


def test_no_answer_is_one_family_and_not_the_peers_fault() -> None:
    """Callers catch NoAnswer for both; nothing of it would be answered to a peer."""
    for kind in (RequestTimeout, SessionLost):
        assert issubclass(kind, NoAnswer)
        assert not issubclass(kind, ProtocolError)


def test_a_refused_bind_tells_number_and_meaning() -> None:
    """Both are what an operator looks for in the log."""
    error = BindRefused(0x0E, "invalid password")
    assert error.command_status == 0x0E
    assert str(error) == "bind refused: invalid password (0x0000000E)"


def test_one_class_catches_everything() -> None:
    """Every error of the module is an SmppError."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    ours = [kind for kind in kinds if issubclass(kind, Exception)]
    assert len(ours) >= 9
    assert all(issubclass(kind, SmppError) for kind in ours)
