"""Every command of SMPP 3.3, 3.4 and 5.0, each as one list of fields.

The bases of a class, from left to right, and then its own fields are its body in the order of
the wire; `runs` has the shared ones. Fields bear the specification's names. Strings are
``bytes`` without their NUL, integers are ``int``, and every field has the specification's
default, so that naming what matters makes a PDU::

    SubmitSm(destination_addr=b"447700900123", short_message=b"hi")

What the versions do not share stands in `versions`.
"""

from __future__ import annotations

from typing import TypeAlias

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.destinations import (
    DestAddress,
    DistributionList,
    SmeAddress,
    UnsuccessSme,
    UnsuccessSmes,
)
from smppgate.txsmpp.fields import c_octet_string, coded, integer
from smppgate.txsmpp.layout import PDU_TYPES, AnyResp, BareResp, Pdu, RequestPdu, Resp, command
from smppgate.txsmpp.runs import (
    Binding,
    DataCoding,
    DeliveryTimes,
    Destination,
    Destinations,
    EsmClass,
    LongDestination,
    LongSource,
    Message,
    MessageId,
    Password,
    PeerSystemId,
    PriorityFlag,
    RegisteredDelivery,
    ReplaceIfPresentFlag,
    ServiceType,
    ShortMessage,
    SmDefaultMsgId,
    Source,
    SystemId,
)
from smppgate.txsmpp.tlv import Tlv

__all__ = [
    "PDU_TYPES",
    "AlertNotification",
    "AnyResp",
    "Bind",
    "BindReceiver",
    "BindReceiverResp",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "BroadcastSm",
    "BroadcastSmResp",
    "CancelBroadcastSm",
    "CancelBroadcastSmResp",
    "CancelSm",
    "CancelSmResp",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "DestAddress",
    "DistributionList",
    "EnquireLink",
    "EnquireLinkResp",
    "GenericNack",
    "Outbind",
    "Pdu",
    "QueryBroadcastSm",
    "QueryBroadcastSmResp",
    "QuerySm",
    "QuerySmResp",
    "ReplaceSm",
    "ReplaceSmResp",
    "RequestPdu",
    "Resp",
    "SmeAddress",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Tlv",
    "Unbind",
    "UnbindResp",
    "UnsuccessSme",
]

# Session management, SMPP v3.4 §4.1 to §4.3 and §4.11 to §4.12, v5.0 §4.1.


@command(CommandId.BIND_TRANSMITTER)
class BindTransmitter(SystemId, Password, Binding, RequestPdu["BindTransmitterResp"]):
    """Bind to send only. SMPP v3.4 §4.1.1, v5.0 §4.1.1.1."""


@command(CommandId.BIND_TRANSMITTER_RESP)
class BindTransmitterResp(PeerSystemId, Resp):
    """SMPP v3.4 §4.1.2, v5.0 §4.1.1.2."""


@command(CommandId.BIND_RECEIVER)
class BindReceiver(SystemId, Password, Binding, RequestPdu["BindReceiverResp"]):
    """Bind to receive only. SMPP v3.4 §4.1.3, v5.0 §4.1.1.3."""


@command(CommandId.BIND_RECEIVER_RESP)
class BindReceiverResp(PeerSystemId, Resp):
    """SMPP v3.4 §4.1.4, v5.0 §4.1.1.4."""


@command(CommandId.BIND_TRANSCEIVER)
class BindTransceiver(SystemId, Password, Binding, RequestPdu["BindTransceiverResp"]):
    """Bind to send and receive. SMPP v3.4 §4.1.5, v5.0 §4.1.1.5."""


@command(CommandId.BIND_TRANSCEIVER_RESP)
class BindTransceiverResp(PeerSystemId, Resp):
    """SMPP v3.4 §4.1.6, v5.0 §4.1.1.6."""


Bind: TypeAlias = BindReceiver | BindTransceiver | BindTransmitter
"""Any of the three binds."""


@command(CommandId.OUTBIND)
class Outbind(SystemId, Password, Pdu):
    """An SMSC asks an ESME to bind to it. SMPP v3.4 §4.1.7, v5.0 §4.1.1.7."""


@command(CommandId.UNBIND)
class Unbind(RequestPdu["UnbindResp"]):
    """SMPP v3.4 §4.2.1, v5.0 §4.1.1.8."""


@command(CommandId.UNBIND_RESP)
class UnbindResp(BareResp):
    """SMPP v3.4 §4.2.2, v5.0 §4.1.1.9."""


@command(CommandId.ENQUIRE_LINK)
class EnquireLink(RequestPdu["EnquireLinkResp"]):
    """Is the peer there? SMPP v3.4 §4.11.1, v5.0 §4.1.2.1."""


@command(CommandId.ENQUIRE_LINK_RESP)
class EnquireLinkResp(BareResp):
    """SMPP v3.4 §4.11.2, v5.0 §4.1.2.2."""


@command(CommandId.ALERT_NOTIFICATION)
class AlertNotification(LongSource, Pdu):
    """A mobile became available. SMPP v3.4 §4.12.1, v5.0 §4.1.3.1."""

    esme_addr_ton: int = integer(default=0)
    esme_addr_npi: int = integer(default=0)
    esme_addr: bytes = c_octet_string(65, default=b"")


@command(CommandId.GENERIC_NACK)
class GenericNack(BareResp):
    """What was received is no PDU that can be answered. SMPP v3.4 §4.3.1, v5.0 §4.1.4.1."""


