"""What must hold between the settings of one account.

The table may be one that a file holds, with other things wrong in it: what has the wrong kind
is passed over, and its own check tells about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smppgate.settings.errors import Problem
from smppgate.settings.raw import is_array

# The system_id of the account for everybody who has none.
WILDCARD = "*"

# Each names one ESME, or keeps something for it.
_NOT_FOR_ALL = ("address_ranges", "bind_ranges", "queue", "outbind")


def esme_problems(esme: Mapping[str, object]) -> Iterator[Problem]:
    """What is wrong in ``esme``: an account as it is written, with defaults for the rest."""
    auth = esme.get("auth")
    if auth == "gate" and "password" not in esme:
        yield Problem("password", "is missing")
    if esme.get("system_id") == WILDCARD:
        yield from _wildcard_problems(esme, auth)
        return
    if auth == "smsc" and esme.get("queue") is True:
        yield Problem(
            "queue",
            'must be false with auth = "smsc": the messages for such a session come on the '
            "SMSC session that its bind opened",
        )
    if _is_set(esme.get("outbind")) and esme.get("queue") is False:
        yield Problem("outbind", "needs queue = true: nothing else waits for an ESME that is away")


def _wildcard_problems(esme: Mapping[str, object], auth: object) -> Iterator[Problem]:
    if auth == "gate":
        yield Problem("system_id", '"*" is everybody else, whom only auth = "smsc" can judge')
    for key in _NOT_FOR_ALL:
        if _is_set(esme.get(key)):
            yield Problem(key, 'must not be set for system_id = "*", which is no single ESME')


def _is_set(value: object) -> bool:
    """Whether it is a flag that is up, or text or an array with something in it."""
    return value is True or (bool(value) and (isinstance(value, str) or is_array(value)))
