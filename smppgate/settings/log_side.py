"""The tables ``[log]`` and ``[cdr]``."""

from __future__ import annotations

import attrs

from smppgate.settings.checks import Flag, Whole
from smppgate.settings.tables import Table, setting
from smppgate.settings.texts import Choice, FilePath

LEVELS = ("debug", "info", "warn", "error", "critical")
"""Levels of the gate's own log, the least first."""

JOURNAL = "journal"
"""In place of a path: the journal of systemd."""


@attrs.frozen
class LogSettings(Table):
    """``[log]``: what is written of messages, and how the gate writes its own log."""

    messages: str = attrs.field(
        default="",
        metadata=setting(
            FilePath(f'`"{JOURNAL}"`'),
            "Where each message and receipt has a line; a relative path counts from the directory "
            f'that the gate runs in. "{JOURNAL}" is the journal of systemd; empty writes none.',
        ),
    )
    format: str = attrs.field(
        default="json",
        metadata=setting(
            Choice(("json", "text")),
            'How these lines are written: "json" for programs, "text" for people.',
        ),
    )
    log_text: bool = attrs.field(
        default=False,
        metadata=setting(Flag(), "Whether they have the texts of messages, which are private."),
    )
    level: str = attrs.field(
        default="info",
        metadata=setting(
            Choice(LEVELS),
            "The least of what the gate's own log has. `smppgate log-level` changes it until the "
            "next start, or until this is changed.",
        ),
    )
    daemon_format: str = attrs.field(
        default="text",
        metadata=setting(
            Choice(("text", "json")),
            'How the gate\'s own log is written: "json" is an object on each line, with the code '
            "of the line and what it is about as fields.",
        ),
    )


@attrs.frozen
class CdrSettings(Table):
    """``[cdr]``: a record for each message."""

    path: str = attrs.field(
        default="",
        metadata=setting(
            FilePath(),
            "The file that records are appended to, of the same fields as the message log; empty "
            "writes none.",
        ),
    )
    format: str = attrs.field(
        default="csv", metadata=setting(Choice(("csv", "json")), "How records are written.")
    )
    rotate_size: int = attrs.field(
        default=0,
        metadata=setting(
            Whole(0, 1 << 50),
            "Where it would have more, the file gets the time as a suffix, and another is begun; "
            "0 never does that.",
            "octets",
        ),
    )
    rotate_interval: int = attrs.field(
        default=0,
        metadata=setting(
            Whole(0, 31_536_000),
            "The same at the end of each of these intervals, which count from midnight UTC, if "
            "there are records; 0 never does that.",
            "seconds",
        ),
    )
