"""PDUs octet by octet, with what they say. None was written by this project.

``smpplib`` and ``smpp34`` octets were written by those libraries (`test_oracles` asks them again
with other values), the others stand in the documents named; those of the FAQ are bodies, and
the headers in front of them are the only octets from here.
"""

from __future__ import annotations

from typing import NamedTuple

from smppgate.txsmpp.pdu import (
    AlertNotification,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    QuerySmResp,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    Unbind,
    UnbindResp,
    UnsuccessSme,
)


class Vector(NamedTuple):
    name: str
    octets: bytes
    pdu: Pdu


VECTORS = [
    Vector(
        "SMPP v5.0 §3.2.2, the sample PDU: bind_transmitter",
        bytes.fromhex(
            "0000002F 00000002 00000000 00000001 534D50503354455354 00"
            "7365637265743038 00 5355424D495431 00 50 01 01 00"
        ),
        BindTransmitter(
            sequence_number=1,
            system_id=b"SMPP3TEST",
            password=b"secret08",
            system_type=b"SUBMIT1",
            interface_version=0x50,
            addr_ton=1,
            addr_npi=1,
        ),
    ),
    Vector(
        "SMS Forum FAQ: submit_multi_resp, two of the destinations failed",
        bytes.fromhex(
            "0000002D 80000021 00000000 00000009"
            "41424300 02 01 01 353535353500 00000005 02 08 363534353500 00000015"
        ),
        SubmitMultiResp(
            sequence_number=9,
            message_id=b"ABC",
            unsuccess_sme=(
                UnsuccessSme(
                    dest_addr_ton=1,
                    dest_addr_npi=1,
                    destination_addr=b"55555",
                    error_status_code=5,
                ),
                UnsuccessSme(
                    dest_addr_ton=2,
                    dest_addr_npi=8,
                    destination_addr=b"65455",
                    error_status_code=0x15,
                ),
            ),
        ),
    ),
    Vector(
        "SMS Forum FAQ: submit_multi_resp, none failed",
        bytes.fromhex("00000015 80000021 00000000 00000009 41424300 00"),
        SubmitMultiResp(sequence_number=9, message_id=b"ABC"),
    ),
    Vector(
        "smpplib: bind_transceiver",
        bytes.fromhex(
            "0000002900000009000000000000000161636d650073656372657400564d53003401015e3434373700"
        ),
        BindTransceiver(
            sequence_number=1,
            system_id=b"acme",
            password=b"secret",
            system_type=b"VMS",
            addr_ton=1,
            addr_npi=1,
            address_range=b"^4477",
        ),
    ),
    Vector(
        "smpplib: bind_transceiver_resp with sc_interface_version",
        bytes.fromhex("0000001a80000009000000000000000167617465000210000134"),
        BindTransceiverResp(sequence_number=1, system_id=b"gate", tlvs=(Tlv(0x0210, b"\x34"),)),
    ),
    Vector(
        "smpplib: submit_sm, a segment in UCS-2 with two TLVs",
        bytes.fromhex(
            "0000005a000000040000000000000002434d5400050042616e6b000101343437"
            "3730303930303132330040010200303030303031303030303030303030520001"
            "0008000a05000307020100680069020400021234020a000223f0"
        ),
        SubmitSm(
            sequence_number=2,
            service_type=b"CMT",
            source_addr_ton=5,
            source_addr=b"Bank",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=b"447700900123",
            esm_class=0x40,
            protocol_id=1,
            priority_flag=2,
            validity_period=b"000001000000000R",
            registered_delivery=1,
            data_coding=8,
            short_message=b"\x05\x00\x03\x07\x02\x01\x00h\x00i",
            tlvs=(Tlv(0x0204, b"\x12\x34"), Tlv(0x020A, b"\x23\xf0")),
        ),
    ),
    Vector(
        "smpplib: submit_sm_resp",
        bytes.fromhex("0000001780000004000000000000000261316232633300"),
        SubmitSmResp(sequence_number=2, message_id=b"a1b2c3"),
    ),
    Vector(
        "smpplib: deliver_sm, a receipt",
        bytes.fromhex(
            "000000a500000005000000000000000300010134343737303039303031323300"
            "050042616e6b000400000000000000006469643a613162326333207375623a30"
            "303120646c7672643a303031207375626d697420646174653a32343031303131"
            "32303020646f6e6520646174653a3234303130313132303120737461743a4445"
            "4c49565244206572723a30303020746578743a68690427000102001e00076131"
            "6232633300"
        ),
        DeliverSm(
            sequence_number=3,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=b"447700900123",
            dest_addr_ton=5,
            destination_addr=b"Bank",
            esm_class=4,
            short_message=b"id:a1b2c3 sub:001 dlvrd:001 submit date:2401011200 "
            b"done date:2401011201 stat:DELIVRD err:000 text:hi",
            tlvs=(Tlv(0x0427, b"\x02"), Tlv(0x001E, b"a1b2c3\0")),
        ),
    ),
    Vector(
        "smpplib: deliver_sm_resp",
        bytes.fromhex("0000001180000005000000000000000300"),
        DeliverSmResp(sequence_number=3),
    ),
    Vector(
        "smpplib: data_sm",
        bytes.fromhex(
            "00000028000001030000000000000004000101313131000101323232000001040424000400010203"
        ),
        DataSm(
            sequence_number=4,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=b"111",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=b"222",
            registered_delivery=1,
            data_coding=4,
            tlvs=(Tlv(0x0424, b"\x00\x01\x02\x03"),),
        ),
    ),
    Vector(
        "smpplib: data_sm_resp",
        bytes.fromhex("00000013800001030000000000000004373700"),
        DataSmResp(sequence_number=4, message_id=b"77"),
    ),
    Vector(
        "smpplib: query_sm",
        bytes.fromhex("0000001e00000003000000000000000561316232633300050042616e6b00"),
        QuerySm(sequence_number=5, message_id=b"a1b2c3", source_addr_ton=5, source_addr=b"Bank"),
    ),
    Vector(
        "smpplib: query_sm_resp",
        bytes.fromhex(
            "0000002a800000030000000000000005613162326333003234303130313132303130303030302b000200"
        ),
        QuerySmResp(
            sequence_number=5,
            message_id=b"a1b2c3",
            final_date=b"240101120100000+",
            message_state=2,
        ),
    ),
    Vector(
        "smpplib: alert_notification",
        bytes.fromhex(
            "0000002b00000102000000000000000601013434373730303930303132330000"
            "0042616e6b000422000100"
        ),
        AlertNotification(
            sequence_number=6,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=b"447700900123",
            esme_addr=b"Bank",
            tlvs=(Tlv(0x0422, b"\x00"),),
        ),
    ),
    Vector(
        "smpplib: unbind",
        bytes.fromhex("0000001000000006000000007fffffff"),
        Unbind(sequence_number=0x7FFFFFFF),
    ),
    Vector(
        "smpplib: unbind_resp",
        bytes.fromhex("0000001080000006000000007fffffff"),
        UnbindResp(sequence_number=0x7FFFFFFF),
    ),
    Vector(
        "smpplib: enquire_link",
        bytes.fromhex("0000001000000015000000007fffffff"),
        EnquireLink(sequence_number=0x7FFFFFFF),
    ),
    Vector(
        "smpplib: enquire_link_resp",
        bytes.fromhex("0000001080000015000000007fffffff"),
        EnquireLinkResp(sequence_number=0x7FFFFFFF),
    ),
    Vector(
        "smpplib: generic_nack",
        bytes.fromhex("0000001080000000000000037fffffff"),
        GenericNack(command_status=3, sequence_number=0x7FFFFFFF),
    ),
    Vector(
        "smpp34: submit_sm with a vendor's TLV and a repeated one",
        bytes.fromhex(
            "0000006800000004000000000102030400050042616e6b000101343437373030"
            "3930303132330000000030303030303030313030303030303052000011000000"
            "026869140000070076656e646f72038100080101013701010137038100040101"
            "0138020c0002fffe"
        ),
        SubmitSm(
            sequence_number=0x01020304,
            source_addr_ton=5,
            source_addr=b"Bank",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=b"447700900123",
            schedule_delivery_time=b"000000010000000R",
            registered_delivery=0x11,
            short_message=b"hi",
            tlvs=(
                Tlv(0x1400, b"\0vendor"),
                Tlv(0x0381, bytes.fromhex("0101013701010137")),
                Tlv(0x0381, bytes.fromhex("01010138")),
                Tlv(0x020C, b"\xff\xfe"),
            ),
        ),
    ),
    Vector(
        "smpp34: deliver_sm, an intermediate notification with message_payload",
        bytes.fromhex(
            "0000007400000005000000000000000a00000034343737303039303031323300"
            "000042616e6b0020000300000000030000001e00076131623263330004270001"
            "0104230003030005042400287878787878787878787878787878787878787878"
            "7878787878787878787878787878787878787878"
        ),
        DeliverSm(
            sequence_number=10,
            source_addr=b"447700900123",
            destination_addr=b"Bank",
            esm_class=0x20,
            priority_flag=3,
            data_coding=3,
            tlvs=(
                Tlv(0x001E, b"a1b2c3\0"),
                Tlv(0x0427, b"\x01"),
                Tlv(0x0423, b"\x03\x00\x05"),
                Tlv(0x0424, b"x" * 40),
            ),
        ),
    ),
]
