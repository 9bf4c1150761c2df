"""The submit_sm of a load, encoded before the load begins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import attrs
from attrs import field, frozen

from smppgate.cli.failures import UsageError
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.pdu import SubmitSm

_NUMBER_AT, _NUMBER_END = 12, 16

LARGEST_RANGE = 100_000
"""Destinations of one template at the most; that many take about ten megabytes."""


@frozen
class Template:
    """The octets of a submit_sm before and after its sequence number.

    :param head: the 12 octets before the sequence number.
    :param tails: the octets after it, for each destination; all have the same length.
    """

    head: bytes
    tails: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, message: SubmitSm, destinations: int) -> Template:
        """The template of ``message`` to ``destinations`` numbers that count up from its own.

        :raises UsageError: when its destination is not a number, or has fewer digits than the
            last one.
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
    # mypy does not recognise the classes of PDUs as attrs classes.
    template: Any = message
    for number in range(int(first), int(first) + destinations):
        yield attrs.evolve(template, destination_addr=b"%0*d" % (len(first), number))
