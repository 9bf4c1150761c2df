"""Rules between the settings of one account.

The table may come from a file and have other problems: a value of the wrong kind is skipped here,
and reported by its own check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smppgate.settings.errors import Problem
from smppgate.settings.passwords import ESME_PASSWORDS, password_problems
from smppgate.settings.raw import is_array

WILDCARD = "*"
"""The system_id of the account for binds whose system_id has no account."""

# Settings that presuppose a single ESME: its numbers, its queue, its address.
_SINGLE_ESME_KEYS = ("address_ranges", "bind_ranges", "queue", "outbind")


def esme_problems(esme: Mapping[str, object]) -> Iterator[Problem]:
    """The problems of ``esme``, an account as it is written, completed with defaults."""
    auth = esme.get("auth")
    yield from password_problems(esme, ESME_PASSWORDS, is_needed=auth == "gate")
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
        yield Problem("outbind", "needs queue = true: nothing else keeps messages for it")


def _wildcard_problems(esme: Mapping[str, object], auth: object) -> Iterator[Problem]:
    if auth == "gate":
        yield Problem(
            "system_id", '"*" needs auth = "smsc": the gate knows no password for other names'
        )
    for key in _SINGLE_ESME_KEYS:
        if _is_set(esme.get(key)):
            yield Problem(key, 'must not be set for system_id = "*", which is no single ESME')


def _is_set(value: object) -> bool:
    """Whether ``value`` is true, or a text or an array that is not empty."""
    return value is True or (bool(value) and (isinstance(value, str) or is_array(value)))
