"""Where the password comes from."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import pytest

from smppgate.cli.control import passwords
from smppgate.cli.control.passwords import password_for
from smppgate.cli.control.target import Socket, Url
from smppgate.cli.failures import UsageError

ANN = Url(urlsplit("http://gate"), "ann")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_socket_and_nobody_need_none() -> None:
    assert password_for(Socket("x"), {passwords.VARIABLE: "secret"}) == ""
    assert password_for(Url(urlsplit("http://gate")), {}) == ""


def test_of_the_environment() -> None:
    assert password_for(ANN, {passwords.VARIABLE: "secret"}) == "secret"


def test_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal("no"))
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"typed at {prompt}")
    assert password_for(ANN, {}) == "typed at password of ann: "


def test_of_the_first_line_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" se cret \r\nmore"))
    assert password_for(ANN, {}) == " se cret "


def test_of_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin in (io.StringIO(""), None):
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(UsageError):
            password_for(ANN, {})