# Messages, SMPP v3.4 §4.4 to §4.7, v5.0 §4.2 and §4.3.


@command(CommandId.SUBMIT_SM)
class SubmitSm(ServiceType, Source, Destination, Message, RequestPdu["SubmitSmResp"]):
    """A message from an ESME. SMPP v3.4 §4.4.1, v5.0 §4.2.1.1."""


@command(CommandId.SUBMIT_SM_RESP)
class SubmitSmResp(MessageId, Resp):
    """SMPP v3.4 §4.4.2, v5.0 §4.2.1.2."""


@command(CommandId.SUBMIT_MULTI)
class SubmitMulti(ServiceType, Source, Destinations, Message, RequestPdu["SubmitMultiResp"]):
    """A message to many. SMPP v3.4 §4.5.1, v5.0 §4.2.3.1."""


@command(CommandId.SUBMIT_MULTI_RESP)
class SubmitMultiResp(MessageId, Resp):
    """SMPP v3.4 §4.5.2, v5.0 §4.2.3.2."""

    unsuccess_sme: tuple[UnsuccessSme, ...] = coded(UnsuccessSmes(), default=())

    @property
    def no_unsuccess(self) -> int:
        """Members of ``unsuccess_sme``, at most 255."""
        return len(self.unsuccess_sme)


@command(CommandId.DELIVER_SM)
class DeliverSm(ServiceType, Source, Destination, Message, RequestPdu["DeliverSmResp"]):
    """A message or a receipt for an ESME. SMPP v3.4 §4.6.1, v5.0 §4.3.1.1."""


@command(CommandId.DELIVER_SM_RESP)
class DeliverSmResp(MessageId, Resp):
    """SMPP v3.4 §4.6.2, v5.0 §4.3.1: message_id is unused and empty."""


@command(CommandId.DATA_SM)
class DataSm(
    ServiceType,
    LongSource,
    LongDestination,
    EsmClass,
    RegisteredDelivery,
    DataCoding,
    RequestPdu["DataSmResp"],
):
    """A message in either direction, its text in a TLV. SMPP v3.4 §4.7.1, v5.0 §4.2.2.1."""


@command(CommandId.DATA_SM_RESP)
class DataSmResp(MessageId, Resp):
    """SMPP v3.4 §4.7.2, v5.0 §4.2.2.2."""


# What became of a message, SMPP v3.4 §4.8 to §4.10, v5.0 §4.5.


@command(CommandId.QUERY_SM)
class QuerySm(MessageId, Source, RequestPdu["QuerySmResp"]):
    """SMPP v3.4 §4.8.1, v5.0 §4.5.2.1."""


@command(CommandId.QUERY_SM_RESP)
class QuerySmResp(MessageId, Resp):
    """SMPP v3.4 §4.8.2, v5.0 §4.5.2.2."""

    final_date: bytes = c_octet_string(17, default=b"")
    message_state: int = integer(default=0)
    error_code: int = integer(default=0)


@command(CommandId.CANCEL_SM)
class CancelSm(ServiceType, MessageId, Source, Destination, RequestPdu["CancelSmResp"]):
    """SMPP v3.4 §4.9.1, v5.0 §4.5.1.1."""


@command(CommandId.CANCEL_SM_RESP)
class CancelSmResp(BareResp):
    """SMPP v3.4 §4.9.2, v5.0 §4.5.1.2."""


@command(CommandId.REPLACE_SM)
class ReplaceSm(
    MessageId,
    Source,
    DeliveryTimes,
    RegisteredDelivery,
    SmDefaultMsgId,
    ShortMessage,
    RequestPdu["ReplaceSmResp"],
):
    """SMPP v3.4 §4.10.1, v5.0 §4.5.3.1."""


@command(CommandId.REPLACE_SM_RESP)
class ReplaceSmResp(BareResp):
    """SMPP v3.4 §4.10.2, v5.0 §4.5.3.2."""


# Broadcasts, SMPP v5.0 §4.4 and §4.6.


@command(CommandId.BROADCAST_SM)
class BroadcastSm(
    ServiceType,
    Source,
    MessageId,
    PriorityFlag,
    DeliveryTimes,
    ReplaceIfPresentFlag,
    DataCoding,
    SmDefaultMsgId,
    RequestPdu["BroadcastSmResp"],
):
    """A message to an area; area, content and rate stand in TLVs. SMPP v5.0 §4.4.1.1."""


@command(CommandId.BROADCAST_SM_RESP)
class BroadcastSmResp(MessageId, Resp):
    """SMPP v5.0 §4.4.1.2."""


@command(CommandId.QUERY_BROADCAST_SM)
class QueryBroadcastSm(MessageId, Source, RequestPdu["QueryBroadcastSmResp"]):
    """SMPP v5.0 §4.6.1.1."""


@command(CommandId.QUERY_BROADCAST_SM_RESP)
class QueryBroadcastSmResp(MessageId, Resp):
    """SMPP v5.0 §4.6.1.3; the states stand in TLVs."""


@command(CommandId.CANCEL_BROADCAST_SM)
class CancelBroadcastSm(ServiceType, MessageId, Source, RequestPdu["CancelBroadcastSmResp"]):
    """SMPP v5.0 §4.6.2.1."""


@command(CommandId.CANCEL_BROADCAST_SM_RESP)
class CancelBroadcastSmResp(BareResp):
    """SMPP v5.0 §4.6.2.3."""
