"""`Home`: whose the folders in a state directory are, of a gate of one process or of several.

The only process has the state directory itself, worker k of several has ``worker-k`` in it. How
many there are may change at each start: folders without a worker are *left over*. Worker 1 is
their heir, as the only process is.
"""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

from smppgate.store.segments.files import FOLDER

_WORKER = re.compile(r"worker-([1-9]\d{0,8})")


@frozen
class Home:
    """The state directory of a gate, and which of its processes this is.

    :param root: the state directory.
    :param number: of this process, from 1 on.
    :param count: how many there are.
    """

    root: Path
    number: int = 1
    count: int = 1

    @property
    def own(self) -> Path:
        """The state directory of this process."""
        return self._of(self.number)

    @property
    def is_heir(self) -> bool:
        """Whether this process takes over what is left over."""
        return self.number == 1

    @property
    def neighbours(self) -> list[Path]:
        """Those of the other processes."""
        numbers = range(1, self.count + 1)
        return [self._of(number) for number in numbers if number != self.number]

    def left_over(self) -> list[Path]:
        """Those that no process has; there may be no return paths in them. Reads the disk.

        :raises OSError: when the state directory cannot be read.
        """
        if not self.root.is_dir():
            return []
        numbers = sorted(filter(None, map(_number, self.root.iterdir())))
        found = [self._folder(number) for number in numbers if not self._has(number)]
        is_root_left = self.count > 1 and (self.root / FOLDER).is_dir()
        return [self.root, *found] if is_root_left else found

    def _of(self, number: int) -> Path:
        return self.root if self.count == 1 else self._folder(number)

    def _folder(self, number: int) -> Path:
        return self.root / f"worker-{number}"

    def _has(self, number: int) -> bool:
        """Whether a process has ``worker-`` of that number."""
        return 1 < self.count >= number


def _number(path: Path) -> int:
    """The number in the name of a worker's folder; 0 for others."""
    found = _WORKER.fullmatch(path.name)
    return int(found[1]) if found is not None and path.is_dir() else 0
