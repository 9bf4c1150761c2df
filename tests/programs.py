"""The Python programs of the documentation, by where they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.docs.blocks import ROOT, blocks


def programs() -> dict[str, str]:
    """Name → text: ``README-1`` is the first of the README."""
    return dict(_programs())


def _programs() -> Iterator[tuple[str, str]]:
    numbers: Counter[str] = Counter()
    for block in blocks("python"):
        page = Path(block.place.partition(":")[0]).stem
        numbers[page] += 1
        yield f"{page}-{numbers[page]}", block.text
    for path in sorted((ROOT / "examples").glob("*.py")):
        yield path.stem, path.read_text()


def written(folder: Path) -> list[Path]:
    """The programs as files in ``folder``, with names that can be imported."""
    paths = []
    for name, text in programs().items():
        path = folder / f"{name.replace('-', '_').lower()}.py"
        path.write_text(text)
        paths.append(path)
    return paths
