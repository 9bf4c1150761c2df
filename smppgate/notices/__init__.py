"""The lines of the log that an operator should act on: each has a code, a cause and a remedy.

A module for each range of codes, and those of `smppgate.txsmpp.notices`. ``docs/log-codes.md`` is
made of them. Codes are for good: one whose line is gone is not given to another.
"""

from smppgate.notices.registry import GROUPS, NOTICES, Group, notice_of

__all__ = ["GROUPS", "NOTICES", "Group", "notice_of"]
