"""Folders that may be another checkout of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import checkout
from benchmarks.checkout import ROOT, CheckoutError
from tests.benchmarks import checkouts
from tests.benchmarks.checkouts import MAKE


def refusal(directory: Path) -> str:
    """Why that folder cannot be compared with, in one line."""
    with pytest.raises(CheckoutError) as raised:
        checkout.other(directory)
    reason = str(raised.value)
    assert "\n" not in reason
    return reason


def test_a_checkout_with_its_environment_is_taken(tmp_path: Path) -> None:
    """Its own interpreter runs its gate; what it is made of is told."""
    other = checkout.other(checkouts.whole(tmp_path))
    assert other.root == tmp_path
    assert other.twistd[0] == str(tmp_path / ".venv" / "bin" / "python")
    described = other.description()
    assert described.pop("commit")
    assert described == {"folder": str(tmp_path), "python": "3.99.0", "twisted": "99.9"}


def test_a_link_to_a_checkout_is_that_checkout(tmp_path: Path) -> None:
    """Only links inside it are left alone, the interpreter being one."""
    root = checkouts.whole(tmp_path / "real")
    (tmp_path / "link").symlink_to(root)
    assert checkout.other(tmp_path / "link").root == root


def test_this_checkout_is_not_another(tmp_path: Path) -> None:
    """By whatever name."""
    (tmp_path / "link").symlink_to(ROOT)
    for name in (ROOT, tmp_path / "link", ROOT / "tests" / ".."):
        assert "is this checkout itself" in refusal(name)


def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    """The folder, the package, the environment: whichever is the first."""
    root = tmp_path / "other"
    make = MAKE.format(root=root)
    assert refusal(root).startswith(f"no folder {root}: git worktree add")
    root.mkdir()
    assert "no package smppgate/" in refusal(root)
    (root / "smppgate").mkdir()
    assert "no package smppgate/" in refusal(root)
    (root / "smppgate" / "__init__.py").touch()
    assert refusal(root) == f"{root} has no environment: {make}"


def test_an_interpreter_that_cannot_import_the_gate_is_refused(tmp_path: Path) -> None:
    """With the last line of its output, which has the reason."""
    root = checkouts.package(tmp_path)
    checkouts.interpreter(root, "echo Traceback >&2; echo 'no module attrs' >&2; exit 1")
    make = MAKE.format(root=root)
    assert refusal(root) == f"{root} cannot run its gate (no module attrs): {make}"


def test_an_interpreter_that_runs_the_gate_of_another_folder_is_refused(tmp_path: Path) -> None:
    """It would be measured in the name of this one; a name that begins alike is another too."""
    for number, elsewhere in enumerate((ROOT / "smppgate", tmp_path / "0" / "smppgate2")):
        root = checkouts.whole(tmp_path / str(number), elsewhere / "__init__.py")
        assert f"would run the gate of {elsewhere}" in refusal(root)


def test_this_checkout_runs_its_own_gate() -> None:
    """The question put to the other one is one that a real interpreter answers."""
    found = Path(checkout.HERE.asked()["smppgate"])
    assert found.parent == ROOT / "smppgate"
