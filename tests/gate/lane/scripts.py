"""Random scripts of what peers do: see `stages` for what plays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from smppgate.settings import RewriteSettings
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.pdu import DataSm, DeliverSm, Pdu, QuerySm, SubmitSm
from smppgate.txsmpp.tlv import Tlv
from tests.txsmpp.pairs import bare

# What an ESME may send


def _submit(**more: Any) -> SubmitSm:
    fields: dict[str, Any] = {"source_addr": b"1000", "destination_addr": b"447700900123"}
    return SubmitSm(**{**fields, "short_message": b"Hello there", **more})


REQUESTS: dict[str, Pdu] = {
    "plain": _submit(),
    "with receipt": _submit(registered_delivery=1),
    "long": _submit(registered_delivery=1, short_message=b"x" * 160),
    "part": _submit(esm_class=0x40, short_message=b"\5\0\3\7\2\1text"),
    "last part": _submit(esm_class=0x40, short_message=b"\5\0\3\7\2\2text"),
    "sar": _submit(tlvs=(Tlv(0x020C, b"\0\1"), Tlv(0x020E, b"\2"), Tlv(0x020F, b"\1"))),
    "payload": _submit(short_message=b"", registered_delivery=1, tlvs=(Tlv(0x0424, b"payload"),)),
    "vendor": _submit(registered_delivery=1, tlvs=(Tlv(0x1400, b"abc"),)),
    "replaces": _submit(replace_if_present_flag=1, service_type=b"CMT"),
    "empty": _submit(short_message=b""),
    "empty with receipt": _submit(short_message=b"", registered_delivery=1),
    "data_sm": DataSm(source_addr=b"1000", destination_addr=b"4477"),
    "query_sm": QuerySm(message_id=b"A1", source_addr=b"1000"),
}

USUAL = ("plain", "with receipt")


def _deliver(**more: Any) -> DeliverSm:
    fields: dict[str, Any] = {"source_addr": b"447700900123", "destination_addr": b"1000"}
    return DeliverSm(**{**fields, "short_message": b"Hello back", **more})


_TEXT = (
    b"id:%b sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:%b err:000 text:"
)


def _receipt(message_id: bytes, stat: bytes, more: bytes = b"", **fields: Any) -> DeliverSm:
    text = _TEXT % (message_id, stat) + more
    return _deliver(**{"esm_class": 4, "short_message": text, **fields})


def _named(message_id: bytes) -> tuple[Tlv, ...]:
    return Tlv(0x001E, message_id + b"\0"), Tlv(0x0427, b"\2")


DELIVERIES: dict[str, Callable[[bytes], Pdu]] = {
    "message": lambda _: _deliver(),
    "binary": lambda _: _deliver(data_coding=4, short_message=bytes(range(3, 60))),
    "elsewhere": lambda _: _deliver(destination_addr=b"2000"),
    "part": lambda _: _deliver(esm_class=0x40, short_message=b"\5\0\3\7\2\1text"),
    "receipt": lambda i: _receipt(i, b"DELIVRD"),
    "under way": lambda i: _receipt(i, b"ENROUTE"),
    "receipt in tlvs": lambda i: _receipt(i, b"", short_message=b"", tlvs=_named(i)),
    "receipt in both": lambda i: _receipt(i, b"EXPIRED", tlvs=_named(i)),
    "receipt by text": lambda i: _receipt(i, b"UNDELIV", esm_class=0),
    "full receipt": lambda i: _receipt(i, b"DELIVRD", b"x" * (146 - len(i))),
    "receipt in data_sm": lambda i: DataSm(
        source_addr=b"4477", destination_addr=b"1000", esm_class=4, tlvs=_named(i)
    ),
}
"""What an SMSC sends to an ESME: messages, and receipts about a message of this id."""

RAW: dict[str, bytes] = {
    "enquire_link": bare(CommandId.ENQUIRE_LINK),
    "short submit_sm": bare(CommandId.SUBMIT_SM),
    "cut submit_sm": b"\0\0\0\x14\0\0\0\4" + bytes(8) + b"\0\1\1a",
    "unknown": bare(0x0001FFFF),
    "stray": bare(CommandId.DELIVER_SM | RESPONSE_BIT, 77),
    "unbind": bare(CommandId.UNBIND),
}

IDS = (
    *(b"1234567", b"12345678", b"ABCDEF01", b"abcdef01", b"aBcDeF02", b" 77 ", b"", b"x" * 64),
    *(b"x" * 70, b"0042", b"\x01\x02", b"z" * 63, b"\xe9A"),
)

STATUSES = (0, 0, 0, 0, 0, 0, 0x08, 0x14, 0x58, 0x45, 0x04, 0x0B, 0x64)


_HOW = (
    *("answer",) * 14,
    *("twice", "wrong", "nack", "enquire", "bare", "unended", "with a tlv", "with a nul"),
)
"""How requests are answered."""


@frozen
class EsmeSends:
    """An ESME sends these, and leaves the last octets for its next read."""

    esme: int
    kinds: tuple[str, ...]
    kept: int = 0


@frozen
class Reply:
    """An SMSC answers one of its open requests: which, how, and as what."""

    which: int
    status: int = 0
    message_id: bytes = b"1"
    how: str = "answer"


@frozen
class Deliver:
    """An SMSC sends one of `DELIVERIES`."""

    kind: str
    message_id: bytes = b"1"


@frozen
class SmscSends:
    """An SMSC sends these, and leaves the last octets for its next read."""

    link: int
    replies: tuple[Reply | Deliver, ...]
    kept: int = 0


@frozen
class EsmeAnswers:
    """An ESME answers requests that it has open, and leaves the last octets for its next read."""

    esme: int
    replies: tuple[Reply, ...]
    kept: int = 0


@frozen
class Passes:
    """Time passes."""

    seconds: float


@frozen
class Loses:
    """A connection is lost, which is made again."""

    side: str
    which: int


@frozen
class Reloads:
    """The settings are changed."""

    esme: tuple[tuple[str, Any], ...]
    smsc: tuple[tuple[str, Any], ...]
    rules: tuple[str, ...] = ()


Step = EsmeSends | EsmeAnswers | SmscSends | Passes | Loses | Reloads


@frozen
class Terms:
    """The settings of a gate, as far as they vary."""

    esme: tuple[tuple[str, Any], ...] = ()
    smsc: tuple[tuple[str, Any], ...] = ()
    pool: tuple[tuple[str, Any], ...] = ()
    versions: tuple[int, ...] = (0x34, 0x34)
    smscs: int = 1
    rules: tuple[str, ...] = ()


RULES = {
    "near": RewriteSettings(applies_to="submit", esme="acme", set_destination="4420"),
    "far": RewriteSettings(applies_to="submit", smsc="alpha", set_service_type="A"),
    "other": RewriteSettings(applies_to="submit", esme="other*", set_source="1"),
    "condition": RewriteSettings(applies_to="submit", destination="9*", set_source="1"),
    "deliver": RewriteSettings(applies_to="deliver", set_source_ton=5),
    "receipt": RewriteSettings(applies_to="receipt", esme="acme", set_service_type="R"),
    "status": RewriteSettings(
        applies_to="receipt",
        set_statuses={0x45: 0, 0x58: 0x14},  # type: ignore[arg-type]
    ),
}
"""Rules by name."""


def _some(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    """Up to two of these settings."""
    changes = [
        strategy.map(lambda value, n=name: (n, value)) for name, strategy in choices.items()
    ]
    made = st.lists(st.one_of(*changes), max_size=2)
    return made.map(lambda several: tuple(dict(several).items()))


def _often(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of these, as often as its number says; the first is the simplest."""
    by_number = [strategy for count, strategy in choices for _ in range(count)]
    return st.sampled_from(range(len(by_number))).flatmap(by_number.__getitem__)


