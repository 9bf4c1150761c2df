"""How a change of a setting reaches a running gate."""

from __future__ import annotations

from enum import Enum


class Takes(Enum):
    """When a change of a setting takes effect, in the words of the documentation and the log."""

    AT_ONCE = "at once"
    """For sessions that are bound and messages that are under way too, as far as it is theirs."""

    AT_NEXT_BIND = "at the next bind"
    """Sessions that are bound stay as they are."""

    LINK_BY_LINK = "link by link"
    """The links of that SMSC are bound anew, one after the other."""

    AT_RESTART = "at a restart"
    """What is in force stays in force until the gate is started again."""
