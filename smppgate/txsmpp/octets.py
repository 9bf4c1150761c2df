"""What is to be octets, and often is a ``str`` by mistake."""

from __future__ import annotations

from smppgate.txsmpp.errors import PduError


def octets_of(value: object, command_status: int) -> bytes:
    """``value``, if it is ``bytes``.

    :raises PduError: with ``command_status`` for anything else; it says the type, not the value.
    """
    if isinstance(value, bytes):
        return value
    hint = "; encode it, a text with encode_text" if isinstance(value, str) else ""
    raise PduError(f"bytes are needed, not {type(value).__name__}{hint}", command_status)
