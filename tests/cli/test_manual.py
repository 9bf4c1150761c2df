"""The manual pages say what the commands and the settings are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from smppgate.cli.main import COMMANDS
from smppgate.cli.manual import PAGES, commands_page, settings_page
from smppgate.settings.reference import rows

MAN = Path(__file__).parents[2] / "man"


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_that_are_installed_are_those_of_the_code(name: str) -> None:
    """Else: make man."""
    assert (MAN / name).read_text("utf-8") == PAGES[name]()


def test_no_other_pages_are_installed() -> None:
    assert {path.name for path in MAN.iterdir()} == set(PAGES)


def test_every_command_is_there_with_its_example() -> None:
    page = commands_page()
    for name, command in COMMANDS.items():
        assert f'.SS "smppgate {name}"'.replace("-", "\\-") in page
        assert command.example.replace("-", "\\-") in page


def test_every_setting_is_there() -> None:
    found = re.findall(r"^\.TP\n\\fB(\w+)\\fR$", settings_page(), re.MULTILINE)
    assert found == [row.key for row in rows()]


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff")
@pytest.mark.parametrize("name", PAGES)
def test_groff_finds_nothing_wrong(name: str) -> None:
    line = ["groff", "-man", "-Tutf8", "-ww", "-rLL=100n", str(MAN / name)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "\\" not in done.stdout.replace("\\x", "")
