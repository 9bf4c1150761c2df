"""What the tests of packages share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.program import ROOT


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What a command says that must succeed."""
    line = [str(word) for word in command]
    done = subprocess.run(
        line,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The wheel."""
    (found,) = distributions.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def package(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package."""
    folder = tmp_path_factory.mktemp("debian")
    pip = f"{sys.executable} -m pip"
    told = run(ROOT / "packaging/debian/build", folder, wheel, PIP=pip)
    built = Path(told.splitlines()[-1])
    assert built.parent == folder
    return built
