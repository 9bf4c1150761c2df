"""`changed`: a message with the change of a hook in it; `CannotDo`, where that cannot be."""

from __future__ import annotations

from smppgate.gate.hooks.decisions import Change
from smppgate.txsmpp.errors import PduError


class CannotDo(Exception):
    """What a hook has decided cannot be done: why, in a few words."""


def changed(octets: bytes, change: Change, max_pdu_size: int) -> bytes:
    """The message in ``octets`` with ``change`` in it.

    :raises CannotDo: it has no such field, cannot be read that far, a value does not fit, or it
        would be of more than ``max_pdu_size`` octets.
    """
    try:
        made = change.apply(octets)
    except PduError as error:
        raise CannotDo(f"changed what cannot be changed: {error}") from None
    if len(made) > max_pdu_size:
        raise CannotDo("made a message of more than max_pdu_size")
    return made
