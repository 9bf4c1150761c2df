"""``python -m benchmarks.onlooker SOCKET SECONDS``: Prometheus, and a page that is open.

A process of its own that has what its core has left over. In the end it tells how often it was
answered, by what it asked for, and octets.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.admin import Admin

_NICE = 19

EVERY = {
    "/metrics": 5.0,
    "history": 1.0,
    **dict.fromkeys(("smscs", "links", "pools", "queues", "accounts", "sessions"), 2.0),
    "state": 60.0,
}
"""Seconds between two requests: a scrape, and what the page asks for at its overview, with a table
open in another window."""

OCTETS = "octets"


class Onlooker:
    """Asks for everything in its time, and reads events as they come."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._since = ""
        self.counts: Counter[str] = Counter()

    def look(self, seconds: float) -> None:
        """Go on for so long; raises OSError where the gate does not answer."""
        events = self._admin.open("/api/v1/events")
        threading.Thread(target=self._read, args=(events,), daemon=True).start()
        now = time.monotonic()
        end, due = now + seconds, dict.fromkeys(EVERY, now)
        while (now := time.monotonic()) < end:
            for what in [what for what, at in due.items() if at <= now]:
                due[what] += EVERY[what]
                self._ask(what)
            time.sleep(max(0.0, min(*due.values(), end) - time.monotonic()))

    def _ask(self, what: str) -> None:
        if what == "history":
            text = self._admin.text(f"/api/v1/history?{urlencode(self._query())}")
            samples = json.loads(text)["samples"]
            self._since = samples[-1][0] if samples else self._since
        else:
            text = self._admin.text(what if what.startswith("/") else f"/api/v1/{what}")
        self.counts[what] += 1
        self.counts[OCTETS] += len(text)

    def _query(self) -> dict[str, str]:
        """Only what is new, but for the first time."""
        return {"since": self._since} if self._since else {}

    def _read(self, events: HTTPResponse) -> None:
        for _ in events:
            self.counts["lines of events"] += 1


def main(path: Path, seconds: float) -> None:
    """Say that it looks, look for so long, and tell."""
    os.nice(_NICE)
    onlooker = Onlooker(Admin(path))
    print("looks on", flush=True)
    onlooker.look(seconds)
    print(json.dumps(onlooker.counts), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
