"""A cancel_sm without an id, which names messages by addresses: as the SMSC knows them."""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.editing import DESTINATION, SOURCE, Located
from smppgate.txsmpp.frame import HEADER_SIZE

_SUBMIT_SM = CommandId.SUBMIT_SM.to_bytes(4, "big")
_NAMES = "service_type", *SOURCE, *DESTINATION
_STRINGS = frozenset(("service_type", SOURCE[2], DESTINATION[2]))
_REST = bytes(10)
"""A submit_sm behind its addresses, with nothing in it: SMPP v3.4 §4.4.1."""


def as_message(cancel: bytes) -> bytes:
    """The submit_sm with the addresses of a whole cancel_sm, and with nothing else in it."""
    located = Located(cancel)
    fields = (_octets(located, name) for name in _NAMES)
    body = b"".join((*fields, _REST))
    size = (HEADER_SIZE + len(body)).to_bytes(4, "big")
    return size + _SUBMIT_SM + cancel[8:HEADER_SIZE] + body


def renamed(cancel: bytes, message: bytes) -> bytes:
    """The cancel with service_type and addresses as ``message`` has them."""
    located = Located(message)
    return Located(cancel).with_fields({name: located.value(name) for name in _NAMES})


def _octets(located: Located, name: str) -> bytes:
    value = located.value(name)
    if name in _STRINGS:
        return value + b"\0"
    return value or b"\0"
