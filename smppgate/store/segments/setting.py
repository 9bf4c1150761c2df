"""What the segments of a store are made with."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from smppgate.store.records import Limits
from smppgate.store.segments.files import FEW_FILES, FOLDER, AnyFolder, Folder
from smppgate.store.segments.indexing import Jobs, ProcessJobs
from smppgate.store.segments.sizes import Sizes


@frozen
class Setting:
    """The folder of segments, what makes their indexes, and how large things are."""

    folder: AnyFolder
    jobs: Jobs
    sizes: Sizes

    @classmethod
    def of(cls, directory: Path, limits: Limits) -> Setting:
        """That of a gate with this state directory."""
        path = directory / FOLDER
        return cls(Folder(path), ProcessJobs(path), Sizes.of(limits))

    def beside(self, directory: Path) -> Setting:
        """That of another state directory, seldom read, with the same process for its indexes."""
        path = directory / FOLDER
        return Setting(Folder(path, FEW_FILES), self.jobs.beside(path), self.sizes)
