"""The user data header in front of a text: its elements, and which part of a message it says.

3GPP TS 23.040 §9.2.3.24: one octet counts those that follow; each element has an identifier, its
length and its value. Of an element that is repeated the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

PORTS = 0x05
"""Element: application ports of two octets each, destination first. §9.2.3.24.4."""

PORT_IDENTIFIERS = frozenset({0x04, PORTS})
"""The elements that name ports, of one octet or of two. §9.2.3.24.3, §9.2.3.24.4."""

PART_IDENTIFIERS = frozenset({0x00, 0x08})
"""The elements that say a part, with a reference of one octet or of two."""

_PART, _PART_16 = (0x00, 3), (0x08, 4)
_MARK, _MARK_16 = bytes(_PART), bytes(_PART_16)

LONGEST_UNTOLD = 31
"""Octets counted of a header without the UDHI bit. A part, ports, a language and two more fit; a
text that begins with a letter or digit of any 7- or 8-bit alphabet would be a longer one."""


SHORTEST_PART = 5
"""Octets counted of a header that says a part, with nothing else in it."""


class Segment(NamedTuple):
    """Part ``number`` (from 1 on) of the ``total`` parts of a message.

    ``reference`` is its number, of one or two octets.
    """

    reference: int
    total: int
    number: int


class Element(NamedTuple):
    """An element: its identifier (one octet) and its value."""

    identifier: int
    value: bytes

    def octets(self) -> bytes:
        """As it stands in the header."""
        return bytes((self.identifier, len(self.value))) + self.value


def elements(user_data: bytes) -> Iterator[Element]:
    """The elements of the header that ``user_data`` begins with, as far as they are whole.

    None where the header would be longer than the user data.
    """
    at, end = 1, 1 + user_data[0] if user_data else 0
    if end > len(user_data):
        return
    while at + 2 <= end:
        behind = at + 2 + user_data[at + 1]
        if behind > end:
            return
        yield Element(user_data[at], user_data[at + 2 : behind])
        at = behind


def header_size(user_data: bytes) -> int:
    """Octets of the header, if its elements fill it; else 0, for there is none."""
    at, end = 1, 1 + user_data[0] if user_data else 0
    while at + 1 < end <= len(user_data):
        at += 2 + user_data[at + 1]
    return end if at == end <= len(user_data) else 0


def may_have_part(octets: bytes, begin: int) -> bool:
    """Whether a header at ``begin``, which is within the octets, could say a part.

    Most texts do not begin like one, and are not looked at further.
    """
    behind = begin + 1 + octets[begin]
    return (
        octets.find(_MARK, begin + 1, behind) > 0 or octets.find(_MARK_16, begin + 1, behind) > 0
    )


def has_untold_header(user_data: bytes) -> bool:
    """Whether this begins with a header although no UDHI bit says so.

    It does if elements fill it and it is not longer than those that have been seen.
    """
    return 0 < header_size(user_data) <= LONGEST_UNTOLD + 1


def part(user_data: bytes) -> Segment | None:
    """Which part of a long message the header says; None if none, or one that cannot be.

    3GPP TS 23.040 §9.2.3.24.1, with a reference of two octets §9.2.3.24.8: an element that says
    part 0, or one beyond the last, is to be ignored.
    """
    found = None
    for identifier, value in elements(user_data):
        if (identifier, len(value)) in (_PART, _PART_16):
            *reference, total, number = value
            found = segment(int.from_bytes(reference, "big"), total, number) or found
    return found


def segment(reference: int, total: int, number: int) -> Segment | None:
    """That part; None where there is none such."""
    return Segment(reference, total, number) if 1 <= number <= total else None


def part_element(part: Segment) -> Element:
    """The element for a part, with a reference of one octet if that is enough.

    :raises ValueError: where a message has more than 255 parts.
    """
    if part.total > 0xFF:
        raise ValueError(f"{part.total} parts")
    size = 1 if part.reference <= 0xFF else 2
    identifier = _PART[0] if size == 1 else _PART_16[0]
    value = part.reference.to_bytes(size) + bytes((part.total, part.number))
    return Element(identifier, value)


def with_elements(user_data: bytes, has_header: bool, more: tuple[Element, ...]) -> bytes:
    """``user_data`` with these elements in its header, behind those that it has.

    :param has_header: whether it begins with a header.
    :raises ValueError: where a header cannot be so long.
    """
    size = 1 + user_data[0] if has_header and user_data else 0
    header = user_data[1:size] + b"".join(each.octets() for each in more)
    if len(header) > 0xFF:
        raise ValueError("a header of more than 255 octets")
    return bytes((len(header),)) + header + user_data[size:]