ESME_TERMS = _some(
    window=st.sampled_from((1, 3, 8, 100)),
    queries=st.booleans(),
    rate=st.sampled_from((0.0, 5.0, 1000.0)),
    session_rate=st.sampled_from((0.0, 5.0)),
    over_rate=st.sampled_from(("delay", "reject")),
    queue=st.booleans(),
)
SMSC_TERMS = _some(
    window=st.sampled_from((1, 4, 10, 100)),
    rate=st.sampled_from((0.0, 5.0, 200.0)),
    link_rate=st.sampled_from((0.0, 5.0)),
    adaptive_rate=st.booleans(),
    max_timeouts=st.sampled_from((0, 2)),
)
POOL_TERMS = _some(
    hold=st.sampled_from((0.0, 2.0)),
    balance=st.sampled_from(("least_outstanding", "round_robin", "hash")),
    on_link_loss=st.sampled_from(("answer", "resubmit")),
    max_errors=st.sampled_from((0, 2)),
)

_VERSIONS = _often(
    (6, st.sampled_from(((0x34, 0x34), (0x33, 0x33), (0x50, 0x50)))),
    (1, st.tuples(st.sampled_from((0x33, 0x34, 0x50)), st.sampled_from((0x33, 0x34, 0x50)))),
)
_NONE: st.SearchStrategy[Any] = st.just(())
RULE_NAMES = st.lists(st.sampled_from(sorted(RULES)), max_size=3, unique=True).map(tuple)
TERMS = st.builds(
    Terms,
    _often((1, _NONE), (2, ESME_TERMS)),
    _often((2, _NONE), (1, SMSC_TERMS)),
    _often((2, _NONE), (1, POOL_TERMS)),
    _often((2, st.just((0x34, 0x34))), (1, _VERSIONS)),
    st.just(1),
    _often((3, _NONE), (1, RULE_NAMES)),
)

