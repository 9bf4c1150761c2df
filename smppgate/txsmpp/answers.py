"""What a program answers to a request, as octets."""

from __future__ import annotations

from typing import TypeAlias, cast

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import RESPONSE_BIT, command_name
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.pdu import PDU_TYPES, Resp

Answer: TypeAlias = Resp | int | None
"""A resp, whose sequence number is filled in; or a command_status, for a resp with nothing else in
it; or None for ESME_ROK."""


def answer_octets(request: Frame, answer: Answer) -> bytes:
    """The octets of ``answer`` to ``request``.

    :raises TypeError: when it is no answer, or one to another command.
    :raises PduError: when it cannot be encoded.
    """
    command_id = request.command_id | RESPONSE_BIT
    if answer is None or isinstance(answer, int):
        kind = cast(type[Resp], PDU_TYPES[command_id])
        answer = kind(command_status=answer or 0, has_body=not answer)
    if getattr(answer, "command_id", None) != command_id:
        told = command_name(request.command_id)
        raise TypeError(f"{type(answer).__name__} does not answer {told}")
    return renumbered(encode(answer), request.sequence_number)
