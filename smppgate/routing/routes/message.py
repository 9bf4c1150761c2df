"""`Message`: what routes look at in a request that submits a message."""

from __future__ import annotations

from smppgate.routing.numbers import without_plus
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import LocatedTlv, located_tlvs
from smppgate.txsmpp.peek import Address, Envelope

_SUBMIT_MULTI, _BROADCAST_SM = int(CommandId.SUBMIT_MULTI), int(CommandId.BROADCAST_SM)

UNREAD = -1
"""Stands for an octet that the request does not have, or that cannot be found in it."""

_NOWHERE = Address(UNREAD, UNREAD, b"")
_UNREADABLE = Envelope(b"", _NOWHERE, None, UNREAD, UNREAD, UNREAD)


class Message:
    """A request as routes see it. Mutable and slotted: what is asked for is read once.

    Of a submit_multi the first destination counts for all: it is sent to one SMSC as it is. A
    distribution list has no number, and neither has a broadcast_sm. What cannot be found in the
    octets is `UNREAD` or empty: the SMSC judges such a request, wherever it goes.

    :param account: the system_id of the account; empty for this process's own requests.
    :param octets: the whole PDU.
    :param wall: seconds since 1970.
    :ivar destination: without its NUL, and without a + in front of a digit.
    """

    __slots__ = ("_envelope", "_tlvs", "account", "command_id", "destination", "octets", "wall")

    def __init__(self, account: bytes, command_id: int, octets: bytes, wall: float) -> None:
        self.account = account
        self.command_id = command_id
        self.octets = octets
        self.wall = wall
        self._envelope: Envelope | None = None
        self._tlvs: tuple[LocatedTlv, ...] | None = None
        try:
            if command_id == _SUBMIT_MULTI:
                found = peek.first_destination(octets)
            else:
                found = peek.destination(octets) if command_id != _BROADCAST_SM else b""
        except PduError:
            found = b""
        self.destination = without_plus(found) if found[:1] == b"+" else found

    @property
    def source(self) -> bytes:
        """source_addr, without its NUL."""
        return self.envelope.source.addr

    @property
    def source_ton(self) -> int:
        """Its type of number."""
        return self.envelope.source.ton

    @property
    def destination_ton(self) -> int:
        """The type of number of the destination."""
        if self.command_id == _SUBMIT_MULTI:
            return peek.first_destination_ton(self.octets)
        to = self.envelope.destination
        return to.ton if to is not None else UNREAD

    @property
    def service_type(self) -> bytes:
        """service_type, without its NUL."""
        return self.envelope.service_type

    @property
    def data_coding(self) -> int:
        """data_coding."""
        return self.envelope.data_coding

    @property
    def esm_class(self) -> int:
        """esm_class."""
        return self.envelope.esm_class

    @property
    def envelope(self) -> Envelope:
        """The outside of the message, as far as it can be read."""
        if self._envelope is None:
            self._envelope = self._read()
        return self._envelope

    def tlv(self, tag: int) -> bytes | None:
        """The value of the first TLV with this tag; None without one."""
        if self._tlvs is None:
            self._tlvs = self._located()
        return next((value for each, _, value in self._tlvs if each == tag), None)

    def _read(self) -> Envelope:
        try:
            if self.command_id != _BROADCAST_SM:
                return peek.envelope(self.octets)
        except PduError:
            pass
        try:
            service_type, source = peek.sender(self.octets)
        except PduError:
            return _UNREADABLE
        return _UNREADABLE._replace(service_type=service_type, source=source)

    def _located(self) -> tuple[LocatedTlv, ...]:
        if self.command_id == _BROADCAST_SM:
            return ()
        try:
            _, end = peek.short_message_at(self.octets)
        except PduError:
            return ()
        return located_tlvs(self.octets, end)
