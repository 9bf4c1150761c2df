"""`LinkCounts`: the messages that went over the links to one node."""

from __future__ import annotations

from attrs import define


@define(eq=False)
class LinkCounts:
    """Messages over the links to one node, in both directions. Mutable.

    :ivar sent: those that were sent to it, for sessions of ESMEs that are bound there.
    :ivar taken: those that came from it.
    :ivar returned: those of them that no session here could be sent.
    """

    sent: int = 0
    taken: int = 0
    returned: int = 0
