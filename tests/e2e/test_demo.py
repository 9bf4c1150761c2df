"""``smppgate demo`` as a program, on real sockets."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

PATIENCE = 60.0
"""Seconds after which a program that should have ended is taken for hung."""

COMMAND = [sys.executable, "-m", "smppgate", "demo"]


@pytest.fixture(scope="module")
def shown() -> subprocess.CompletedProcess[str]:
    """A demo of two seconds, over."""
    return subprocess.run(
        [*COMMAND, "--seconds", "2"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=PATIENCE,
        check=False,
    )


def fact(shown: subprocess.CompletedProcess[str], name: str) -> int:
    """The number that the summary has for this."""
    match = re.search(rf"^  {name} +([\d,]+)(?: |$)", shown.stdout, re.MULTILINE)
    assert match is not None, shown.stdout
    return int(match[1].replace(",", ""))


def test_it_succeeds_and_says_so(shown: subprocess.CompletedProcess[str]) -> None:
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stderr == ""
    assert shown.stdout.startswith("two ESMEs → smppgate → two SMSCs\n")
    assert shown.stdout.endswith(
        "OK: every message was answered exactly once, and every receipt came home to its own "
        "sender.\n"
    )


def test_every_message_was_answered_once_and_every_receipt_is_home(
    shown: subprocess.CompletedProcess[str],
) -> None:
    sent = fact(shown, "sent")
    assert sent > 0
    assert fact(shown, "answered exactly once") == sent
    assert fact(shown, "receipts home") == sent
    for nothing in (
        "errors",
        "unanswered",
        "duplicate or stray answers",
        "receipts at the wrong account",
        "receipts otherwise wrong",
        "receipts missing",
    ):
        assert fact(shown, nothing) == 0


def test_both_smscs_had_their_share(shown: subprocess.CompletedProcess[str]) -> None:
    """The faster one has more, but not on a machine that is slower than both."""
    share = re.search(r"share +alpha ([\d.]+)%, beta ([\d.]+)%", shown.stdout)
    assert share is not None
    alpha, beta = map(float, share.groups())
    assert min(alpha, beta) > 0
    assert alpha + beta == pytest.approx(100, abs=0.11)


def test_lines_tell_how_it_goes(shown: subprocess.CompletedProcess[str]) -> None:
    assert re.search(r"messages/s  alpha .* receipts home, ", shown.stdout)


def test_ctrl_c_ends_it_in_order() -> None:
    with subprocess.Popen(
        [*COMMAND, "--seconds", "600"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        # Only a demo that is under way has numbers.
        while "messages/s  alpha" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 130
        assert running.stderr.read() == ""


def test_whoever_has_seen_enough_sees_no_traceback() -> None:
    """`smppgate demo | head -1`: it ends, and says nothing of the pipe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "smppgate", "demo", "--seconds", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait() == 1
    assert "Traceback" not in told
    assert "BrokenPipe" not in told
