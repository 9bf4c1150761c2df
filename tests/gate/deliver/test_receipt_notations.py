"""Receipts that name their message in another notation, or a message that is unknown."""

from __future__ import annotations

from typing import Any, cast

import pytest

from smppgate.routing.smscs.notations import Notations
from tests.gate.deliver.test_receipts import held, ids, receipt
from tests.routing import fakes
from tests.routing.fakes import Gate, HeldStore, said

NOTATIONS = [
    ("auto", b"1A2B3C4D", b"1a2b3c4d"),
    ("auto", b"1a2b3c4d", b"1A2B3C4D"),
    ("auto", b"12345678", b"0012345678"),
    ("auto", b"0012345678", b"12345678"),
    ("auto", b"BC614E", b"12345678"),
    ("auto", b"bc614e", b"12345678"),
    ("auto", b"00BC614E", b"12345678"),
    ("auto", b"12345678", b"BC614E"),
    ("auto", b"12345678", b"00bc614e"),
    ("resp_hex", b"bc614e", b"12345678"),
    ("receipt_hex", b"12345678", b"00BC614E"),
]


@pytest.mark.parametrize(("kind", "told", "reported"), NOTATIONS)
def test_an_id_in_another_notation_is_found(kind: str, told: bytes, reported: bytes) -> None:
    gate = Gate(tags=True, receipt_ids=kind)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, told)
    gate.deliver(link, receipt(reported))
    assert ids(esme) == [b"alpha" + told]


@pytest.mark.parametrize(("kind", "told", "reported"), NOTATIONS)
def test_also_where_the_receipt_comes_first(kind: str, told: bytes, reported: bytes) -> None:
    gate = Gate(tags=True, receipt_ids=kind)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.deliver(link, receipt(reported, 9))
    gate.answer(link, 0, told + b"\0")
    gate.clock.pump([0.5] * 50)
    assert ids(esme) == [b"alpha" + told]


def test_an_id_without_letters_waits_too_where_the_case_differs_otherwise() -> None:
    """What is likely and what stands there are one id then."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"0AB1")
    gate.deliver(link, receipt(b"0ab1"))
    gate.forward(esme, fakes.submit(2, registered_delivery=1))
    gate.deliver(link, receipt(b"00123456", 9))
    gate.answer(link, 0, b"00123456\0")
    assert ids(esme) == [b"alpha0AB1", b"alpha00123456"]
    assert said(esme) == [(1, 0), (2, 0)]


@pytest.mark.parametrize(("kind", "told", "reported"), NOTATIONS)
def test_also_where_it_has_to_be_looked_up(kind: str, told: bytes, reported: bytes) -> None:
    gate, store = held(receipt_ids=kind)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, told)
    gate.clock.advance(0)
    store.write()
    store.forget()
    gate.deliver(link, receipt(reported))
    assert (esme.requests, gate.router.open_exchanges) == ([], 1)
    store.look_up()
    assert ids(esme) == [b"alpha" + told]


@pytest.mark.parametrize(
    ("kind", "told", "reported"),
    [
        ("same", b"12345678", b"BC614E"),
        ("same", b"1a2b", b"1A2B"),
        ("resp_hex", b"12345678", b"BC614E"),
        ("receipt_hex", b"BC614E", b"12345678"),
    ],
)
def test_a_notation_that_is_not_the_smscs_is_not_tried(
    kind: str, told: bytes, reported: bytes
) -> None:
    gate = Gate(tags=True, receipt_ids=kind)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, told)
    gate.deliver(link, receipt(reported, 9))
    assert esme.requests == []
    assert said(link) == [(9, 0x64)]


@pytest.mark.parametrize("waits_for", [b"16", b"10"])
def test_an_exact_match_wins_whatever_was_right_before(waits_for: bytes) -> None:
    """10 in hexadecimal is 16: each goes to its own all the same."""
    gate = Gate(tags=True)
    one, two, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(one, link, b"BC614E")
    gate.deliver(link, receipt(b"12345678"))
    gate.submitted(one, link, b"16")
    gate.submitted(two, link, b"10")
    gate.deliver(link, receipt(waits_for))
    assert ids(one)[1:] == ([b"alpha16"] if waits_for == b"16" else [])
    assert ids(two) == ([b"alpha10"] if waits_for == b"10" else [])


@pytest.mark.parametrize(("known", "awaited"), [(b"16", b"10"), (b"10", b"16"), (b"7", b"07")])
def test_another_notation_does_not_win_over_an_exact_match_to_come(
    known: bytes, awaited: bytes
) -> None:
    """The receipt of one message overtakes its answer; another has an id that it might mean."""
    gate = Gate(tags=True)
    one, two, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(one, link, known)
    gate.forward(two, fakes.submit(2, registered_delivery=1))
    gate.deliver(link, receipt(awaited, 9))
    gate.answer(link, 0, awaited + b"\0")
    gate.clock.pump([0.5] * 50)
    assert ids(one) == []
    assert ids(two) == [b"alpha" + awaited]


def test_nor_over_one_whose_answer_comes_second() -> None:
    """Neither message is answered when the receipt of the second comes."""
    gate = Gate(tags=True)
    one, two, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.forward(one, fakes.submit(1, registered_delivery=1))
    gate.forward(two, fakes.submit(2, registered_delivery=1))
    gate.deliver(link, receipt(b"10", 9))
    gate.answer(link, 0, b"16\0", at=0)
    gate.answer(link, 0, b"10\0", at=1)
    assert ids(one) == []
    assert ids(two) == [b"alpha10"]


def test_a_notation_that_was_right_needs_no_waiting() -> None:
    """While other messages are on their way: or each receipt would be late."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"BC614E")
    gate.deliver(link, receipt(b"12345678"))
    gate.submitted(esme, link, b"BC614F")
    gate.forward(esme, fakes.submit(3, registered_delivery=1))
    gate.deliver(link, receipt(b"12345679"))
    assert ids(esme) == [b"alphaBC614E", b"alphaBC614F"]


