"""The id that an ESME is given for its message, when it is given, and the return path kept."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.return_path.aliases import Aliases
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.return_path.message_ids import MessageIds
from smppgate.routing.return_path.records import MANY, ReturnPath, original_key
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandId, Tag
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BroadcastSm, DataSm, DeliverSm, QuerySm, SmeAddress, SubmitMulti
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.versions import V3_3, V3_4, V5_0, Version
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, HeldStore, said

SIZES = (1, 8, 58, 59, 60, 64, 65, 200)
IDS = st.binary(min_size=1, max_size=80).filter(lambda octets: 0 not in octets)
MULTI = SubmitMulti(
    source_addr=b"1000",
    dest_address=(SmeAddress(destination_addr=b"4477"), SmeAddress(destination_addr=b"4478")),
    registered_delivery=1,
)

APART = 0.0005
"""Seconds from one batch to the next."""


def an_id(size: int) -> bytes:
    """A message_id of so many octets, in hexadecimal digits."""
    return (b"0123456789abcdef" * 13)[:size]


def given_id(session: FakeSession, at: int = -1) -> bytes:
    """The message_id in one of the answers to ``session``."""
    return session.answers[at].octets[16:].partition(b"\0")[0]


def asks_about(gate: Gate, esme: FakeSession, message_id: bytes) -> None:
    gate.forward(esme, fakes.frame_of(QuerySm(message_id=message_id, source_addr=b"1000"), 900))


def held(**options: Any) -> tuple[Gate, HeldStore]:
    store = HeldStore()
    return Gate(waits=True, store=store, **{"tags": True, **options}), store


# The id that the ESME sees


@pytest.mark.parametrize("size", [size for size in SIZES if size <= 59])
def test_an_id_is_tagged_with_its_smsc(size: int) -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, an_id(size))
    assert given_id(esme) == b"alpha" + an_id(size)


@pytest.mark.parametrize("size", [size for size in SIZES if size > 59])
def test_an_id_that_is_too_long_to_be_tagged_gets_an_alias(size: int) -> None:
    """65 octets with the NUL are the most that a message_id may have: SMPP v3.4 §5.2.23."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, an_id(size))
    assert given_id(esme).startswith(b"_")
    assert len(given_id(esme)) <= 64


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tags", [True, False])
def test_an_esme_of_3_3_is_given_eight_hexadecimal_digits(size: int, tags: bool) -> None:
    """Or fewer, where ids are not tagged and the SMSC's own is such a number."""
    gate = Gate(tags=tags)
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.submitted(esme, link, an_id(size))
    assert int(given_id(esme), 16) >= 0
    assert len(given_id(esme)) == (size if size < 8 and not tags else 8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("version", [V3_3, V3_4, V5_0])
@pytest.mark.parametrize("tags", [True, False])
def test_whatever_the_id_the_smsc_is_asked_by_its_own(
    size: int, version: Version, tags: bool
) -> None:
    """And its receipt comes with the id that the ESME was given, also after a restart."""
    gate = Gate(tags=tags)
    esme, link = gate.esme(version=version), gate.link()
    gate.submitted(esme, link, an_id(size))
    gate.clock.advance(0)
    told = given_id(esme)
    gate = Gate(tags=tags, after=gate)
    esme, link = gate.esme(version=version), gate.link()
    asks_about(gate, esme, told)
    assert link.requests[-1].octets[16:].startswith(an_id(size) + b"\0")
    gate.deliver(link, fakes.receipt(an_id(size)))
    assert b"id:" + told + b" sub:" in esme.requests[0].octets


@pytest.mark.parametrize("message_id", [b"x", b"12345678", b"1234567g", b"a-b", b"0x12345"])
def test_untouched_ids_that_are_no_numbers_get_an_alias_in_3_3(message_id: bytes) -> None:
    gate = Gate()
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.submitted(esme, link, message_id)
    assert (given_id(esme) == message_id) is (message_id == b"12345678")


@given(IDS.filter(lambda octets: len(octets) <= 64), st.binary(max_size=20))
def test_where_ids_are_not_tagged_answers_pass_octet_for_octet(
    message_id: bytes, rest: bytes
) -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(7, registered_delivery=1))
    gate.answer(link, 0, message_id + b"\0" + rest)
    expected = fakes.raw(CommandId.SUBMIT_SM_RESP, 0, 7, message_id + b"\0" + rest)
    assert esme.answers == [expected]


