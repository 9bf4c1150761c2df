"""The submit_sm of a load, encoded ahead."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import attrs
from attrs import field, frozen

from smppgate.cli.connection import UsageError
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.pdu import SubmitSm

_NUMBER_AT, _NUMBER_END = 12, 16

LARGEST_RANGE = 100_000
"""Destinations that may be encoded ahead: some ten megabytes."""


@frozen
class Template:
    """Octets of a submit_sm around its sequence number.

    :param head: the 12 octets before it.
    :param tails: the octets behind it, one for each destination; all of one length.
    """

    head: bytes
    tails: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, message: SubmitSm, destinations: int = 1) -> Template:
        """A template of ``message``, to so many destinations that count up from its own.

        :raises UsageError: when its own is no number, or has too few digits for the last.
        """
        whole = [encode(each) for each in _numbered(message, destinations)]
        return cls(whole[0][:_NUMBER_AT], tuple(octets[_NUMBER_END:] for octets in whole))

    def endless(self) -> Iterator[bytes]:
        """The tails in turn, without end."""
        return cycle(self.tails)


def _numbered(message: SubmitSm, destinations: int) -> Iterator[SubmitSm]:
    if destinations == 1:
        yield message
        return
    first = message.destination_addr
    if not first.isdigit() or int(first) + destinations > 10 ** len(first):
        raise UsageError(f"--to has too few digits to count {destinations} destinations")
    # To mypy the classes of PDUs are none of attrs'.
    template: Any = message
    for number in range(int(first), int(first) + destinations):
        yield attrs.evolve(template, destination_addr=b"%0*d" % (len(first), number))
