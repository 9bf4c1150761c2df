"""`Transform`: what becomes of the octets of a PDU on its way from one peer to another.

Peers of one version get octets as they came. One that speaks another version gets the PDU as that
version can express it.
"""

from __future__ import annotations

from struct import Struct

from smppgate.gate.options import RouterOptions
from smppgate.txsmpp.adaptation import adapted, to_deliver_sm
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.versions import Version

_COMMAND_ID = Struct(">I")


class Transform:
    """Gives PDUs as their receivers can take them.

    :param options: `RouterOptions.pass_newer_tlvs` is looked at for each PDU.
    """

    def __init__(self, options: RouterOptions) -> None:
        self._options = options

    def adapted(self, octets: bytes, version: Version) -> bytes:
        """A PDU as a peer of ``version`` can take it.

        :raises PduError: when that version cannot express it.
        """
        return adapted(octets, version, self._options.pass_newer_tlvs)

    def to_esme(self, octets: bytes, command_id: int, version: Version) -> tuple[bytes, int]:
        """A message as an ESME of ``version`` can take it, and its command_id there.

        :raises PduError: when that version cannot express it.
        """
        if command_id not in version.commands:
            if command_id != CommandId.DATA_SM:
                raise PduError("not in the ESME's version", CommandStatus.ESME_RX_P_APPN)
            command_id, octets = int(CommandId.DELIVER_SM), to_deliver_sm(octets)
        return self.adapted(octets, version), command_id

    def answer(self, octets: bytes, version: Version, asked: int, sent: int) -> bytes:
        """The answer to a request as its origin of ``version`` can take it.

        :param asked: the command_id under which the request came.
        :param sent: the one under which it was sent on, see `to_esme`.
        :raises PduError: when that version cannot express it.
        """
        if asked != sent and _COMMAND_ID.unpack_from(octets, 4)[0] == sent | RESPONSE_BIT:
            octets = octets[:4] + _COMMAND_ID.pack(asked | RESPONSE_BIT) + octets[8:]
        return self.adapted(octets, version)