@given(IDS, st.binary(max_size=20), st.integers(1, 0x7FFFFFFF))
def test_but_for_number_and_id_an_answer_passes_octet_for_octet(
    message_id: bytes, rest: bytes, number: int
) -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(number, registered_delivery=1))
    gate.answer(link, 0, message_id + b"\0" + rest)
    (answer,) = esme.answers
    assert answer == Frame.of(answer.octets)
    assert answer[:3] == (CommandId.SUBMIT_SM_RESP, 0, number)
    assert answer.octets[16:].partition(b"\0")[2] == rest


@pytest.mark.parametrize("body", [b"", b"\0", b"  \0", b"  ", b"\0\x14\0\0\x01x"])
@pytest.mark.parametrize("tags", [True, False])
def test_an_answer_without_an_id_is_passed_on_as_it_is(body: bytes, tags: bool) -> None:
    gate = Gate(tags=tags, waits=True)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(7, registered_delivery=1))
    gate.answer(link, 0, body)
    assert esme.answers == [fakes.raw(CommandId.SUBMIT_SM_RESP, 0, 7, body)]
    assert gate.router.open_exchanges == 0


ODD_IDS = [
    (b"no end", b"no end"),
    (b"  12\0", b"12"),
    (b"12 \0", b"12"),
    (b"\t12\r\n\0", b"12"),
    (b" 12", b"12"),
    (b"1,2;3\0", b"1,2;3"),
    (b"1 2\0", b"1 2"),
    (b"12 \0\x14\x0c\0\2ab", b"12"),
]
"""Bodies of resps, and the ids in them."""


@pytest.mark.parametrize(("body", "own"), ODD_IDS)
@pytest.mark.parametrize("waits", [True, False])
def test_a_tag_is_put_in_front_of_an_id_without_blanks_and_with_its_nul(
    body: bytes, own: bytes, waits: bool
) -> None:
    gate = Gate(tags=True, waits=waits)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(7, registered_delivery=1))
    gate.answer(link, 0, body)
    gate.clock.advance(0)
    _, _, rest = body.partition(b"\0")
    expected = fakes.raw(CommandId.SUBMIT_SM_RESP, 0, 7, b"alpha" + own + b"\0" + rest)
    assert esme.answers == [expected]
    assert gate.router.open_exchanges == 0


@pytest.mark.parametrize(("body", "own"), ODD_IDS)
@pytest.mark.parametrize("tags", [True, False])
def test_a_message_is_asked_about_whatever_blanks_its_id_came_with(
    body: bytes, own: bytes, tags: bool
) -> None:
    """The ESME may have stripped them, or not."""
    gate = Gate(tags=tags)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(7, registered_delivery=1))
    gate.answer(link, 0, body)
    told = given_id(esme)
    assert told.strip() == (b"alpha" + own if tags else own)
    for asked in (told, told + b" ", told.strip()):
        asks_about(gate, esme, asked)
        assert link.requests[-1].octets[16:].strip().startswith(own)
        gate.answer(link)
    assert len(link.requests) == 4


@pytest.mark.parametrize("size", [256, 5000, 60_000])
@pytest.mark.parametrize("tags", [True, False])
def test_no_record_holds_an_id_of_many_octets(size: int, tags: bool) -> None:
    """Its receipt is brought home all the same; no request can be about it."""
    own = (b"0123456789abcdef" * size)[:size]
    gate, store = held(tags=tags)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, own)
    gate.clock.advance(0)
    store.write()
    assert max(map(len, (*store.paths, *store.paths.values()))) < 150
    told = given_id(esme)
    assert len(told) <= 64
    gate.deliver(link, fakes.receipt(own[:200], b"3000"))
    assert esme.requests == []
    tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, own + b"\0"),)
    pdu = DeliverSm(destination_addr=b"3000", esm_class=fakes.RECEIPT, tlvs=tlvs)
    gate.deliver(link, fakes.frame_of(pdu))
    tlv = told + b"\0"
    assert esme.requests[-1].octets.endswith(len(tlv).to_bytes(2, "big") + tlv)
    asks_about(gate, esme, told)
    assert said(esme)[-1][1] == 0x0C


