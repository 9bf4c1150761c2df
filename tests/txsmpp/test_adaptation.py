"""What a PDU becomes for a peer of another version."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import peek
from smppgate.txsmpp.adaptation import adapted, to_deliver_sm
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import (
    PDU_TYPES,
    BroadcastSm,
    DataSm,
    DeliverSm,
    Pdu,
    QuerySmResp,
    ReplaceSm,
    Resp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    UnsuccessSme,
)
from smppgate.txsmpp.segments import Segment, segment_of
from smppgate.txsmpp.versions import V3_3, V3_4, V5_0
from tests.txsmpp.strategies import garbage_bodies, pdus, result, tlv_lists

OF_V3_3 = [kind for command_id, kind in PDU_TYPES.items() if command_id in V3_3.commands]
OF_V3_4 = [kind for command_id, kind in PDU_TYPES.items() if command_id in V3_4.commands]
WITH_TEXT = [SubmitSm, SubmitMulti, DeliverSm, ReplaceSm]

PAYLOAD = Tlv(Tag.MESSAGE_PAYLOAD, b"a long text")
VENDOR = Tlv(0x1400, b"\0\1")
NEWER = Tlv(Tag.BILLING_IDENTIFICATION, b"\1x")
UNKNOWN = Tlv(0x0042, b"")


def with_more(octets: bytes, more: bytes) -> bytes:
    return (len(octets) + len(more)).to_bytes(4, "big") + octets[4:] + more


def first_payload(pdu: Pdu) -> bytes:
    return next((tlv.value for tlv in pdu.tlvs if tlv.tag == Tag.MESSAGE_PAYLOAD), b"")


# What a receipt becomes, and what SAR and port TLVs do, is told further down.
TOLD_TAGS = {
    Tag.RECEIPTED_MESSAGE_ID,
    Tag.SAR_MSG_REF_NUM,
    Tag.SAR_TOTAL_SEGMENTS,
    Tag.SAR_SEGMENT_SEQNUM,
    Tag.SOURCE_PORT,
    Tag.DEST_PORT,
}


def plain(pdu: Pdu) -> Pdu:
    """The same, but no receipt, no part, and for no port."""
    pdu = attrs.evolve(
        pdu, tlvs=tuple(tlv for tlv in pdu.tlvs if tlv.tag and tlv.tag not in TOLD_TAGS)
    )
    if hasattr(pdu, "esm_class"):
        pdu = attrs.evolve(pdu, esm_class=pdu.esm_class & ~0x7C)
    return pdu


@given(pdus(*OF_V3_3).map(plain))
def test_a_peer_of_3_3_gets_no_tlvs_and_the_payload_as_short_message(pdu):
    expected = attrs.evolve(pdu, tlvs=())
    if getattr(pdu, "short_message", b"x").strip(b"\0 ") == b"" and first_payload(pdu):
        expected = attrs.evolve(expected, short_message=first_payload(pdu))
    assert adapted(encode(pdu), V3_3, pass_newer=True) == encode(expected)


@given(pdus(*OF_V3_4))
def test_a_peer_of_3_4_gets_no_tlvs_that_only_5_0_has(pdu):
    octets = encode(pdu)
    kept = tuple(tlv for tlv in pdu.tlvs if tlv.tag not in V3_4.newer_tags)
    assert adapted(octets, V3_4, pass_newer=False) == encode(attrs.evolve(pdu, tlvs=kept))
    assert adapted(octets, V3_4, pass_newer=True) == octets


@given(pdus(), st.booleans())
def test_a_peer_of_5_0_gets_everything(pdu, pass_newer):
    octets = encode(pdu)
    assert adapted(octets, V5_0, pass_newer) == octets


def test_vendors_and_unknown_tlvs_stay_in_their_order_and_as_often():
    tlvs = (VENDOR, NEWER, UNKNOWN, VENDOR, NEWER, PAYLOAD)
    octets = encode(SubmitSm(short_message=b"hi", tlvs=tlvs))
    expected = encode(SubmitSm(short_message=b"hi", tlvs=(VENDOR, UNKNOWN, VENDOR, PAYLOAD)))
    assert adapted(octets, V3_4, pass_newer=False) == expected


@pytest.mark.parametrize("kind", WITH_TEXT)
@pytest.mark.parametrize("size", [1, 254])
def test_a_payload_that_fits_becomes_the_text(kind, size):
    tlvs = (VENDOR, Tlv(Tag.MESSAGE_PAYLOAD, b"." * size), PAYLOAD)
    octets = encode(kind(sequence_number=7, tlvs=tlvs))
    expected = encode(kind(sequence_number=7, short_message=b"." * size))
    assert adapted(octets, V3_3, pass_newer=False) == expected


@pytest.mark.parametrize("kind", WITH_TEXT)
def test_a_payload_that_does_not_fit_is_refused(kind):
    octets = encode(kind(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"." * 255),)))
    refused = result(adapted, octets, V3_3, False)
    assert isinstance(refused, PduError)
    assert refused.command_status == CommandStatus.ESME_RINVMSGLEN
    assert "message_payload" in str(refused)


@pytest.mark.parametrize("text", [b"\0", b" ", b"  ", b"\0\0"])
@pytest.mark.parametrize("kind", WITH_TEXT)
def test_a_text_of_nuls_and_blanks_gives_way_to_a_payload(kind, text):
    assert adapted(encode(kind(short_message=text, tlvs=(PAYLOAD,))), V3_3, False) == encode(
        kind(short_message=PAYLOAD.value)
    )
    assert adapted(encode(kind(short_message=text, tlvs=(VENDOR,))), V3_3, False) == encode(
        kind(short_message=text)
    )


@pytest.mark.parametrize("text", [b"hi", b"h\0"])
def test_a_text_that_is_there_stays_and_the_payload_goes(text):
    tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, b"." * 255),)
    octets = encode(SubmitSm(short_message=text, tlvs=tlvs))
    assert adapted(octets, V3_3, False) == encode(SubmitSm(short_message=text))


@pytest.mark.parametrize(
    ("pdu", "version"),
    [
        (DataSm(tlvs=(PAYLOAD,)), V3_3),
        (BroadcastSm(), V3_3),
        (BroadcastSm(), V3_4),
    ],
)
def test_a_request_that_the_version_does_not_have_is_refused(pdu, version):
    refused = result(adapted, encode(pdu), version, False)
    assert isinstance(refused, PduError)
    assert refused.command_status == CommandStatus.ESME_RINVCMDID


@pytest.mark.parametrize(
    "pdu",
    [
        SubmitSmResp(message_id=b"77"),
        QuerySmResp(message_id=b"77", final_date=b"", message_state=2, error_code=1),
        SubmitMultiResp(
            message_id=b"77",
            unsuccess_sme=(
                UnsuccessSme(destination_addr=b"1", error_status_code=8),
                UnsuccessSme(destination_addr=b"22", error_status_code=0),
            ),
        ),
        *(kind() for kind in OF_V3_3 if issubclass(kind, Resp)),
    ],
)
def test_resps_lose_their_tlvs(pdu):
    tlvs = (Tlv(Tag.CONGESTION_STATE, b"\5"), Tlv(Tag.DELIVERY_FAILURE_REASON, b"\1"))
    octets = encode(attrs.evolve(pdu, command_status=8, tlvs=tlvs))
    expected = attrs.evolve(pdu, command_status=8)
    assert adapted(octets, V3_3, False) == encode(expected)
    assert adapted(octets, V3_4, False) == encode(attrs.evolve(expected, tlvs=tlvs[1:]))


@pytest.mark.parametrize("kind", [kind for kind in OF_V3_3 if issubclass(kind, Resp)])
@pytest.mark.parametrize("version", [V3_3, V3_4, V5_0])
def test_a_resp_without_a_body_stays_without(kind, version):
    octets = encode(kind(command_status=8, has_body=False))
    assert adapted(octets, version, False) == octets


@pytest.mark.parametrize("garbage", [b"\0", b"\0\1\2", b"\6\x0b\0\5x", b"\6\x0b\0\1x\0"])
def test_tlvs_that_cannot_be_told_apart_stay_for_3_4_and_go_for_3_3(garbage):
    plain = encode(SubmitSm(short_message=b"hi"))
    octets = with_more(plain, garbage)
    assert adapted(octets, V3_4, False) == octets
    assert adapted(octets, V3_3, False) == plain


def test_a_payload_in_front_of_what_cannot_be_read_is_the_text_all_the_same():
    octets = with_more(encode(SubmitSm(tlvs=(PAYLOAD,))), b"\0\1")
    assert adapted(octets, V3_3, False) == encode(SubmitSm(short_message=PAYLOAD.value))


def test_a_payload_that_is_cut_off_is_no_text():
    octets = with_more(encode(SubmitSm()), b"\4\x24\0\x0aabc")
    assert adapted(octets, V3_3, False) == encode(SubmitSm())


@given(st.one_of(garbage_bodies(), garbage_bodies(*OF_V3_3)), st.sampled_from([V3_3, V3_4, V5_0]))
def test_any_octets_become_a_pdu_with_the_right_length_or_are_refused(octets, version):
    found = result(adapted, octets, version, False)
    if isinstance(found, PduError):
        status = found.command_status
        assert status in (CommandStatus.ESME_RINVMSGLEN, CommandStatus.ESME_RINVCMDID)
    else:
        assert int.from_bytes(found[:4], "big") == len(found)
        assert found[4:16] == octets[4:16]
        assert adapted(found, version, False) == found


short = st.binary(max_size=20).map(lambda some: some.replace(b"\0", b"x"))
texts = st.one_of(st.none(), st.binary(max_size=254))
without_payload = tlv_lists().map(
    lambda tlvs: tuple(tlv for tlv in tlvs if tlv.tag != Tag.MESSAGE_PAYLOAD)
)


@given(
    pdus(DataSm).map(plain),
    short,
    short,
    texts,
    without_payload.map(lambda tlvs: plain(DataSm(tlvs=tlvs)).tlvs),
)
def test_a_data_sm_becomes_the_deliver_sm_that_says_the_same(pdu, source, to, text, others):
    payload = () if text is None else (Tlv(Tag.MESSAGE_PAYLOAD, text),)
    pdu = attrs.evolve(
        pdu, source_addr=source, destination_addr=to, tlvs=(*others[:1], *payload, *others[1:])
    )
    expected = DeliverSm(
        command_status=pdu.command_status,
        sequence_number=pdu.sequence_number,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=source,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=to,
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        short_message=text or b"",
    )
    assert decode(to_deliver_sm(encode(pdu))) == expected


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (DataSm(source_addr=b"1" * 21), CommandStatus.ESME_RINVSRCADR),
        (DataSm(destination_addr=b"1" * 21), CommandStatus.ESME_RINVDSTADR),
        (DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"." * 255),)), CommandStatus.ESME_RINVMSGLEN),
    ],
)
def test_a_data_sm_that_fits_no_deliver_sm_is_refused(pdu, status):
    refused = result(to_deliver_sm, encode(pdu))
    assert isinstance(refused, PduError)
    assert refused.command_status == status


@given(garbage_bodies(DataSm))
def test_any_data_sm_becomes_a_deliver_sm_or_is_refused(octets):
    """What is too long in it is for the peer to judge, as it is in any PDU."""
    found = result(to_deliver_sm, octets)
    if not isinstance(found, PduError):
        assert peek.envelope(found) == peek.envelope(octets)
        assert peek.short_message_at(found)[1] == len(found)
        assert Frame.of(found).command_id == CommandId.DELIVER_SM


# SAR and port TLVs


def sar(reference: bytes, total: bytes = b"\2", number: bytes = b"\1") -> tuple[Tlv, ...]:
    return (
        Tlv(Tag.SAR_MSG_REF_NUM, reference),
        Tlv(Tag.SAR_TOTAL_SEGMENTS, total),
        Tlv(Tag.SAR_SEGMENT_SEQNUM, number),
    )


TO_WAP, FROM_WAP = Tlv(Tag.DEST_PORT, b"\x0b\x84"), Tlv(Tag.SOURCE_PORT, b"\x23\xf0")
MESSAGES_OF_V3_3 = [SubmitSm, SubmitMulti, DeliverSm]


@pytest.mark.parametrize(
    ("tlvs", "header"),
    [
        (sar(b"\0\x2a"), b"\5\0\3\x2a\2\1"),
        (sar(b"\x2a", b"\0\2", b"\0\1"), b"\5\0\3\x2a\2\1"),
        (sar(b"\1\x2a", b"\xff", b"\xfe"), b"\6\x08\4\1\x2a\xff\xfe"),
        ((TO_WAP, FROM_WAP), b"\6\5\4\x0b\x84\x23\xf0"),
        ((FROM_WAP,), b"\6\5\4\0\0\x23\xf0"),
        ((TO_WAP,), b"\6\5\4\x0b\x84\0\0"),
        ((Tlv(Tag.DEST_PORT, b"\x50"),), b"\6\5\4\0\x50\0\0"),
        ((TO_WAP, *sar(b"\0\7"), VENDOR), b"\x0b\0\3\7\2\1\5\4\x0b\x84\0\0"),
    ],
)
@pytest.mark.parametrize("kind", MESSAGES_OF_V3_3)
def test_parts_and_ports_become_a_user_data_header(kind, tlvs, header):
    """A telephone would else show parts as messages of their own, and a WAP push as a text."""
    fields = {"sequence_number": 7, "validity_period": b"x", "registered_delivery": 1}
    expected = encode(kind(esm_class=0x43, short_message=header + b"hi", **fields))
    octets = encode(kind(esm_class=3, short_message=b"hi", tlvs=tlvs, **fields))
    assert adapted(octets, V3_3, False) == expected
    payload = Tlv(Tag.MESSAGE_PAYLOAD, b"hi")
    octets = encode(kind(esm_class=3, tlvs=(*tlvs, payload), **fields))
    assert adapted(octets, V3_3, False) == expected
    data_sm = encode(DataSm(esm_class=3, tlvs=(payload, *tlvs)))
    assert decode(to_deliver_sm(data_sm)) == DeliverSm(
        esm_class=0x43, short_message=header + b"hi"
    )


def test_what_a_header_says_already_is_not_said_again_and_what_it_does_not_is_added():
    header = b"\x0b\0\3\7\2\1\5\4\x0b\x84\0\0"
    tlvs = (*sar(b"\0\x2a"), TO_WAP)
    for before in (b"\5\0\3\7\2\1", header):
        octets = encode(SubmitSm(esm_class=0x40, short_message=before + b"hi", tlvs=tlvs))
        expected = encode(SubmitSm(esm_class=0x40, short_message=header + b"hi"))
        assert adapted(octets, V3_3, False) == expected


@pytest.mark.parametrize(
    "tlvs",
    [
        sar(b"\0\7")[:2],
        sar(b"\0\7", b"\1", b"\1"),
        sar(b"\0\7", b"\2", b"\3"),
        sar(b"\0\0\0\7"),
        (Tlv(Tag.DEST_PORT, b""),),
        (Tlv(Tag.DEST_PORT, b"\0\0\1"),),
    ],
)
def test_tlvs_that_say_no_part_and_no_port_change_nothing(tlvs):
    octets = encode(SubmitSm(short_message=b"hi", tlvs=tlvs))
    assert adapted(octets, V3_3, False) == encode(SubmitSm(short_message=b"hi"))


@pytest.mark.parametrize(
    ("text", "esm_class", "tlvs"),
    [
        (b"." * 249, 0, sar(b"\0\7")),
        (b"." * 248, 0, sar(b"\1\7")),
        (b"." * 248, 0, (TO_WAP,)),
        (b"." * 243, 0, (TO_WAP, *sar(b"\0\7"))),
        (b"hi", 0, sar(b"\0\7", b"\1\0", b"\1")),
        (b"hi", 0x40, sar(b"\0\7")),
        (b"", 0x40, (TO_WAP,)),
    ],
)
def test_what_fits_no_header_is_refused_and_not_lost(text, esm_class, tlvs):
    octets = encode(SubmitSm(esm_class=esm_class, short_message=text, tlvs=tlvs))
    refused = result(adapted, octets, V3_3, False)
    assert isinstance(refused, PduError)
    assert refused.command_status == CommandStatus.ESME_RINVMSGLEN
    data_sm = DataSm(esm_class=esm_class, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, text), *tlvs))
    assert isinstance(result(to_deliver_sm, encode(data_sm)), PduError)


def test_the_longest_text_with_a_header_fits():
    octets = encode(SubmitSm(short_message=b"." * 248, tlvs=sar(b"\0\7")))
    found = decode(adapted(octets, V3_3, False))
    assert isinstance(found, SubmitSm)
    assert len(found.short_message) == 254


@given(
    st.sampled_from(MESSAGES_OF_V3_3),
    st.binary(max_size=240),
    st.integers(0, 0xFFFF),
    st.integers(2, 255).flatmap(lambda total: st.tuples(st.just(total), st.integers(1, total))),
)
def test_a_part_stays_the_same_part(kind, text, reference, part):
    octets = encode(
        kind(
            short_message=b"." + text,
            tlvs=sar(reference.to_bytes(2), bytes(part[:1]), bytes(part[1:])),
        )
    )
    found = adapted(octets, V3_3, False)
    assert segment_of(found) == segment_of(octets) == Segment(reference, *part)
    assert found.endswith(b"." + text)


# More TLVs than are looked at


def test_of_thousands_of_tlvs_none_is_cut_out_for_3_4():
    octets = encode(SubmitSm(tlvs=(NEWER,) * 200))
    assert adapted(octets, V3_4, False) == octets
    assert adapted(octets, V3_3, False) == encode(SubmitSm())


def test_a_stray_nul_in_front_of_tlvs_stays_for_3_4():
    plain = encode(SubmitSm(short_message=b"hi"))
    newer = b"\6\x0b\0\2\1x"
    octets = with_more(plain, b"\0\0" + newer + b"\2\0\0\1\1")
    assert adapted(octets, V3_4, False) == with_more(plain, b"\0\0\2\0\0\1\1")
