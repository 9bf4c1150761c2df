"""The console command around its subcommands."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import pytest
from twisted.internet.error import CannotListenError, ConnectionRefusedError

from smppgate.cli import main as command
from smppgate.cli.main import COMMANDS, GROUPS, main
from smppgate.txsmpp.errors import BindRefused

Runs = Callable[[argparse.Namespace], int]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[[Runs], None]:
    """Puts a function in the place of ``smppgate check``."""

    def replace(run: Runs) -> None:
        module = ModuleType("check")
        module.add_arguments = lambda parser: None  # type: ignore[attr-defined]
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setattr(command, "import_module", lambda name: module)

    return replace


def raising(error: BaseException) -> Runs:
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


def test_help_tells_every_command_in_its_group_and_the_exit_statuses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    groups = told.split("options:")[0].split(":\n    ")[1:]
    for (title, commands), group in zip(GROUPS.items(), groups, strict=True):
        assert f"\n{title}:\n" in told
        for name, each in commands.items():
            assert f"\n    {name} " in f"\n    {group}"
            assert each.summary in group
    for status in ("0  ", "1  ", "2  ", "130"):
        assert f"\n  {status}  " in told


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  smppgate {name}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("smppgate ")


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["simulate", "--latency", "soon"]])
def test_arguments_that_cannot_be_are_status_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_the_status_of_the_command_is_given(check: Callable[[Runs], None]) -> None:
    check(lambda args: 7)
    assert main(["check"]) == 7


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CannotListenError("127.0.0.1", 3001, OSError(98, "in use")), "3001"),
        (ConnectionRefusedError("nobody\nthere"), "nobody there"),
        (BindRefused(0x0E, "invalid password"), "bind refused: invalid password (0x0000000E)"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_can_be_expected_to_fail_is_told_in_one_line(
    check: Callable[[Runs], None],
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    told: str,
) -> None:
    check(raising(error))
    assert main(["check"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("smppgate check: ")
    assert told in printed
    assert printed.count("\n") == 1


def test_what_cannot_be_expected_is_not_hidden(check: Callable[[Runs], None]) -> None:
    check(raising(KeyError("a mistake of ours")))
    with pytest.raises(KeyError):
        main(["check"])


def test_ctrl_c_is_status_130(check: Callable[[Runs], None]) -> None:
    check(raising(KeyboardInterrupt()))
    assert main(["check"]) == 130


def test_one_command_does_not_load_the_others() -> None:
    """Most of them load Twisted and more, which a --help would have to wait for."""
    look = (
        "import sys; from smppgate.cli.main import _parser; _parser(['check']);"
        "print(sorted(m for m in sys.modules if m.startswith('smppgate.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    names = ("check", "extra", "failures", "main", "options", "surroundings")
    loaded = [f"smppgate.cli.{name}" for name in names]
    assert done.stdout.strip() == str(loaded)


def test_python_m_smppgate_is_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smppgate", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("smppgate ")
