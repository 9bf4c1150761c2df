"""Runs of body fields that several commands share, each written once.

A field that is missing or too long is answered with the status named beside it. Sizes are in
octets and count the NUL of C-octet strings. A run of one field bears that field's name.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.destinations import DestAddress, DestAddresses
from smppgate.txsmpp.fields import c_octet_string, coded, integer, octet_string
from smppgate.txsmpp.layout import run


@run
class SystemId:
    """Who binds, or is bound to. SMPP v5.0 §4.7.30."""

    __slots__ = ()

    system_id: bytes = c_octet_string(16, default=b"", status=CommandStatus.ESME_RINVSYSID)


@run
class PeerSystemId:
    """Who was bound to, as a bind_resp says. SMPP v5.0 §4.7.30.

    Longer than the 16 octets of the specification in practice; it is only shown, and no reason
    to lose a link.
    """

    __slots__ = ()

    system_id: bytes = c_octet_string(65, default=b"", status=CommandStatus.ESME_RINVSYSID)


@run
class Password:
    """SMPP v5.0 §4.7.18."""

    __slots__ = ()

    # The specification has 9, but providers hand out longer ones, and both ends take them.
    password: bytes = c_octet_string(
        64, default=b"", status=CommandStatus.ESME_RINVPASWD, secret=True
    )


@run
class Binding:
    """What an ESME says of itself when it binds. SMPP v3.4 §4.1.1, v5.0 §4.1.1.1."""

    __slots__ = ()

    system_type: bytes = c_octet_string(13, default=b"", status=CommandStatus.ESME_RINVSYSTYP)
    interface_version: int = integer(default=0x34)
    addr_ton: int = integer(default=0)
    addr_npi: int = integer(default=0)
    address_range: bytes = c_octet_string(41, default=b"")


@run
class ServiceType:
    """SMPP v3.4 §5.2.11, v5.0 §4.7.25."""

    __slots__ = ()

    service_type: bytes = c_octet_string(6, default=b"", status=CommandStatus.ESME_RINVSERTYP)


@run
class MessageId:
    """The SMSC's name for a message. SMPP v3.4 §5.2.23, v5.0 §4.7.14."""

    __slots__ = ()

    message_id: bytes = c_octet_string(65, default=b"", status=CommandStatus.ESME_RINVMSGID)


@run
class Source:
    """The address a message comes from. SMPP v3.4 §5.2.8, v5.0 §4.7.29."""

    __slots__ = ()

    source_addr_ton: int = integer(default=0, status=CommandStatus.ESME_RINVSRCTON)
    source_addr_npi: int = integer(default=0, status=CommandStatus.ESME_RINVSRCNPI)
    source_addr: bytes = c_octet_string(21, default=b"", status=CommandStatus.ESME_RINVSRCADR)


@run
class LongSource:
    """`Source` as data_sm and alert_notification have it, with a longer address."""

    __slots__ = ()

    source_addr_ton: int = integer(default=0, status=CommandStatus.ESME_RINVSRCTON)
    source_addr_npi: int = integer(default=0, status=CommandStatus.ESME_RINVSRCNPI)
    source_addr: bytes = c_octet_string(65, default=b"", status=CommandStatus.ESME_RINVSRCADR)


@run
class Destination:
    """The address a message goes to. SMPP v3.4 §5.2.9, v5.0 §4.7.8."""

    __slots__ = ()

    dest_addr_ton: int = integer(default=0, status=CommandStatus.ESME_RINVDSTTON)
    dest_addr_npi: int = integer(default=0, status=CommandStatus.ESME_RINVDSTNPI)
    destination_addr: bytes = c_octet_string(21, default=b"", status=CommandStatus.ESME_RINVDSTADR)


@run
class LongDestination:
    """`Destination` as data_sm has it, with a longer address."""

    __slots__ = ()

    dest_addr_ton: int = integer(default=0, status=CommandStatus.ESME_RINVDSTTON)
    dest_addr_npi: int = integer(default=0, status=CommandStatus.ESME_RINVDSTNPI)
    destination_addr: bytes = c_octet_string(65, default=b"", status=CommandStatus.ESME_RINVDSTADR)


@run
class Destinations:
    """The addresses and lists that one submit_multi goes to. SMPP v3.4 §4.5.1.1."""

    __slots__ = ()

    dest_address: tuple[DestAddress, ...] = coded(DestAddresses(), default=())

    @property
    def number_of_dests(self) -> int:
        """Members of ``dest_address``, at most 255."""
        return len(self.dest_address)


@run
class DeliveryTimes:
    """``YYMMDDhhmmsstnnp`` or nothing. SMPP v3.4 §7.1, v5.0 §4.7.23.4."""

    __slots__ = ()

    schedule_delivery_time: bytes = c_octet_string(
        17, default=b"", status=CommandStatus.ESME_RINVSCHED
    )
    validity_period: bytes = c_octet_string(17, default=b"", status=CommandStatus.ESME_RINVEXPIRY)


@run
class EsmClass:
    """SMPP v3.4 §5.2.12, v5.0 §4.7.12."""

    __slots__ = ()

    esm_class: int = integer(default=0, status=CommandStatus.ESME_RINVESMCLASS)


@run
class ProtocolId:
    """SMPP v3.4 §5.2.13, v5.0 §4.7.20."""

    __slots__ = ()

    protocol_id: int = integer(default=0)


@run
class PriorityFlag:
    """SMPP v3.4 §5.2.14, v5.0 §4.7.19."""

    __slots__ = ()

    priority_flag: int = integer(default=0, status=CommandStatus.ESME_RINVPRTFLG)


@run
class RegisteredDelivery:
    """SMPP v3.4 §5.2.17, v5.0 §4.7.21."""

    __slots__ = ()

    registered_delivery: int = integer(default=0, status=CommandStatus.ESME_RINVREGDLVFLG)


@run
class ReplaceIfPresentFlag:
    """SMPP v3.4 §5.2.18, v5.0 §4.7.22."""

    __slots__ = ()

    replace_if_present_flag: int = integer(default=0, status=CommandStatus.ESME_RINVREPFLAG)


@run
class DataCoding:
    """SMPP v3.4 §5.2.19, v5.0 §4.7.7."""

    __slots__ = ()

    # Not ESME_RINVDCS: that status is v5.0's only, and this one says as much.
    data_coding: int = integer(default=0)


@run
class SmDefaultMsgId:
    """SMPP v3.4 §5.2.20, v5.0 §4.7.27."""

    __slots__ = ()

    sm_default_msg_id: int = integer(default=0, status=CommandStatus.ESME_RINVDFTMSGID)


@run
class ShortMessage:
    """At most 255 octets of user data. SMPP v3.4 §5.2.22, v5.0 §4.7.26."""

    __slots__ = ()

    short_message: bytes = octet_string(default=b"", status=CommandStatus.ESME_RINVMSGLEN)

    @property
    def sm_length(self) -> int:
        """Octets of ``short_message``."""
        return len(self.short_message)


@run
class Message(
    EsmClass,
    ProtocolId,
    PriorityFlag,
    DeliveryTimes,
    RegisteredDelivery,
    ReplaceIfPresentFlag,
    DataCoding,
    SmDefaultMsgId,
    ShortMessage,
):
    """What submit_sm, submit_multi and deliver_sm have behind the addresses, SMPP v3.4 §4.4.1."""

    __slots__ = ()
