"""Octets of any length are an argument of AMP."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import succeed
from twisted.protocols import amp

from smppgate.workers.control import Responders
from smppgate.workers.long_octets import PIECE, LongOctets
from tests.fakes import outcomes
from tests.workers.pair import Ends


class Echo(amp.Command):
    arguments = ((b"first", LongOctets()), (b"second", LongOctets(optional=True)))
    response = ((b"both", LongOctets()),)


class Echoing(Responders):
    @Echo.responder
    def echo(self, first: bytes, second: bytes | None) -> Any:
        return succeed({"both": first + (second or b"none")})


lengths = st.one_of(
    st.integers(0, 100),
    st.integers(PIECE - 2, PIECE + 2),
    st.integers(3 * PIECE - 1, 3 * PIECE + 1),
)


def boxed(**values: bytes | None) -> amp.AmpBox:
    """The box of a command with these arguments."""
    box: amp.AmpBox = Echo.makeArguments(values, None)
    return box


@given(lengths, lengths)
def test_octets_of_all_lengths_come_back_as_they_were(first: int, second: int) -> None:
    values = {"first": b"\x00\xff" * (first // 2) + b"a" * (first % 2), "second": b"b" * second}
    serialized = boxed(**values).serialize()
    (box,) = amp.parseString(serialized)
    assert Echo.parseArguments(box, None) == values


@given(lengths)
def test_each_piece_fits_in_a_value_of_amp(length: int) -> None:
    box = boxed(first=b"x" * length)
    assert all(len(value) <= PIECE for value in box.values())
    assert len(box) == length // PIECE + 1


def test_what_is_optional_may_be_missing() -> None:
    assert Echo.parseArguments(boxed(first=b"x", second=None), None) == {
        "first": b"x",
        "second": None,
    }


def test_a_missing_piece_is_no_shorter_value() -> None:
    box = boxed(first=b"x" * (2 * PIECE))
    del box[b"first.2"]
    with pytest.raises(KeyError):
        Echo.parseArguments(box, None)


def test_megabytes_go_over_a_connection_and_back() -> None:
    ends = Ends(worker=[Echoing()])
    seen = outcomes(ends.master.callRemote(Echo, first=b"f" * 3_000_000, second=b"s" * 70_000))
    ends.turn()
    assert seen == [{"both": b"f" * 3_000_000 + b"s" * 70_000}]
