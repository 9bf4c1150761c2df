"""`Notice`: a kind of line in the log that an operator should act on.

Its code stays what it is when its words change, so that alarms and runbooks can go by it. A code
that is not used any more is never given to another line.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Level: TypeAlias = Literal["info", "warn", "error", "critical"]


# Each is itself alone: they are keys of tables.
@frozen(kw_only=True, eq=False)
class Notice:
    """A kind of line.

    :ivar code: ``SG-`` and four digits: it begins each of these lines.
    :ivar name: a few words, the heading of its section in ``docs/log-codes.md``.
    :ivar level: the name of the `LogLevel` that it is logged with.
    :ivar text: the line behind its code, with the names of what is filled in, in braces.
    :ivar meaning: what has happened, and what the gate does about it.
    :ivar cause: why that happens.
    :ivar remedy: what to do.
    """

    code: str
    name: str
    level: Level
    text: str
    meaning: str
    cause: str
    remedy: str
