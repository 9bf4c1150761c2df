"""The folders of return paths that servers have not confirmed, in the state directory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from smppgate.store.records import Limits
from smppgate.store.segments.setting import Setting

_NAME = re.compile(r"redis-([1-9]\d{0,3})")


class DiskSettings:
    """What segments in each folder are made with: one process makes the indexes of all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._first: Setting | None = None

    def __call__(self, directory: Path) -> Setting:
        """That of this folder."""
        if self._first is not None:
            return self._first.beside(directory)
        self._first = Setting.of(directory, self._limits)
        return self._first


def make_folders(directory: Path, count: int) -> Sequence[int]:
    """Make the folders of ``count`` servers; the numbers of all that there are."""
    for number in range(1, count + 1):
        (directory / f"redis-{number}").mkdir(mode=0o700, exist_ok=True)
    return sorted(_numbers_in(directory))


def _numbers_in(directory: Path) -> Iterator[int]:
    for path in directory.glob("redis-*"):
        found = _NAME.fullmatch(path.name)
        if found is not None and path.is_dir():
            yield int(found[1])
