"""The Python programs of the documentation, by where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.program import ROOT

_FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs() -> dict[str, str]:
    """Name → text: ``README-1`` is the first of the README."""
    return dict(_programs())


def _programs() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "README.md", *(ROOT / "docs").glob("*.md"))):
        for number, found in enumerate(_FENCED.finditer(path.read_text()), 1):
            yield f"{path.stem}-{number}", found[1]
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
