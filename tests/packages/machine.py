"""A machine with a systemd of its own: this one's files with a layer over them, in a container.

What it writes is gone with it. Its network is this machine's, which it may not change.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.program import RunningProgram, launched
from tests.packages.conftest import run

NEEDED = ("systemd-nspawn", "nsenter", "mount", "umount", "dpkg")


class Machine:
    """One that has booted.

    :param root: its files, as this machine sees them.
    :param first: number of its first process, here.
    """

    def __init__(self, root: Path, first: int) -> None:
        self.root = root
        self._enter = ("nsenter", "--target", str(first), "--all")

    def run(self, *command: str) -> str:
        """What a command says there that must succeed."""
        return run(*self._enter, *command, cwd=Path("/"))

    def status(self, *command: str) -> int:
        """The exit status of a command there."""
        line = [*self._enter, *command]
        return subprocess.run(line, cwd="/", check=False, capture_output=True).returncode

    def shown(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).strip()


@contextmanager
def layered(folder: Path) -> Iterator[Path]:
    """All files of this machine, to be changed; what is changed is in memory."""
    layer, root = folder / "layer", folder / "root"
    for path in (layer, root):
        path.mkdir()
    with ExitStack() as stack:
        _mount(stack, layer, "-t", "tmpfs", "tmpfs")
        for name in ("upper", "work"):
            (layer / name).mkdir()
        places = f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work"
        _mount(stack, root, "-t", "overlay", "overlay", "-o", places)
        yield root


def _mount(stack: ExitStack, place: Path, *words: str) -> None:
    line = ["mount", *words, str(place)]
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{words[1]} cannot be mounted here: {done.stderr}")
    stack.callback(run, "umount", "--lazy", place)


@contextmanager
def booted(root: Path, folder: Path) -> Iterator[Machine]:
    """The machine of these files, with no more of its services started than it needs."""
    line = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=read-only"]
    line += ["--machine=smppgate-test", f"--directory={root}", "--boot"]
    line += ["systemd.unit=sysinit.target", "systemd.log_target=console"]
    console = RunningProgram(launched(folder, line))
    try:
        try:
            console.wait_for_log("Startup finished")
        except AssertionError:
            pytest.skip(f"systemd does not boot here:\n{console.log}")
        own = console.process.pid
        first = Path(f"/proc/{own}/task/{own}/children").read_text().split()[0]
        yield Machine(root, int(first))
    finally:
        console.stop()


def missing() -> str:
    """What is not here that it takes."""
    return next((f"no {tool}" for tool in NEEDED if shutil.which(tool) is None), "")
