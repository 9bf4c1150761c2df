"""Folders that look like checkouts of the project."""

from __future__ import annotations

import json
from pathlib import Path

MAKE = "make -C {root} .venv/.runtime"


def package(root: Path) -> Path:
    """A checkout without an environment."""
    (root / "smppgate").mkdir(parents=True)
    (root / "smppgate" / "__init__.py").touch()
    return root


def interpreter(root: Path, script: str) -> Path:
    """What stands where the environment's interpreter is: a shell script."""
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def whole(root: Path, imported: Path | None = None) -> Path:
    """A checkout whose interpreter says that it imports the package there, or ``imported``."""
    package(root)
    found = imported or root / "smppgate" / "__init__.py"
    answer = {"smppgate": str(found), "python": "3.99.0", "twisted": "99.9"}
    interpreter(root, f"echo '{json.dumps(answer)}'")
    return root
