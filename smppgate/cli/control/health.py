"""``smppgate health``: whether a running gate can serve, for what watches it from outside."""

from __future__ import annotations

import argparse

from smppgate.cli.control.asking import Asking
from smppgate.cli.control.client import Gate
from smppgate.cli.failures import FAILED


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def _work(gate: Gate, args: argparse.Namespace) -> int:
    is_ready = gate.is_ready()
    print("ready" if is_ready else "not ready")
    return 0 if is_ready else FAILED


HEALTH = Asking(
    "Tell whether the gate can serve: a listener is open, its store is open, a link to an SMSC is "
    "up, and it does not stop. Exit status 1 where it cannot.",
    _no_arguments,
    _work,
)
