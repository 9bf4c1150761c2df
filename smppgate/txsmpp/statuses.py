"""command_status: the specification's names, and what each says in a few words."""

from __future__ import annotations

from enum import IntEnum


class CommandStatus(IntEnum):
    """command_status, 4 octets. SMPP v3.4 §5.1.3, v5.0 §4.7.6.

    `status_meaning` puts any of them, also an unknown one, into words.
    """

    ESME_ROK = 0x00000000
    ESME_RINVMSGLEN = 0x00000001
    ESME_RINVCMDLEN = 0x00000002
    ESME_RINVCMDID = 0x00000003
    ESME_RINVBNDSTS = 0x00000004
    ESME_RALYBND = 0x00000005
    ESME_RINVPRTFLG = 0x00000006
    ESME_RINVREGDLVFLG = 0x00000007
    ESME_RSYSERR = 0x00000008
    ESME_RINVSRCADR = 0x0000000A
    ESME_RINVDSTADR = 0x0000000B
    ESME_RINVMSGID = 0x0000000C
    ESME_RBINDFAIL = 0x0000000D
    ESME_RINVPASWD = 0x0000000E
    ESME_RINVSYSID = 0x0000000F
    ESME_RCANCELFAIL = 0x00000011
    ESME_RREPLACEFAIL = 0x00000013
    ESME_RMSGQFUL = 0x00000014
    ESME_RINVSERTYP = 0x00000015
    ESME_RINVNUMDESTS = 0x00000033
    ESME_RINVDLNAME = 0x00000034
    ESME_RINVDESTFLAG = 0x00000040
    ESME_RINVSUBREP = 0x00000042
    ESME_RINVESMCLASS = 0x00000043
    ESME_RCNTSUBDL = 0x00000044
    ESME_RSUBMITFAIL = 0x00000045
    ESME_RINVSRCTON = 0x00000048
    ESME_RINVSRCNPI = 0x00000049
    ESME_RINVDSTTON = 0x00000050
    ESME_RINVDSTNPI = 0x00000051
    ESME_RINVSYSTYP = 0x00000053
    ESME_RINVREPFLAG = 0x00000054
    ESME_RINVNUMMSGS = 0x00000055
    ESME_RTHROTTLED = 0x00000058
    ESME_RINVSCHED = 0x00000061
    ESME_RINVEXPIRY = 0x00000062
    ESME_RINVDFTMSGID = 0x00000063
    ESME_RX_T_APPN = 0x00000064
    ESME_RX_P_APPN = 0x00000065
    ESME_RX_R_APPN = 0x00000066
    ESME_RQUERYFAIL = 0x00000067
    ESME_RINVTLVSTREAM = 0x000000C0
    ESME_RTLVNOTALLWD = 0x000000C1
    ESME_RINVTLVLEN = 0x000000C2
    ESME_RMISSINGTLV = 0x000000C3
    ESME_RINVTLVVAL = 0x000000C4
    ESME_RDELIVERYFAILURE = 0x000000FE
    ESME_RUNKNOWNERR = 0x000000FF
    ESME_RSERTYPUNAUTH = 0x00000100
    ESME_RPROHIBITED = 0x00000101
    ESME_RSERTYPUNAVAIL = 0x00000102
    ESME_RSERTYPDENIED = 0x00000103
    ESME_RINVDCS = 0x00000104
    ESME_RINVSRCADDRSUBUNIT = 0x00000105
    ESME_RINVDSTADDRSUBUNIT = 0x00000106
    ESME_RINVBCASTFREQINT = 0x00000107
    ESME_RINVBCASTALIAS_NAME = 0x00000108
    ESME_RINVBCASTAREAFMT = 0x00000109
    ESME_RINVNUMBCAST_AREAS = 0x0000010A
    ESME_RINVBCASTCNTTYPE = 0x0000010B
    ESME_RINVBCASTMSGCLASS = 0x0000010C
    ESME_RBCASTFAIL = 0x0000010D
    ESME_RBCASTQUERYFAIL = 0x0000010E
    ESME_RBCASTCANCELFAIL = 0x0000010F
    ESME_RINVBCAST_REP = 0x00000110
    ESME_RINVBCASTSRVGRP = 0x00000111
    ESME_RINVBCASTCHANIND = 0x00000112

    # Names that v3.4 has for what v5.0 renamed.
    ESME_RINVOPTPARSTREAM = ESME_RINVTLVSTREAM
    ESME_ROPTPARNOTALLWD = ESME_RTLVNOTALLWD
    ESME_RINVPARLEN = ESME_RINVTLVLEN
    ESME_RMISSINGOPTPARAM = ESME_RMISSINGTLV
    ESME_RINVOPTPARAMVAL = ESME_RINVTLVVAL