def test_two_smscs_that_give_the_same_id_make_two_ids() -> None:
    gate = Gate(tags=True)
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit(1))
    gate.forward(esme, fakes.submit(2))
    gate.answer(alpha, 0, b"1\0")
    gate.answer(beta, 0, b"1\0")
    assert {given_id(esme, 0), given_id(esme, 1)} == {b"alpha1", b"beta1"}


def test_aliases_are_never_the_same_also_after_a_restart() -> None:
    gate = Gate(tags=True)
    told = set()
    for _ in range(3):
        gate.router.return_paths.aliases.fetch()
        esme, link = gate.esme(), gate.link()
        for number in range(5):
            gate.submitted(esme, link, b"%060d" % number)
            told.add(given_id(esme))
        gate = Gate(tags=True, after=gate)
    assert len(told) == 15


def test_without_numbers_from_the_store_aliases_are_made_all_the_same() -> None:
    """While the store does not answer, aliases are random: no id is given twice."""
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.router.return_paths.aliases.fetch = lambda: None  # type: ignore[method-assign]
    told = set()
    for number in range(20):
        gate.submitted(esme, link, b"%060d" % number)
        gate.clock.advance(APART)
        store.write()
        told.add(given_id(esme))
    assert len(told) == 20


# Two SMSCs that give one account the same id, untouched


def test_ids_that_two_smscs_give_one_account_are_counted() -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit(1))
    gate.forward(esme, fakes.submit(2))
    gate.answer(alpha, 0, b"1\0")
    assert gate.router.statistics().shared_ids == 0
    gate.answer(beta, 0, b"1\0")
    assert gate.router.statistics().shared_ids == 1


def test_the_same_id_of_the_same_smsc_or_of_another_account_is_not_counted() -> None:
    gate = Gate()
    esme, other = gate.esme(), gate.esme(gate.other)
    link = gate.link()
    gate.submitted(esme, link, b"1")
    gate.submitted(esme, link, b"1")
    gate.lose(link)
    gate.submitted(other, gate.link(gate.beta), b"1")
    assert gate.router.statistics().shared_ids == 0


# When the ESME is answered


def test_an_answer_leaves_when_its_return_path_is_kept_and_no_sooner() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    assert (said(esme), esme.unanswered, gate.router.open_exchanges) == ([], 1, 1)
    assert len(store.batches) == 1
    store.write()
    assert (said(esme), esme.unanswered, gate.router.open_exchanges) == ([(1, 0)], 0, 0)


def test_a_store_that_keeps_at_once_has_the_path_before_the_answer_is_written() -> None:
    """And the answers of one turn are one batch."""
    gate, store = held()
    store.keeps_at_once = True
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.submitted(esme, link, b"2")
    assert not gate.router.return_paths.commits.holds(gate.alpha.center.prefix + b"1")
    # They are in its outbox, but that is written at the end of the turn.
    assert (len(esme.answers), store.batches) == (2, [])
    gate.clock.advance(0)
    assert [len(batch) for batch in store.batches] == [2]


def test_a_store_may_keep_at_once_in_one_turn_and_not_in_the_next() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    store.keeps_at_once = True
    gate.submitted(esme, link, b"2")
    gate.clock.advance(0)
    assert given_id(esme) == b"alpha2"
    assert [len(batch) for batch in store.batches] == [1, 1]
    store.keeps_at_once = False
    gate.submitted(esme, link, b"3")
    store.write()
    gate.clock.advance(APART)
    store.write()
    assert (len(esme.answers), [len(batch) for batch in store.batches]) == (2, [1])
    store.write()
    assert [given_id(esme, at) for at in range(3)] == [b"alpha2", b"alpha1", b"alpha3"]


def test_what_comes_in_one_turn_is_one_batch_and_the_next_waits_for_it() -> None:
    """One batch is being written at a time; meanwhile the next gathers."""
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.submitted(esme, link, b"2")
    assert store.batches == []
    gate.clock.advance(0)
    assert [len(batch) for batch in store.batches] == [2]
    for message_id in (b"3", b"4", b"5"):
        gate.submitted(esme, link, message_id)
        gate.clock.advance(0)
    assert [len(batch) for batch in store.batches] == [2]
    store.write()
    assert len(esme.answers) == 2
    gate.clock.advance(APART)
    assert [len(batch) for batch in store.batches] == [3]
    store.write()
    assert [given_id(esme, at) for at in range(5)] == [b"alpha%d" % n for n in range(1, 6)]
    gate.clock.advance(0)
    assert store.batches == []


