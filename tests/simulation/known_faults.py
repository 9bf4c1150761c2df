"""Moods whose faults are known: runs leave them out until the gate bears them.

Each has the line of the issue "Right in every case" that mends it. This file ends empty and is
deleted then.
"""

from __future__ import annotations

KNOWN_FAULTS: dict[str, str] = {
    "last_words": "A.1: an SMSC's unbind with answers behind it",
    "parting": "A.1: an ESME's unbind right behind its requests",
    "forgetting": "A.2: an SMSC that has forgotten the bind",
    "silent_for_good": "A.4: late requests go on counting against the window",
    "pipelining": "A.10: requests behind a bind that is not answered yet",
    "receipts_elsewhere": "A.11: a receipt on another session than its resp's",
}
