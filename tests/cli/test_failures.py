"""Exit statuses, and the line on standard error."""

from __future__ import annotations

import pytest

from smppgate.cli.failures import fail, one_line


def test_failing_is_a_line_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error; the status is handed on."""
    assert fail("send", "no receipt") == 1
    assert fail("send", "no such option", 2) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "smppgate send: no receipt\nsmppgate send: no such option\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("two\n lines"), "two lines"), (ValueError(" \n"), "ValueError")],
)
def test_an_error_is_one_line(error: Exception, line: str) -> None:
    """White space becomes one space, and no message becomes the name of the class."""
    assert one_line(error) == line