def test_a_notation_is_learned_under_way_although_nothing_is_ever_quiet() -> None:
    """The first receipt waits as long as one may; those after it do not."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.submitted(esme, link, b"BC614E")
    gate.deliver(link, receipt(b"12345678"))
    assert ids(esme) == []
    gate.clock.pump([0.5] * 30)
    assert ids(esme) == [b"alphaBC614E"]
    gate.submitted(esme, link, b"BC614F")
    gate.deliver(link, receipt(b"12345679"))
    assert ids(esme) == [b"alphaBC614E", b"alphaBC614F"]


def test_when_no_answer_is_awaited_no_receipt_waits() -> None:
    """However long its patience: the answer that it waited for was another message's."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.deliver(link, receipt(b"12345678"))
    gate.answer(link, 0, b"BC614E\0")
    gate.clock.pump([0.25] * 2)
    assert ids(esme) == [b"alphaBC614E"]
    assert gate.clock.getDelayedCalls() == []


@pytest.mark.parametrize(("kind", "told", "reported"), NOTATIONS)
def test_what_leaves_no_doubt(kind: str, told: bytes, reported: bytes) -> None:
    """The id as it stands, and what was right last; or what was configured."""
    notations = Notations(kind)
    if kind == "auto":
        assert notations.trusted(reported) == (reported,)
        notations.learned(reported, told)
        assert notations.trusted(reported) == (reported, told)
    else:
        assert notations.trusted(reported) == notations.sought(reported)


@pytest.mark.parametrize("receipt_id", [b"", b"1" * 65, b"9" * 5000])
def test_an_id_that_is_none_has_no_other_notation(receipt_id: bytes) -> None:
    notations = Notations("auto")
    notations.learned(b"12345678", b"BC614E")
    assert notations.trusted(receipt_id) == (receipt_id,)


# What has to be looked up


def test_a_receipt_whose_return_path_is_not_in_memory_is_looked_up() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    store.write()
    store.forget()
    gate.deliver(link, receipt(b"1", 9))
    assert gate.router.statistics().receipts_waiting == 1
    store.look_up()
    assert ids(esme) == [b"alpha1"]
    gate.answer(esme)
    assert said(link) == [(9, 0)]
    assert gate.router.open_exchanges == 0


@pytest.mark.parametrize("fails", [False, True])
def test_a_receipt_without_a_return_path_is_refused(fails: bool) -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    store.forget()
    gate.deliver(link, receipt(b"1", 9))
    if fails:
        store.fail_to_look_up()
    else:
        store.look_up()
    assert (esme.requests, said(link)) == ([], [(9, 0x64)])
    assert gate.router.open_exchanges == 0


def test_a_receipt_that_cannot_be_looked_up_is_nobodys_for_now() -> None:
    """Not for who owns the number, and not acknowledged either: it may have a return path."""
    store = HeldStore()
    gate = Gate(tags=True, store=store, waits=True, acknowledges_unmatched=True)
    gate.router.ranges.add("*", cast(Any, gate.acme))
    esme, link = gate.esme(), gate.link()
    store.forget()
    gate.deliver(link, receipt(b"1", 9))
    store.cannot_look_up()
    assert (esme.requests, said(link)) == ([], [(9, 0x64)])
    assert gate.router.open_exchanges == 0


