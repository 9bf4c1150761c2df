"""`Addresses`: those of a message in the words of its ESME and in those that its SMSC was told.

Only of a message whose addresses were rewritten its return path has them: so the receipt says what
the ESME has said, and a request about the message names it as the SMSC knows it.
"""

from __future__ import annotations

from typing import NamedTuple

from smppgate.txsmpp.adaptation import LONGEST_ADDRESS
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.editing import DESTINATION, SOURCE, Located
from smppgate.txsmpp.peek import Address

LONGEST_KEPT = 64
"""Octets of an address that is kept, without its NUL: SMPP v3.4 §4.7.1. One PDU may have 65 535,
and each record may be kept for days."""

_DATA_SM = CommandId.DATA_SM.to_bytes(4, "big")

_NONE = Address(0, 0, b"")

Names = tuple[str, str, str]


class Addresses(NamedTuple):
    """The addresses of one message, as the ESME gave them and as the SMSC was told.

    A destination is empty where a message has many: those are not rewritten.
    """

    given_source: Address
    given_destination: Address
    told_source: Address
    told_destination: Address

    def octets(self) -> bytes:
        """As a part of a record: addresses with NULs between, none of which has one in it."""
        return b"\0".join(b"%02x%02x%s" % each for each in self)

    @classmethod
    def of(cls, octets: bytes) -> Addresses:
        """The reverse of `octets`.

        :raises ValueError: for what is none.
        """
        return cls(*map(_address, octets.split(b"\0")))

    def restored(self, receipt: bytes) -> bytes:
        """A whole receipt, with addresses as the ESME gave them.

        Its source is the destination of the message, and the other way round; some SMSCs do not
        turn them round.
        """
        located = Located(receipt)
        places = (
            (DESTINATION, self.given_source, self.told_source),
            (SOURCE, self.given_destination, self.told_destination),
        )
        if self._is_as_sent(located):
            places = (
                (SOURCE, self.given_source, self.told_source),
                (DESTINATION, self.given_destination, self.told_destination),
            )
        longest = LONGEST_KEPT if located.octets[4:8] == _DATA_SM else LONGEST_ADDRESS
        for names, given, told in places:
            if given != told and names[2] in located.spans and len(given.addr) <= longest:
                located = Located(located.with_address(names, given))
        return located.octets

    def translated(self, request: bytes) -> bytes:
        """A whole request about the message, with addresses as the SMSC was told.

        Another address than the ESME gave stays: the SMSC judges it.
        """
        located = Located(request)
        for names, given, told in (
            (SOURCE, self.given_source, self.told_source),
            (DESTINATION, self.given_destination, self.told_destination),
        ):
            if given != told and given.addr and located.value(names[2]) == given.addr:
                located = Located(located.with_address(names, told))
        return located.octets

    def _is_as_sent(self, receipt: Located) -> bool:
        found = receipt.value("source_addr"), receipt.value("destination_addr")
        told = self.told_source.addr, self.told_destination.addr
        return found == told and found[0] != found[1]


def addresses(given: bytes, told: bytes) -> Addresses | None:
    """The addresses of a message, as its ESME gave it and as its SMSC was told it.

    Both are whole PDUs of the same command. None where nothing of that differs, or an address is
    longer than any.
    """
    before, after = Located(given), Located(told)
    found = Addresses(
        *(
            located.address(names) or _NONE
            for located in (before, after)
            for names in (SOURCE, DESTINATION)
        )
    )
    if found[:2] == found[2:] or any(len(each.addr) > LONGEST_KEPT for each in found):
        return None
    return found


def _address(octets: bytes) -> Address:
    return Address(int(octets[:2], 16), int(octets[2:4], 16), octets[4:])
