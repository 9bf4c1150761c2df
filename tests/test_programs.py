"""The programs of README, docs and examples are typed as strictly as can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.e2e.program import ROOT
from tests.programs import written


def test_every_program_passes_mypy_strict(tmp_path: Path) -> None:
    """With no setting but that, as a user of the package has it."""
    paths = written(tmp_path)
    assert len(paths) >= 5
    cache = ROOT / ".mypy_cache" / "programs"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}"]
    done = subprocess.run(
        [*command, *paths], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
