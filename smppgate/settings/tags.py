"""The tags of SMSCs, with which the message ids that ESMEs see begin.

A tag is put directly in front of an SMSC's id. So no tag may be the beginning of another: an id
would belong to two SMSCs. Case makes no difference, because there are ESMEs that write the ids
they were given in letters of one case (Jasmin does). A derived tag is made from the SMSC's name
alone. Made from its place in the file, it would change when a table is inserted before it, and ids
that were given out would belong to another SMSC.
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
"""Octets of a tag at most. A message_id has 64 octets (SMPP v3.4 §5.2.23), so every id of an SMSC
of up to 59 octets can have a tag; the gate has aliases for longer ones."""
DERIVED_LENGTH = 4

_TAG = re.compile(f"[A-Za-z0-9]{{1,{LONGEST_TAG}}}")
_DERIVED_CHARACTERS = string.ascii_lowercase + string.digits


class _Tagged(NamedTuple):
    """The tag of the SMSC at ``place`` in the file."""

    place: int
    tag: str
    derived: bool


def is_tag(text: str) -> bool:
    """Whether ``text`` is 1 to 5 ASCII letters and digits."""
    return _TAG.fullmatch(text) is not None


def derived_tag(name: str) -> str:
    """The tag of an SMSC without a ``tag``: 4 of ``[a-z0-9]``, the same for the same name."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    characters = []
    for _ in range(DERIVED_LENGTH):
        number, place = divmod(number, len(_DERIVED_CHARACTERS))
        characters.append(_DERIVED_CHARACTERS[place])
    return "".join(characters)


def tag_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """Tags of ``[[smsc]]`` that are equal, or of which one begins with the other, in any case.

    A problem is that of the later table, and names one that it collides with. Time is linear in
    the number of tags.
    """
    whole: dict[str, _Tagged] = {}
    # Each beginning of a tag → the first tag that begins with it.
    begun: dict[str, _Tagged] = {}
    for one in _tagged(document):
        tag = one.tag.lower()
        beginnings = [tag[:end] for end in range(1, len(tag) + 1)]
        other = next((whole[text] for text in beginnings if text in whole), begun.get(tag))
        if other is not None:
            yield Problem(f"smsc[{one.place}].tag", _collision(one, other))
        whole.setdefault(tag, one)
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
    tag, than = one.tag.lower(), other.tag.lower()
    if tag == than:
        relation = "equals"
    else:
        relation = "begins with" if tag.startswith(than) else "is the beginning of"
    is_exact = one.tag.startswith(other.tag) or other.tag.startswith(one.tag)
    case = "" if is_exact else ", but for case"
    fault = f"{_named(one)} {relation} {_named(other)} of smsc[{other.place}]{case}"
    return f"{fault}; give it a tag" if one.derived else fault


def _named(one: _Tagged) -> str:
    return f"the {'derived ' if one.derived else ''}tag {one.tag!r}"
