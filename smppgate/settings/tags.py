"""The short tags by which message ids name their SMSC.

A tag stands before an SMSC's id without anything between, so no tag may be the beginning of
another: else one id would name two SMSCs. A derived tag is made from the SMSC's name alone;
counted along the file it would change when a table is put in front, and ids given out before
would lead elsewhere.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from smppgate.settings.errors import Problem
from smppgate.settings.raw import named_tables

LONGEST_TAG = 5
DERIVED_LENGTH = 4

_TAG = re.compile(f"[A-Za-z0-9]{{1,{LONGEST_TAG}}}")
_SIGNS = string.ascii_lowercase + string.digits


class _Tagged(NamedTuple):
    """Who has a tag: the place of its table, and whether the tag was derived."""

    place: int
    tag: str
    derived: bool


def is_tag(text: str) -> bool:
    """Whether ``text`` is 1 to 5 ASCII letters and digits."""
    return _TAG.fullmatch(text) is not None


def derived_tag(name: str) -> str:
    """The tag of an SMSC that was given none: 4 of ``[a-z0-9]``, the same for the same name."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    signs = []
    for _ in range(DERIVED_LENGTH):
        number, place = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[place])
    return "".join(signs)


def tag_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """Tags of ``[[smsc]]`` that are equal, or of which one begins with the other.

    Each is told at the later table, with the first that it collides with. The time does not
    grow with the number of pairs.
    """
    whole: dict[str, _Tagged] = {}
    begun: dict[str, _Tagged] = {}
    for one in _tagged(document):
        beginnings = [one.tag[:end] for end in range(1, len(one.tag) + 1)]
        other = next((whole[text] for text in beginnings if text in whole), begun.get(one.tag))
        if other is not None:
            yield Problem(f"smsc[{one.place}].tag", _collision(one, other))
        whole.setdefault(one.tag, one)
        for text in beginnings:
            begun.setdefault(text, one)


def _tagged(document: Mapping[str, object]) -> Iterator[_Tagged]:
    for index, name, table in named_tables(document, "smsc", "name"):
        tag = table.get("tag", "")
        if tag == "":
            yield _Tagged(index, derived_tag(name), True)
        elif isinstance(tag, str) and is_tag(tag):
            yield _Tagged(index, tag, False)


def _collision(one: _Tagged, other: _Tagged) -> str:
    if one.tag == other.tag:
        relation = "equals"
    else:
        relation = "begins with" if one.tag.startswith(other.tag) else "is the beginning of"
    fault = f"{_called(one)} {relation} {_called(other)} of smsc[{other.place}]"
    return f"{fault}; give it a tag" if one.derived else fault


def _called(one: _Tagged) -> str:
    return f"the {'derived ' if one.derived else ''}tag {one.tag!r}"
