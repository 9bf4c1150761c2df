"""``smppgate init``: a configuration to begin with, and the other files that come with the gate.

They are the files of ``etc/``, which the package has as ``smppgate/samples``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from smppgate.cli.control.texts import shown
from smppgate.cli.failures import FAILED, fail

DESCRIPTION = """\
Write smppgate.toml, a commented configuration to begin with, into a folder, which is made if it
is not there. It is valid as it is, and readable for its owner only. With --print another file that
comes with the gate goes to standard output. What is there is never overwritten.
Exit status: 0, or 1 when nothing was written, with the reason on standard error.
"""

CONFIGURATION = "smppgate.toml"
"""What `smppgate run` and `smppgate check` look for."""

BEGINNING = "start.toml"
"""The sample that a configuration begins as."""

EVERYTHING = ("smppgate.toml", "prefixes.txt", "pools.txt")
"""The sample with every setting, and the files that it names."""

_PRIVATE = 0o600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate init`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="where to (default: this folder)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--all",
        action="store_true",
        help="every setting with its meaning, bounds and default, and the files it names",
    )
    what.add_argument(
        "--print",
        choices=names(),
        dest="printed",
        metavar="NAME",
        help=f"write one of these to standard output instead: {', '.join(names())}",
    )


def run(args: argparse.Namespace) -> int:
    """Write the files; returns the exit status."""
    if args.printed:
        sys.stdout.write(sample(args.printed))
        return 0
    folder = Path(args.folder)
    found = dict(_chosen(args.all))
    taken = next((name for name in found if os.path.lexists(folder / name)), None)
    if taken is not None:
        fail("init", f"{shown(folder / taken)} is there already: nothing is written")
        return FAILED
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        _write(folder / name, text)
    print(f"{shown(folder / CONFIGURATION)} is written; next: smppgate check, smppgate run")
    return 0


def names() -> tuple[str, ...]:
    """The names of all files that come with the gate."""
    return tuple(sorted(file.name for file in _samples().iterdir() if file.is_file()))


def sample(name: str) -> str:
    """The text of the file of this name."""
    return (_samples() / name).read_text("utf-8")


def _samples() -> Traversable:
    return files("smppgate") / "samples"


def _chosen(is_all: bool) -> Iterator[tuple[str, str]]:
    """The name and text of each file to write."""
    if is_all:
        yield from ((name, sample(name)) for name in EVERYTHING)
    else:
        yield CONFIGURATION, sample(BEGINNING)


def _write(path: Path, text: str) -> None:
    """Make the file, for its owner alone.

    :raises FileExistsError: there is one.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
