"""`AdminState`: what an operator has decided about an SMSC, one of its links, or an account.

HAProxy's words. It survives a reload, not a restart.
"""

from __future__ import annotations

from enum import Enum


class AdminState(Enum):
    """Whether something takes part as usual."""

    READY = "ready"
    DRAIN = "drain"
    """An SMSC or a link takes no new messages; answers, receipts and queries still flow."""
    MAINT = "maint"
    """An SMSC or a link is drained, then unbound, and stays away."""
    CLOSED = "closed"
    """An account accepts no new binds; sessions that are bound go on."""
