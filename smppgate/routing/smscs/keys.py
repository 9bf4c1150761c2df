"""Keys: what messages have in common that go to one SMSC."""

from __future__ import annotations

from collections.abc import Callable

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError

Key = Callable[[int, bytes, bytes], "bytes | None"]
"""command_id, octets of the message and system_id of its account → its key; None without."""

_SUBMIT_SM = int(CommandId.SUBMIT_SM)
_MULTI = int(CommandId.SUBMIT_MULTI)


def by_destination(command_id: int, octets: bytes, account: bytes) -> bytes | None:
    """Messages to one number; a submit_multi has none, for it has several."""
    if command_id == _MULTI:
        return None
    try:
        return peek.destination(octets)
    except PduError:
        return None


def by_source(command_id: int, octets: bytes, account: bytes) -> bytes | None:
    """Messages from one number."""
    try:
        return peek.source(octets)
    except PduError:
        return None


def by_account(command_id: int, octets: bytes, account: bytes) -> bytes | None:
    """Messages of one account."""
    return account


def by_replacement(command_id: int, octets: bytes, account: bytes) -> bytes | None:
    """Messages with replace_if_present_flag that may replace one another: submit_sm alone."""
    # Written so for the hot path, as nearly all messages have no key.
    return (peek.replaced(octets) or None) if command_id == _SUBMIT_SM else None


HASH_ON: dict[str, Key] = {
    "destination": by_destination,
    "source": by_source,
    "account": by_account,
}
"""Name in the settings → key."""