_KINDS = _often((6, st.sampled_from(USUAL)), (1, st.sampled_from((*REQUESTS, *RAW))))
_READS = _often(
    (2, st.lists(st.sampled_from(USUAL), min_size=2, max_size=20)),
    (2, st.lists(_KINDS, min_size=1, max_size=12)),
    (1, st.sampled_from(USUAL).flatmap(lambda kind: st.just([kind] * 16))),
)
_KEPT = _often((3, st.just(0)), (1, st.integers(1, 60)))
_REPLY = st.builds(
    Reply,
    st.integers(0, 30),
    st.sampled_from(STATUSES),
    st.sampled_from(IDS),
    st.sampled_from(_HOW),
)
_USUAL_REPLY = st.builds(Reply, st.just(0), st.just(0), st.sampled_from(IDS[:3]))
_DELIVER = st.builds(
    Deliver,
    _often(
        (3, st.just("receipt")), (1, st.just("message")), (1, st.sampled_from(tuple(DELIVERIES)))
    ),
    _often((3, st.sampled_from(IDS[:3])), (1, st.sampled_from(IDS))),
)
_REPLIES = _often(
    (2, st.lists(_USUAL_REPLY, min_size=1, max_size=20)),
    (2, st.lists(_often((3, _USUAL_REPLY), (1, _REPLY)), min_size=1, max_size=20)),
    (2, st.lists(_DELIVER, min_size=1, max_size=20)),
    (2, st.lists(_often((1, _USUAL_REPLY), (1, _DELIVER)), min_size=2, max_size=20)),
    (1, st.lists(_REPLY, min_size=1, max_size=6)),
)
_RECEIVED = st.builds(
    Reply,
    _often((3, st.just(0)), (1, st.integers(0, 30))),
    _often((4, st.just(0)), (1, st.sampled_from(STATUSES))),
    _often((4, st.just(b"")), (1, st.sampled_from(IDS))),
    st.sampled_from(_HOW),
)

ESME_SENDS = st.builds(EsmeSends, st.integers(0, 1), _READS.map(tuple), _KEPT)
SMSC_SENDS = st.builds(SmscSends, st.integers(0, 1), _REPLIES.map(tuple), _KEPT)
ESME_ANSWERS = st.builds(
    EsmeAnswers,
    st.integers(0, 1),
    st.lists(_RECEIVED, min_size=1, max_size=20).map(tuple),
    _KEPT,
)
STEP = _often(
    (6, ESME_SENDS),
    (7, SMSC_SENDS),
    (4, ESME_ANSWERS),
    (2, st.builds(Passes, st.sampled_from((0.01, 0.3, 1.5, 4.0, 11.0)))),
    (1, st.builds(Reloads, ESME_TERMS, SMSC_TERMS, _often((3, _NONE), (1, RULE_NAMES)))),
    (1, st.builds(Loses, st.sampled_from(("esme", "smsc")), st.integers(0, 1))),
)
STEPS = st.lists(STEP, min_size=6, max_size=30)
