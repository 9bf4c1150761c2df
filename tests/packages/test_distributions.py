"""The sdist has all that a checkout has, and the wheel made of it all that a gate needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.e2e.program import ROOT
from tests.packages.conftest import run


def test_an_index_would_take_them(distributions: Path) -> None:
    told = run(sys.executable, "-m", "twine", "check", "--strict", *distributions.iterdir())
    assert told.count("PASSED") == 2


def checked_in() -> set[str]:
    """The files of the checkout that git knows; links to folders with what is in them."""
    line = ["git", "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no checkout")
    found = set(done.stdout.split("\0")) - {""}
    links = {name for name in found if (ROOT / name).is_dir()}
    return found - links | {
        f"{link}/{path.name}" for link in links for path in (ROOT / link).iterdir()
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_the_sdist_is_complete(distributions: Path) -> None:
    """So tests can be run, and all packages built, from it alone."""
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert checked_in() - names == set()
    assert not any(name.endswith((".pyc", ".so")) or ".venv" in name for name in names)


def test_the_wheel_has_samples_and_pages_of_the_manual(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for sample in (ROOT / "etc").iterdir():
        assert f"smppgate/samples/{sample.name}" in names
    shared = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert shared == {
        "share/man/man1/smppgate.1",
        "share/man/man5/smppgate.toml.5",
        "share/bash-completion/completions/smppgate",
        "share/zsh/site-functions/_smppgate",
    }
    assert not any(name.startswith(("tests/", "docs/", "benchmarks/")) for name in names)
