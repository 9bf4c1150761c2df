"""Binds of ESMEs, as far as the gate has read and admitted them."""

from __future__ import annotations

from typing import cast

from attrs import field, frozen

from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BindTransceiver
from smppgate.txsmpp.versions import Version


@frozen(eq=False)
class Bind:
    """A bind that the gate has nothing against.

    :param password: never shown.
    :param version: what the ESME speaks.
    :param ranges: those it asks to serve, of this type of number and plan.
    """

    # The password is in it too.
    frame: Frame = field(repr=False)
    account: Account[EsmeSession]
    password: bytes = field(repr=False)
    version: Version
    ranges: tuple[str, ...]
    ton: int
    npi: int


def shown_name(bind: Frame) -> str:
    """The system_id for the log.

    Not that of a bind which is not sound as a whole: where a NUL was lost, the password would be
    part of it.
    """
    try:
        return repr(cast(BindTransceiver, decode(bind.octets)).system_id.decode("latin-1"))
    except PduError:
        return "(not readable)"