def test_what_was_found_is_taken_where_it_leaves_no_doubt() -> None:
    """The id as it stands is known, whatever could not be asked beside it."""
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"0001a")
    gate.clock.advance(0)
    store.write()
    kept = dict(store.in_memory)
    store.forget()
    for number, named in ((8, b"0001a"), (9, b"1A")):
        gate.deliver(link, receipt(named, number))
        store.in_memory.update(kept)
        store.cannot_look_up()
        store.forget()
    assert ids(esme) == [b"alpha0001a"]
    assert said(link) == [(9, 0x64)]


def test_a_return_path_that_comes_during_the_look_up_is_found() -> None:
    """Its answer arrived after the receipt, and before the store had nothing to say."""
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    store.forget()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.deliver(link, receipt(b"1", 9))
    gate.answer(link, 0, b"1\0")
    store.look_up()
    assert ids(esme) == [b"alpha1"]


def test_nothing_is_delivered_for_a_link_that_is_lost_while_it_is_looked_up() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    store.write()
    store.forget()
    gate.deliver(link, receipt(b"1", 9))
    gate.lose(link)
    store.look_up()
    assert esme.requests == []
    assert gate.router.open_exchanges == 0


# Receipts without a return path


@pytest.mark.parametrize("acknowledges", [False, True])
def test_an_unmatched_receipt_goes_by_its_destination(acknowledges: bool) -> None:
    gate = Gate(tags=True, acknowledges_unmatched=acknowledges)
    one, two, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.deliver(link, fakes.receipt(b"unknown", b"2000", number=9))
    assert (ids(one), ids(two)) == ([], [b"alphaunknown"])
    gate.answer(two)
    assert said(link) == [(9, 0)]
    assert gate.router.statistics().unmatched_receipts == 1


@pytest.mark.parametrize(("acknowledges", "status"), [(False, 0x64), (True, 0)])
def test_without_a_session_there_it_is_refused_or_acknowledged_as_configured(
    acknowledges: bool, status: int
) -> None:
    gate = Gate(tags=True, acknowledges_unmatched=acknowledges)
    link = gate.link()
    gate.deliver(link, receipt(b"unknown", 9))
    assert said(link) == [(9, status)]
    assert link.answers[0].octets[16:] == (b"" if status else b"\0")
    assert gate.router.statistics().unmatched_receipts == 1
    assert link.unanswered == 0


def test_a_receipt_whose_account_has_no_session_is_never_acknowledged() -> None:
    """It is not unmatched: only an unknown id is."""
    gate = Gate(tags=True, acknowledges_unmatched=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.lose(esme)
    gate.deliver(link, receipt(b"1", 9))
    assert said(link) == [(9, 0x64)]
    assert gate.router.statistics().unmatched_receipts == 0


def test_a_receipt_without_an_id_goes_by_its_destination() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.deliver(b"1000", 9, b"no id here", esm_class=fakes.RECEIPT))
    assert len(esme.requests) == 1
    assert gate.router.statistics().unmatched_receipts == 1


# Binds that were passed through


def test_on_a_link_of_one_session_a_receipt_goes_to_that_session() -> None:
    """Whichever session submitted: the link serves this one alone."""
    gate = Gate(tags=True)
    owner, other, link = gate.esme(), gate.esme(), gate.link()
    link.owner = owner
    gate.submitted(other, link, b"1")
    gate.deliver(link, receipt(b"1", 9))
    assert (ids(owner), ids(other)) == ([b"alpha1"], [])
    gate.deliver(link, receipt(b"unknown", 10))
    assert ids(owner) == [b"alpha1", b"alphaunknown"]


def test_even_there_no_account_gets_a_receipt_of_another_account() -> None:
    gate = Gate(tags=True)
    owner, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    link.owner = owner
    gate.submitted(other, link, b"1")
    gate.deliver(link, receipt(b"1", 9))
    assert (ids(owner), ids(other)) == ([], [b"alpha1"])


def test_where_its_session_has_no_room_it_is_refused() -> None:
    gate = Gate(tags=True)
    owner, other, link = gate.esme(), gate.esme(), gate.link()
    link.owner = owner
    owner.writable = False
    gate.submitted(owner, link, b"1")
    gate.deliver(link, receipt(b"1", 9))
    assert (ids(owner), ids(other), said(link)) == ([], [], [(9, 0x64)])