TRANSIENT: frozenset[int] = frozenset(
    {
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RX_T_APPN,
    }
)
"""Statuses that speak of the moment and not of the message: another peer, or the same one later,
may well take it. They are what Kannel sends again on."""

BIND_STATUSES: frozenset[int] = frozenset(
    {
        CommandStatus.ESME_RINVBNDSTS,
        CommandStatus.ESME_RALYBND,
        CommandStatus.ESME_RBINDFAIL,
        CommandStatus.ESME_RINVPASWD,
        CommandStatus.ESME_RINVSYSID,
    }
)
"""Statuses that speak of the sender's bind and not of the message: a peer that has forgotten a
bind gives them to messages."""

STATUS_MEANINGS: dict[int, str] = {
    CommandStatus.ESME_ROK: "no error",
    CommandStatus.ESME_RINVMSGLEN: "invalid message length",
    CommandStatus.ESME_RINVCMDLEN: "invalid command length",
    CommandStatus.ESME_RINVCMDID: "invalid command id",
    CommandStatus.ESME_RINVBNDSTS: "command not allowed in this bind state",
    CommandStatus.ESME_RALYBND: "already bound",
    CommandStatus.ESME_RINVPRTFLG: "invalid priority flag",
    CommandStatus.ESME_RINVREGDLVFLG: "invalid registered delivery flag",
    CommandStatus.ESME_RSYSERR: "system error",
    CommandStatus.ESME_RINVSRCADR: "invalid source address",
    CommandStatus.ESME_RINVDSTADR: "invalid destination address",
    CommandStatus.ESME_RINVMSGID: "invalid message id",
    CommandStatus.ESME_RBINDFAIL: "bind failed",
    CommandStatus.ESME_RINVPASWD: "invalid password",
    CommandStatus.ESME_RINVSYSID: "invalid system id",
    CommandStatus.ESME_RCANCELFAIL: "cancel_sm failed",
    CommandStatus.ESME_RREPLACEFAIL: "replace_sm failed",
    CommandStatus.ESME_RMSGQFUL: "message queue full",
    CommandStatus.ESME_RINVSERTYP: "invalid service type",
    CommandStatus.ESME_RINVNUMDESTS: "invalid number of destinations",
    CommandStatus.ESME_RINVDLNAME: "invalid distribution list name",
    CommandStatus.ESME_RINVDESTFLAG: "invalid destination flag",
    CommandStatus.ESME_RINVSUBREP: "invalid submit with replace request",
    CommandStatus.ESME_RINVESMCLASS: "invalid esm_class",
    CommandStatus.ESME_RCNTSUBDL: "cannot submit to distribution list",
    CommandStatus.ESME_RSUBMITFAIL: "submit failed",
    CommandStatus.ESME_RINVSRCTON: "invalid source type of number",
    CommandStatus.ESME_RINVSRCNPI: "invalid source numbering plan",
    CommandStatus.ESME_RINVDSTTON: "invalid destination type of number",
    CommandStatus.ESME_RINVDSTNPI: "invalid destination numbering plan",
    CommandStatus.ESME_RINVSYSTYP: "invalid system type",
    CommandStatus.ESME_RINVREPFLAG: "invalid replace_if_present flag",
    CommandStatus.ESME_RINVNUMMSGS: "invalid number of messages",
    CommandStatus.ESME_RTHROTTLED: "throttled: over the allowed message rate",
    CommandStatus.ESME_RINVSCHED: "invalid scheduled delivery time",
    CommandStatus.ESME_RINVEXPIRY: "invalid validity period",
    CommandStatus.ESME_RINVDFTMSGID: "predefined message invalid or not found",
    CommandStatus.ESME_RX_T_APPN: "receiver: temporary application error",
    CommandStatus.ESME_RX_P_APPN: "receiver: permanent application error",
    CommandStatus.ESME_RX_R_APPN: "receiver: message rejected",
    CommandStatus.ESME_RQUERYFAIL: "query_sm failed",
    CommandStatus.ESME_RINVTLVSTREAM: "error in the TLVs of the body",
    CommandStatus.ESME_RTLVNOTALLWD: "TLV not allowed",
    CommandStatus.ESME_RINVTLVLEN: "invalid TLV length",
    CommandStatus.ESME_RMISSINGTLV: "expected TLV missing",
    CommandStatus.ESME_RINVTLVVAL: "invalid TLV value",
    CommandStatus.ESME_RDELIVERYFAILURE: "delivery failure",
    CommandStatus.ESME_RUNKNOWNERR: "unknown error",
    CommandStatus.ESME_RSERTYPUNAUTH: "not authorised to use this service type",
    CommandStatus.ESME_RPROHIBITED: "prohibited from using this operation",
    CommandStatus.ESME_RSERTYPUNAVAIL: "service type unavailable",
    CommandStatus.ESME_RSERTYPDENIED: "service type denied",
    CommandStatus.ESME_RINVDCS: "invalid data coding scheme",
    CommandStatus.ESME_RINVSRCADDRSUBUNIT: "invalid source address subunit",
    CommandStatus.ESME_RINVDSTADDRSUBUNIT: "invalid destination address subunit",
    CommandStatus.ESME_RINVBCASTFREQINT: "invalid broadcast frequency interval",
    CommandStatus.ESME_RINVBCASTALIAS_NAME: "invalid broadcast alias name",
    CommandStatus.ESME_RINVBCASTAREAFMT: "invalid broadcast area format",
    CommandStatus.ESME_RINVNUMBCAST_AREAS: "invalid number of broadcast areas",
    CommandStatus.ESME_RINVBCASTCNTTYPE: "invalid broadcast content type",
    CommandStatus.ESME_RINVBCASTMSGCLASS: "invalid broadcast message class",
    CommandStatus.ESME_RBCASTFAIL: "broadcast_sm failed",
    CommandStatus.ESME_RBCASTQUERYFAIL: "query_broadcast_sm failed",
    CommandStatus.ESME_RBCASTCANCELFAIL: "cancel_broadcast_sm failed",
    CommandStatus.ESME_RINVBCAST_REP: "invalid number of repeated broadcasts",
    CommandStatus.ESME_RINVBCASTSRVGRP: "invalid broadcast service group",
    CommandStatus.ESME_RINVBCASTCHANIND: "invalid broadcast channel indicator",
}
"""command_status → what it says, in a few words, for logs and pages."""

# v5.0 §4.7.6: "reserved for MC vendor specific errors".
_VENDOR_STATUSES = range(0x00000400, 0x00000500)


def status_meaning(command_status: int) -> str:
    """A command_status in a few words; any 4-octet integer is taken, also an unknown one."""
    meaning = STATUS_MEANINGS.get(command_status)
    if meaning is not None:
        return meaning
    kind = "vendor's own" if command_status in _VENDOR_STATUSES else "unknown"
    return f"{kind} status 0x{command_status:08X}"


def status_name(command_status: int) -> str:
    """The specification's name (``ESME_ROK``), ``0x…`` for an unknown one."""
    try:
        return CommandStatus(command_status).name
    except ValueError:
        return f"0x{command_status:08X}"
