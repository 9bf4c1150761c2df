"""The fenced blocks of the README and the pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Block:
    """:ivar place: its file and line. :ivar language: what it is written in."""

    place: str
    language: str
    text: str


def pages() -> Iterator[Path]:
    """The README and all pages, but those that are made when the site is built."""
    yield ROOT / "README.md"
    yield from sorted(ROOT.glob("docs/*.md"))
    yield from sorted(ROOT.glob("docs/howto/*.md"))


def blocks(language: str) -> list[Block]:
    """All blocks in this language."""
    return [block for page in pages() for block in _in(page) if block.language == language]


def _in(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{page.relative_to(ROOT)}:{line}", found[1], found[2])
