"""`Interest`: what of the traffic is to be seen."""

from __future__ import annotations

from attrs import frozen

from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, numbers
from smppgate.txsmpp.destinations import SmeAddress
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located_receipt import reports
from smppgate.txsmpp.pdu import SubmitMulti

_SUBMITS = numbers(CommandId.SUBMIT_SM, CommandId.DATA_SM, CommandId.DELIVER_SM)
_SUBMIT_MULTI = int(CommandId.SUBMIT_MULTI)


@frozen(kw_only=True)
class Interest:
    """All traffic for which all of these hold; those that are empty always do.

    :ivar account: the ESME's system_id.
    :ivar smsc: the SMSC's name.
    :ivar to: what the number begins with that a message goes to, without a plus; a receipt is
        about a message to its source.
    """

    account: str = ""
    smsc: str = ""
    to: bytes = b""

    def __str__(self) -> str:
        named = (("account", self.account), ("smsc", self.smsc), ("to", self.to.decode("latin-1")))
        return ", ".join(f"{name} {value}" for name, value in named if value) or "everything"

    def is_about(self, command_id: int, octets: bytes) -> bool:
        """Whether a request, of a session that is of interest, is a message to such a number."""
        if not self.to:
            return True
        try:
            if command_id in _SUBMITS:
                return any(map(self._is_to, _numbers(octets)))
            if command_id == _SUBMIT_MULTI:
                return any(map(self._is_to, _destinations(octets)))
        except PduError:
            # Nobody can tell whom it is for.
            pass
        return False

    def _is_to(self, number: bytes) -> bool:
        return number.removeprefix(b"+").startswith(self.to)


def _numbers(octets: bytes) -> tuple[bytes, ...]:
    source, destination = peek.addresses(octets)
    if reports(peek.esm_class(octets)):
        return source, destination
    return (destination,)


def _destinations(octets: bytes) -> tuple[bytes, ...]:
    multi = decode(octets)
    found = multi.dest_address if isinstance(multi, SubmitMulti) else ()
    return tuple(each.destination_addr for each in found if isinstance(each, SmeAddress))
