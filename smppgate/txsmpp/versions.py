"""What SMPP 3.3, 3.4 and 5.0 do not share, as data.

PDUs look the same in all of them: the later ones have more commands, and TLVs.
"""

from __future__ import annotations

import attrs

from smppgate.txsmpp.constants import CommandId, Tag, numbers

_V3_3 = numbers(
    CommandId.BIND_RECEIVER,
    CommandId.BIND_TRANSMITTER,
    CommandId.QUERY_SM,
    CommandId.SUBMIT_SM,
    CommandId.DELIVER_SM,
    CommandId.UNBIND,
    CommandId.REPLACE_SM,
    CommandId.CANCEL_SM,
    CommandId.ENQUIRE_LINK,
    CommandId.SUBMIT_MULTI,
    CommandId.GENERIC_NACK,
    CommandId.BIND_RECEIVER_RESP,
    CommandId.BIND_TRANSMITTER_RESP,
    CommandId.QUERY_SM_RESP,
    CommandId.SUBMIT_SM_RESP,
    CommandId.DELIVER_SM_RESP,
    CommandId.UNBIND_RESP,
    CommandId.REPLACE_SM_RESP,
    CommandId.CANCEL_SM_RESP,
    CommandId.ENQUIRE_LINK_RESP,
    CommandId.SUBMIT_MULTI_RESP,
)

_V3_4 = _V3_3 | numbers(
    CommandId.BIND_TRANSCEIVER,
    CommandId.BIND_TRANSCEIVER_RESP,
    CommandId.OUTBIND,
    CommandId.ALERT_NOTIFICATION,
    CommandId.DATA_SM,
    CommandId.DATA_SM_RESP,
)

_V5_0 = _V3_4 | numbers(
    CommandId.BROADCAST_SM,
    CommandId.BROADCAST_SM_RESP,
    CommandId.QUERY_BROADCAST_SM,
    CommandId.QUERY_BROADCAST_SM_RESP,
    CommandId.CANCEL_BROADCAST_SM,
    CommandId.CANCEL_BROADCAST_SM_RESP,
)


_V5_0_TAGS = numbers(
    Tag.CONGESTION_STATE,
    Tag.BROADCAST_CHANNEL_INDICATOR,
    Tag.BROADCAST_CONTENT_TYPE,
    Tag.BROADCAST_CONTENT_TYPE_INFO,
    Tag.BROADCAST_MESSAGE_CLASS,
    Tag.BROADCAST_REP_NUM,
    Tag.BROADCAST_FREQUENCY_INTERVAL,
    Tag.BROADCAST_AREA_IDENTIFIER,
    Tag.BROADCAST_ERROR_STATUS,
    Tag.BROADCAST_AREA_SUCCESS,
    Tag.BROADCAST_END_TIME,
    Tag.BROADCAST_SERVICE_GROUP,
    Tag.BILLING_IDENTIFICATION,
    Tag.SOURCE_NETWORK_ID,
    Tag.DEST_NETWORK_ID,
    Tag.SOURCE_NODE_ID,
    Tag.DEST_NODE_ID,
    Tag.DEST_ADDR_NP_RESOLUTION,
    Tag.DEST_ADDR_NP_INFORMATION,
    Tag.DEST_ADDR_NP_COUNTRY,
)


@attrs.frozen(kw_only=True)
class Version:
    """One version of SMPP.

    ``name`` is what settings call it; ``interface_version`` the octet in a bind. ``commands``
    are the command_ids it has. ``tlvs`` says whether a PDU may carry any: none may be sent to
    a peer that bound with less than 0x34 (SMPP v3.4 §1.6.1). ``hex_message_ids`` says that a
    message_id is the hexadecimal writing of a number, of ``message_id_size`` octets with its NUL;
    where it is false, an id is any string. ``newer_tags`` are the tags of the specification that
    came with a later version; those of vendors are in none. ``congestion_state`` says whether
    resps may tell it.
    """

    name: str
    interface_version: int
    commands: frozenset[int]
    tlvs: bool
    newer_tags: frozenset[int]
    hex_message_ids: bool
    message_id_size: int
    congestion_state: bool


V3_3 = Version(
    name="3.3",
    interface_version=0x33,
    commands=_V3_3,
    tlvs=False,
    newer_tags=numbers(*Tag),
    hex_message_ids=True,
    message_id_size=9,
    congestion_state=False,
)

V3_4 = Version(
    name="3.4",
    interface_version=0x34,
    commands=_V3_4,
    tlvs=True,
    newer_tags=_V5_0_TAGS,
    hex_message_ids=False,
    message_id_size=65,
    congestion_state=False,
)

V5_0 = Version(
    name="5.0",
    interface_version=0x50,
    commands=_V5_0,
    tlvs=True,
    newer_tags=frozenset(),
    hex_message_ids=False,
    message_id_size=65,
    congestion_state=True,
)

VERSIONS: dict[str, Version] = {version.name: version for version in (V3_3, V3_4, V5_0)}
"""Name in settings → version."""


def version_named(name: str) -> Version:
    """The version that settings call so: ``3.3``, ``3.4`` or ``5.0``.

    :raises ValueError: naming those there are, for any other name.
    """
    try:
        return VERSIONS[name]
    except KeyError:
        raise ValueError(f"no SMPP version {name!r}: it is one of {', '.join(VERSIONS)}") from None


def version_of(interface_version: int) -> Version:
    """The version that a bind with this interface_version (one octet) speaks.

    Up to 0x33 it is 3.3 (SMPP v3.4 §5.2.4); a number between two versions, or beyond the last,
    is a peer that can at least speak the one below.
    """
    if interface_version < V3_4.interface_version:
        return V3_3
    return V3_4 if interface_version < V5_0.interface_version else V5_0
