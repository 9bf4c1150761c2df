"""The pages of docs/ as a site: made without a warning, with all that txsmpp has."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

from smppgate import txsmpp
from smppgate.cli.main import COMMANDS
from tests.e2e.program import ROOT
from tests.packages.conftest import run


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is."""
    folder = tmp_path_factory.mktemp("site")
    line = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    told = run(*line, "--jobs", "auto", ROOT / "docs", folder)
    assert "WARNING" not in told
    return folder


def test_every_page_is_made(site: Path) -> None:
    for page in ROOT.glob("docs/**/*.md"):
        if not page.is_relative_to(ROOT / "docs/_build"):
            name = page.relative_to(ROOT / "docs").with_suffix(".html")
            assert (site / name).exists(), name


def test_all_that_txsmpp_has_is_in_its_reference(site: Path) -> None:
    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, name: name)
    names = {name.rpartition(".")[2] for kind in inventory.values() for name in kind}
    assert set(txsmpp.__all__) - names == set()


def test_commands_and_the_api_are_made_of_the_code(site: Path) -> None:
    commands = (site / "_generated" / "commands.html").read_text()
    for name in COMMANDS:
        assert f"smppgate {name}" in commands
    (document,) = site.glob("_downloads/**/openapi.json")
    described = json.loads(document.read_text())
    assert "/api/v1/smscs/{name}/drain" in described["paths"]
    paths = (site / "_generated" / "api-paths.html").read_text()
    for path in described["paths"]:
        assert path in paths