def test_batches_keep_a_distance() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.clock.advance(100.0)
    for message_id in (b"1", b"2"):
        gate.submitted(esme, link, message_id)
    gate.clock.advance(0)
    store.write()
    for message_id in (b"3", b"4"):
        gate.submitted(esme, link, message_id)
    gate.clock.advance(APART * 0.9)
    assert store.batches == []
    gate.clock.advance(APART * 0.2)
    assert [len(batch) for batch in store.batches] == [2]


def test_a_message_that_comes_alone_waits_for_nothing() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    for message_id in (b"1", b"2", b"3"):
        gate.submitted(esme, link, message_id)
        gate.clock.advance(0)
        assert [len(batch) for batch in store.batches] == [1]
        store.write()
    assert len(esme.answers) == 3


def test_a_batch_that_cannot_be_written_lets_its_answers_go_all_the_same() -> None:
    """The SMSC has the messages: to say nothing would make the ESME send them again."""
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    for message_id in (b"1", b"2"):
        gate.submitted(esme, link, message_id)
        gate.clock.advance(APART)
        store.fail()
    assert said(esme) == [(1, 0), (1, 0)]
    assert gate.router.open_exchanges == 0


def test_an_answer_that_waits_is_taken_for_one_when_the_esme_is_gone() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    gate.lose(esme)
    store.write()
    assert (esme.unanswered, gate.router.open_exchanges) == (0, 0)
    assert said(esme) == []


def test_the_window_counts_what_waits_for_the_store() -> None:
    """Or a slow store would let answers pile up without end."""
    gate, store = held()
    esme, link = gate.esme(window=1), gate.link()
    gate.submitted(esme, link, b"1")
    gate.forward(esme, fakes.submit(2))
    assert said(esme) == [(2, 0x58)]
    gate.clock.advance(0)
    store.write()
    gate.forward(esme, fakes.submit(3))
    assert len(link.requests) == 2


def test_an_answer_without_a_return_path_waits_for_nothing() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    esme.queries = False
    gate.forward(esme, fakes.submit(1))
    gate.answer(link, 0, b"1\0")
    gate.clock.advance(0)
    assert said(esme) == [(1, 0)]
    assert store.batches == []


def test_where_answers_do_not_wait_for_the_store_they_leave_at_once() -> None:
    """And return paths are kept all the same."""
    store = HeldStore()
    gate = Gate(tags=True, store=store)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    assert said(esme) == [(1, 0)]
    gate.clock.advance(0)
    assert len(store.batches) == 1


# What is kept


def kept(
    frame: Frame, queries: bool, late: bool = False, **options: Any
) -> dict[bytes, ReturnPath]:
    """What is kept of a message that was taken under the id ``1``."""
    store = HeldStore()
    gate = Gate(tags=True, store=store, **options)
    esme = gate.esme()
    esme.queries = queries
    # A version that has every command.
    gate.alpha.commands = V5_0.commands
    link = gate.link()
    gate.forward(esme, frame)
    if late:
        link.expire(gate.now)
    gate.answer(link, 0, b"1\0")
    gate.clock.advance(0)
    return {key: ReturnPath.of(value) for batch in store.batches for key, value in batch.items()}


ASKING = [
    fakes.submit(registered_delivery=1),
    fakes.submit(registered_delivery=2),
    fakes.frame_of(DataSm(destination_addr=b"4477", registered_delivery=1)),
    fakes.frame_of(MULTI),
    # More of them than is kept of a request whose answer is late.
    fakes.frame_of(evolve(MULTI, dest_address=MULTI.dest_address * 100)),
    fakes.frame_of(BroadcastSm(source_addr=b"1000")),
]
NOT_ASKING = [
    fakes.submit(),
    fakes.frame_of(DataSm(destination_addr=b"4477")),
    fakes.raw(CommandId.SUBMIT_SM, 0, 1, b"cut"),
]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("frame", ASKING)
def test_the_return_path_of_a_message_that_asks_for_a_receipt_is_kept(
    frame: Frame, late: bool
) -> None:
    """Also where the answer came too late for the ESME: a receipt comes all the same."""
    ((key, path),) = kept(frame, queries=False, late=late).items()
    assert key == b"alpha\0" + b"1"
    assert (path.account, path.tag, path.esme_id(b"1")) == (b"acme", b"alpha", b"alpha1")
    assert path.is_to_many is (frame.command_id == CommandId.SUBMIT_MULTI)


