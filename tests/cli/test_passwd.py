"""`smppgate passwd`: a password in, its hash alone out."""

from __future__ import annotations

import getpass
import io
import sys

import pytest

from smppgate.cli.main import main
from smppgate.settings.password_hash import PasswordHash, is_same


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_the_first_line_of_standard_input_is_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" with spaces \r\nmore\n"))
    assert main(["passwd"]) == 0
    out, err = capsys.readouterr()
    assert is_same(PasswordHash.parse(out.removesuffix("\n")), " with spaces ")
    assert err == ""


@pytest.mark.parametrize(
    ("typed", "status"), [(["secret", "secret"], 0), (["secret", "secrte"], 1), (["", ""], 1)]
)
def test_at_a_terminal_it_is_typed_twice(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: list[str],
    status: int,
) -> None:
    words = iter(typed)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": next(words))
    assert main(["passwd"]) == status
    out, err = capsys.readouterr()
    assert bool(out) is (status == 0)
    assert "secret" not in err


def test_no_password_is_no_hash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["passwd"]) == 1
    assert capsys.readouterr() == ("", "smppgate passwd: the password must not be empty\n")
