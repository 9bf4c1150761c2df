"""A checkout of the project whose gate can be run: this one, or another beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent

# The module that the twistd plugin names: with it comes all that a gate needs.
_QUESTION = """
import json, platform, smppgate.tap, twisted
print(json.dumps({
    "smppgate": smppgate.__file__,
    "python": platform.python_version(),
    "twisted": twisted.__version__,
}))
"""


class CheckoutError(Exception):
    """A folder whose gate cannot be run; the message is one line that says what to do."""


@frozen
class Checkout:
    """A folder with the project in it, and the interpreter that has what it needs."""

    root: Path
    python: Path

    def has(self, folder: str) -> bool:
        """Whether it has this folder: other versions may lack what came later."""
        return (self.root / folder).is_dir()

    @property
    def twistd(self) -> list[str]:
        """twistd of that very environment, whether or not its script is on PATH."""
        return [str(self.python), "-c", "from twisted.scripts.twistd import run; run()"]

    def description(self) -> dict[str, str]:
        """Folder, commit and versions, by name; raises CheckoutError."""
        versions = self.asked()
        del versions["smppgate"]
        return {"folder": str(self.root), "commit": _commit(self.root), **versions}

    def asked(self) -> dict[str, str]:
        """What its interpreter says when it is run as the gate is; raises CheckoutError.

        ``smppgate`` is the file it imports the package from, the others are versions.
        """
        command = [str(self.python), "-c", _QUESTION]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.root)
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise CheckoutError(f"{self.root} cannot run its gate ({last}): {_make(self.root)}")
        answer: dict[str, str] = json.loads(done.stdout)
        return answer


HERE = Checkout(ROOT, Path(sys.executable))


def other(directory: Path) -> Checkout:
    """The checkout in ``directory``, with the environment that its Makefile makes.

    Raises CheckoutError if there is none, if it is this one, or if its interpreter would run the
    gate of another folder.
    """
    root = directory.resolve()
    # The interpreter is left a link: what it points to does not know the environment.
    checkout = Checkout(root, root / ".venv" / "bin" / "python")
    if reason := _missing(checkout):
        raise CheckoutError(reason)
    imported = Path(checkout.asked()["smppgate"]).resolve()
    if not imported.is_relative_to(root / "smppgate"):
        raise CheckoutError(
            f"{root} would run the gate of {imported.parent}: unset PYTHONPATH, and {_make(root)}"
        )
    return checkout


def _missing(checkout: Checkout) -> str:
    """Why no gate can be run there as far as files tell; empty if it can."""
    root = checkout.root
    if not root.is_dir():
        return f"no folder {root}: git worktree add --detach {root} COMMIT && {_make(root)}"
    if root == ROOT:
        return f"{root} is this checkout itself: name another to compare it with"
    if not (root / "smppgate" / "__init__.py").is_file():
        return f"{root} is no checkout of the project: it has no package smppgate/"
    if not checkout.python.exists():
        return f"{root} has no environment: {_make(root)}"
    return ""


def _make(root: Path) -> str:
    return f"make -C {root} .venv/.runtime"


def _commit(root: Path) -> str:
    """What git calls the state of the folder, or "unknown"."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"
