"""``docs/log-codes.md``, made of the notices.

``python -m smppgate.notices.reference`` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from smppgate.notices.registry import GROUPS, NOTICES
from smppgate.txsmpp.notice import Notice

_HEAD = """\
# Log codes

A line of the gate's log that an operator should act on begins with a code:

```
SG-1001 SMSC alpha transceiver 1 not reached at tcp:192.0.2.7:2775: timed out
```

A code means the same in every version, whatever the words behind it: alarms and runbooks can go
by it. `smppgate log-code SG-1001` prints what this page says of it. Of what may come in storms
(refused binds, closed connections, messages that are not delivered) the first has a line at once,
and the others one with their number, under the same code. Lines without a code are for
information.

With `[log] daemon_format = "json"` each line is an object, see
[operation](operation.md#the-log), and the code is its field `code`: `jq 'select(.code ==
"SG-1001")'`. What became of single messages is in the [message log](messages.md).
"""


def page() -> Iterator[str]:
    """The lines of the page."""
    yield from _HEAD.splitlines()
    for group in GROUPS:
        yield from ("", f"## {group.begin}…: {group.about}")
        for notice in NOTICES:
            if notice.code.startswith(group.begin):
                yield from ("", f"### {notice.code}", "", *section(notice))


def section(notice: Notice) -> Iterator[str]:
    """What the page says of one code."""
    yield f"**{notice.name}** ({notice.level}): `{notice.text}`"
    yield ""
    yield f"- Meaning: {notice.meaning}"
    yield f"- Cause: {notice.cause}"
    yield f"- What to do: {notice.remedy}"


if __name__ == "__main__":
    sys.stdout.write("\n".join((*page(), "")))