@pytest.mark.parametrize("frame", NOT_ASKING)
def test_of_one_that_asks_for_none_only_where_it_may_be_asked_about(frame: Frame) -> None:
    assert list(kept(frame, queries=True)) == [b"alpha\0" + b"1"]
    assert kept(frame, queries=False) == {}


@pytest.mark.parametrize("frame", NOT_ASKING)
def test_of_one_that_asks_for_none_nothing_once_it_is_late(frame: Frame) -> None:
    """The ESME was never given an id to ask by."""
    assert kept(frame, queries=True, late=True) == {}


def test_smscs_of_one_message_center_share_their_return_paths() -> None:
    gate = Gate(tags=True, shared=True)
    esme, beta = gate.esme(), gate.link(gate.beta)
    gate.submitted(esme, beta, b"1")
    found = gate.router.return_paths.recent(gate.alpha.center.prefix + b"1")
    assert found is not None
    assert ReturnPath.of(found).tag == b"beta"


def test_where_ids_are_not_tagged_their_owner_is_kept_too() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    assert gate.router.return_paths.recent(original_key(b"acme", b"1")) == b"alpha"


@pytest.mark.parametrize("state", ["gathered", "being written", "written"])
def test_a_return_path_is_found_from_the_moment_it_is_gathered(state: str) -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    if state != "gathered":
        gate.clock.advance(0)
    if state == "written":
        store.write()
    assert gate.router.return_paths.recent(gate.alpha.center.prefix + b"1") is not None


def test_a_long_id_of_a_message_to_many_stays_one_of_many() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.frame_of(MULTI))
    gate.answer(link, 0, an_id(64) + b"\0")
    found = gate.router.return_paths.recent(gate.alpha.center.prefix + an_id(64))
    assert found is not None
    assert ReturnPath.of(found).kind.endswith(MANY)
    assert ReturnPath.of(found).esme_id(an_id(64)) == given_id(esme)


# Behind the answer


def test_what_follows_an_answer_waits_until_that_is_out() -> None:
    """In the order in which it was said."""
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    return_paths = gate.router.return_paths
    key = gate.alpha.center.prefix + b"1"
    out: list[int] = []
    gate.submitted(esme, link, b"1")
    assert return_paths.commits.holds(key)
    return_paths.commits.when_out(key, lambda: out.append(len(esme.answers)))
    gate.clock.advance(0)
    assert return_paths.commits.holds(key)
    return_paths.commits.when_out(key, lambda: out.append(-len(esme.answers)))
    assert out == []
    store.write()
    assert out == [1, -1]
    assert not return_paths.commits.holds(key)


def test_where_nothing_waits_nothing_has_to_be_waited_for() -> None:
    gate = Gate(store=HeldStore())
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    assert not gate.router.return_paths.commits.holds(gate.alpha.center.prefix + b"1")


# Peers of another version


def test_an_answer_to_an_esme_of_3_3_has_no_tlvs() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.forward(esme, fakes.submit(7, registered_delivery=1))
    gate.answer(link, 0, b"1\0\x14\x00\x00\x02hi")
    (answer,) = esme.answers
    assert len(answer.octets) == 16 + 8 + 1


def test_a_keeper_by_itself_holds_nothing() -> None:
    """Nothing is kept and nothing waits as long as nothing was taken."""
    gate = Gate()
    return_paths = ReturnPathKeeper(
        gate.router.clock,
        gate.router.batch,
        gate.store,
        MessageIds([Smsc("a")]),
        Aliases(gate.store, Random(1)),
        tags=True,
        may_wait=True,
        transform=gate.router.transform,
        receipted_ttl=3600.0,
    )
    assert return_paths.commits.answers_waiting == 0
    assert return_paths.recent(b"a\0" + b"1") is None
