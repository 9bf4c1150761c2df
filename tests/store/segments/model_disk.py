"""A disk in memory that is full, fails, or loses what was not synced."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from random import Random

from smppgate.store.segments.files import TEMPORARY


class _Octets:
    """The contents of a file: all of it, and how much of it the disk has."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self.synced = 0


class ModelFile:
    """See `AnyFile`."""

    def __init__(self, folder: ModelFolder, name: str, content: _Octets) -> None:
        self._folder = folder
        self._name = name
        self._content = content

    def write(self, octets: bytes) -> int:
        self._folder.check()
        taken = min(len(octets), self._folder.left(), self._folder.longest_write)
        if not taken:
            raise OSError(errno.ENOSPC, "a test says that the disk is full")
        self._folder.on_write(False)
        self._content.octets += octets[:taken]
        self._folder.on_write(True)
        return taken

    def truncate(self, size: int) -> None:
        self._folder.check()
        if self._folder.keeps_tails:
            raise OSError(errno.EIO, "a test says that nothing can be cut off")
        del self._content.octets[size:]
        self._content.synced = min(self._content.synced, size)

    def sync(self) -> None:
        self._folder.check()
        self._folder.syncs += 1
        self._content.synced = len(self._content.octets)

    def is_in_place(self) -> bool:
        self._folder.check()
        return self._folder.files.get(self._name) is self._content

    def close(self) -> None:
        pass


class ModelFolder:
    """See `AnyFolder`. Names last when they are made; contents when they are synced.

    :ivar fault: raised by all that touches the disk, if it is set.
    :ivar room: octets that all files may take.
    :ivar longest_write: octets that one write takes at the most.
    :ivar keeps_tails: whether files cannot be truncated.
    :ivar on_write: called before and after something is appended to a file, with whether it is.
    """

    def __init__(self) -> None:
        self.files: dict[str, _Octets] = {}
        self.fault: OSError | None = None
        self.room = 1 << 40
        self.longest_write = 1 << 40
        self.keeps_tails = False
        self.on_write: Callable[[bool], None] = lambda _: None
        self.syncs = 0

    def check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def left(self) -> int:
        return max(0, self.room - sum(len(it.octets) for it in self.files.values()))

    def crashed(self, chance: Random | None = None) -> ModelFolder:
        """What a kill leaves: all; with ``chance``, what a loss of power leaves.

        That is what was synced and perhaps more behind it, in which anything may stand.
        """
        left = ModelFolder()
        for name, content in self.files.items():
            copy = left.files[name] = _Octets()
            size = len(content.octets)
            if chance is not None and chance.random() < 0.25:
                size = chance.randint(min(content.synced, size), size)
            copy.octets = content.octets[:size]
            copy.synced = size
            if chance is not None and content.synced < size:
                # In its later half there are keys and values, as a rule.
                middle = (content.synced + size) // 2
                copy.octets[chance.randrange(middle, size)] ^= 1 << chance.randrange(8)
        return left

    def vanish(self) -> None:
        """Another process removes the folder."""
        self.files.clear()

    def make(self) -> None:
        self.check()

    def sizes(self) -> Mapping[str, int]:
        self.check()
        return {name: len(content.octets) for name, content in self.files.items()}

    def append(self, name: str) -> ModelFile:
        self.check()
        return ModelFile(self, name, self.files.setdefault(name, _Octets()))

    def read(self, name: str, size: int, offset: int) -> bytes:
        self.check()
        return bytes(self._found(name).octets[offset : offset + size])

    def save(self, name: str, write: Callable[[Callable[[bytes], object]], object]) -> None:
        self.check()
        content = self.files[name + TEMPORARY] = _Octets()

        def put(octets: bytes) -> None:
            if len(octets) > self.left():
                raise OSError(errno.ENOSPC, "a test says that the disk is full")
            content.octets.extend(octets)

        write(put)
        content.synced = len(content.octets)
        self.rename(name + TEMPORARY, name)

    def sync(self, name: str) -> None:
        self.check()
        found = self._found(name)
        found.synced = len(found.octets)

    def rename(self, old: str, new: str) -> None:
        self.check()
        self.files[new] = self._found(old)
        del self.files[old]

    def remove(self, name: str) -> None:
        self.check()
        self.files.pop(name, None)

    def close(self) -> None:
        pass

    def _found(self, name: str) -> _Octets:
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return self.files[name]
