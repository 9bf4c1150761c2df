"""Receipts as SMSCs send them, lengths and octets wrong in the ways that have been seen."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.pdu import DeliverSm, Tlv
from tests.txsmpp.strategies import framed


class OwnTlv(Tlv):
    """A TLV that gives its octets."""

    @property
    def octets(self) -> bytes:
        return self.tag.to_bytes(2) + len(self.value).to_bytes(2) + self.value


def id_tlv(value: bytes) -> OwnTlv:
    return OwnTlv(Tag.RECEIPTED_MESSAGE_ID, value)


def state_tlv(state: int) -> OwnTlv:
    return OwnTlv(Tag.MESSAGE_STATE, bytes((state,)))


def usual_text(message_id: bytes, stat: bytes = b"DELIVRD") -> bytes:
    """SMPP v3.4 appendix B."""
    return (
        b"id:%b sub:001 dlvrd:001 submit date:2401011200 done date:2401011201 stat:%b err:000"
        % (message_id, stat)
    )


def deliver(text: bytes = b"", *tlvs: Tlv, esm_class: int = 4, data_coding: int = 0) -> bytes:
    return encode(
        DeliverSm(
            sequence_number=7,
            service_type=b"CMT",
            source_addr=b"447700900123",
            destination_addr=b"Bank",
            esm_class=esm_class,
            data_coding=data_coding,
            short_message=text,
            tlvs=tlvs,
        )
    )


def _payload(text: bytes) -> bytes:
    return b"\4\x24" + len(text).to_bytes(2) + text


FORMS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "right": lambda text, tail: bytes((len(text),)) + text + tail,
    "sm_length one too many": lambda text, tail: bytes((len(text) + 1,)) + text + tail,
    "sm_length far beyond": lambda text, tail: b"\xff" + text + tail,
    "sm_length 0": lambda text, tail: b"\0" + text + tail,
    "sm_length counts characters": lambda text, tail: bytes((len(text) // 2,)) + text + tail,
    "a NUL counted": lambda text, tail: bytes((len(text) + 1,)) + text + b"\0" + tail,
    "a NUL not counted": lambda text, tail: bytes((len(text),)) + text + b"\0" + tail,
    "payload": lambda text, tail: b"\0" + _payload(text) + tail,
    "payload behind TLVs": lambda text, tail: b"\0" + tail + _payload(text),
    "payload behind a NUL": lambda text, tail: b"\1\0" + _payload(text) + tail,
    "payload behind a blank": lambda text, tail: b"\1 " + _payload(text) + tail,
    "payload behind a stray NUL": lambda text, tail: b"\0\0" + _payload(text) + tail,
}
"""Name → what stands from sm_length on, given the text and the TLVs behind it."""


def raw_deliver(
    form: str, text: bytes, tail: bytes = b"", data_coding: int = 0, esm_class: int = 4
) -> bytes:
    """A deliver_sm of that form."""
    outside = b"CMT\0\1\1447700900123\0\0\0Bank\0" + bytes((esm_class, 0, 0, 0, 0, 0, 0))
    return framed(5, outside + bytes((data_coding, 0)) + FORMS[form](text, tail))


words = st.from_regex(rb"[0-9A-Za-z]{1,20}", fullmatch=True)
_names = st.sampled_from([b"id:", b"ID: ", b"id=", b"message_id:", b"MsgID:", b"paid:"])
_pieces = st.one_of(
    st.sampled_from(
        [b"sub:001", b"stat:DELIVRD", b"stat : ENROUTE", b"err:000", b"text:", b"\0", b",", b"id"]
    ),
    st.builds(bytes.__add__, _names, words),
    words,
)
_odd_texts = st.builds(
    lambda pieces, between: between.join(pieces)[:120],
    st.lists(_pieces, max_size=9),
    st.sampled_from([b" ", b"\n", b"\t", b", ", b"\0", b""]),
)
_ends = st.sampled_from([b"", b" text:", b" Text:hello id:9", b" id:9", b" sub:2", b"\0"])
_usual_texts = st.builds(lambda each, end: usual_text(each) + end, words, _ends)
texts = st.one_of(_odd_texts, _usual_texts)

_tlvs = st.one_of(
    words.map(lambda each: id_tlv(each + b"\0").octets),
    words.map(lambda each: id_tlv(b" " + each).octets),
    st.integers(0, 9).map(lambda state: state_tlv(state).octets),
    st.sampled_from([b"\4\x23\0\3\3\0\0", b"\x14\0\0\1x", b"\0\0\0\0", b"\0", b"\0\x1e\0\0"]),
)
_encodings = st.sampled_from(["latin-1", "latin-1", "utf-16-be", "utf-16-le", "utf-16"])


UNCOUNTED = ("sm_length 0", "sm_length counts characters")
"""Forms whose text goes on where TLVs are said to be."""


def right_receipts() -> st.SearchStrategy[bytes]:
    """Deliver_sm whose lengths are right."""
    return _receipts(st.sampled_from(["right", "payload", "payload behind TLVs"]), _encodings)


def faulty_receipts(*, counted: bool = False) -> st.SearchStrategy[bytes]:
    """Deliver_sm of all these forms, or of those only whose sm_length counts all of the text.

    In the others there is a usual text here, and no UTF-16: what is neither may be TLVs as well.
    A byte order mark is no text by itself: it would be the tag of a TLV.
    """
    forms = [form for form in sorted(FORMS) if form not in UNCOUNTED]
    counted_ones = _receipts(st.sampled_from(forms), _encodings)
    if counted:
        return counted_ones
    uncounted = _receipts(st.sampled_from(UNCOUNTED), st.just("latin-1"), _usual_texts)
    return st.one_of(counted_ones, uncounted)


def _receipts(
    forms: st.SearchStrategy[str],
    encodings: st.SearchStrategy[str],
    texts: st.SearchStrategy[bytes] = texts,
) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda form, text, encoding, tail, coding, esm_class: raw_deliver(
            form,
            text and text.decode("latin-1").encode(encoding),
            b"".join(tail),
            coding,
            esm_class,
        ),
        forms,
        texts,
        encodings,
        st.lists(_tlvs, max_size=4),
        st.sampled_from([0, 8]),
        st.sampled_from([0, 4, 0x44, 0x24]),
    )
