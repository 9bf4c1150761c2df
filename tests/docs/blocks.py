"""The fenced blocks of the README and the pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Block:
    """:ivar place: its file and line. :ivar language: what it is written in, if that is said."""

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
    return [block for page in pages() for block in blocks_of(page, language)]


def blocks_of(page: Path, language: str) -> list[Block]:
    """Those of one page."""
    return [block for block in all_blocks(page) if block.language == language]


def all_blocks(page: Path) -> Iterator[Block]:
    """The blocks of one page in all languages, as they stand there."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{page.relative_to(ROOT)}:{line}", found[1], found[2])
