"""``smppgate log-code``: what a code in the log means, and what to do."""

from __future__ import annotations

import argparse
import textwrap

from smppgate.cli.failures import fail
from smppgate.notices import notice_of
from smppgate.txsmpp.notice import Notice

DESCRIPTION = """\
Print what a code at the beginning of a line in the gate's log means, why it comes, and what to do:
what docs/log-codes.md has. Exit status: 0, or 1 where there is no such code.
"""

_WIDTH = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate log-code`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument("code", metavar="CODE", help="such as SG-1001, or 1001")


def run(args: argparse.Namespace) -> int:
    """Print what is known of the code."""
    code = args.code if args.code.upper().startswith("SG-") else f"SG-{args.code}"
    notice = notice_of(code)
    if notice is None:
        return fail("log-code", f"no line of the log has the code {args.code}")
    print(_page(notice))
    return 0


def _page(notice: Notice) -> str:
    parts = (
        ("Line", notice.text),
        ("Meaning", notice.meaning),
        ("Cause", notice.cause),
        ("What to do", notice.remedy),
    )
    lines = [f"{notice.code}: {notice.name} ({notice.level})"]
    for name, text in parts:
        lines += ["", f"{name}:", _indented(text)]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
