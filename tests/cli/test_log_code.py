"""`smppgate log-code`: what the page says of one code."""

from __future__ import annotations

import pytest

from smppgate.cli.main import main
from smppgate.notices import NOTICES


@pytest.mark.parametrize("code", ["SG-1001", "sg-1001", "1001"])
def test_a_code_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log-code", code]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("SG-1001: SMSC not reached (warn)\n\nLine:\n  SMSC {link} not reached")
    assert "\nWhat to do:\n  Compare `endpoint`" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert err == ""


@pytest.mark.parametrize("code", [notice.code for notice in NOTICES])
def test_every_code_is(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log-code", code]) == 0
    assert capsys.readouterr().out.startswith(f"{code}: ")


def test_a_code_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log-code", "SG-0815"]) == 1
    assert (
        capsys.readouterr().err == "smppgate log-code: no line of the log has the code SG-0815\n"
    )
