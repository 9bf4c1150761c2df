"""``python -m benchmarks.flow.greedy PORT SYSTEM_ID SESSIONS WINDOW SECONDS``: takes all it can.

An account whose windows are always full, in a process of its own; it has what its core has left
over. In the end it tells how many of its messages were answered with which status.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

from benchmarks import esme
from benchmarks.flow.esme import Heard, Sender
from benchmarks.flow.scene import numbers
from benchmarks.loop import Loop


def main(port: int, system_id: str, sessions: int, window: int, seconds: float) -> None:
    """Bind, say so, keep all windows full for so long, and tell what was heard."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    loop, heard, number = Loop(), Heard(), numbers()
    senders = esme.bind_all(
        loop,
        [port],
        lambda sock, _: Sender(loop, sock, heard, window, number),
        [system_id] * sessions,
    )
    for sender in senders:
        sender.fill()
    print("is greedy", flush=True)
    loop.run(seconds, nap=0.001)
    told = Counter(f"{each.status:#x}" for each in heard.answers)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    port, system_id, sessions, window, seconds = sys.argv[1:]
    main(int(port), system_id, int(sessions), int(window), float(seconds))
