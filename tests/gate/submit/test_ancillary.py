"""An ancillary request reaches the SMSC that has the message, if the account owns it."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.python.failure import Failure

from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import (
    BroadcastSm,
    CancelBroadcastSm,
    CancelSm,
    Pdu,
    QueryBroadcastSm,
    QuerySm,
    ReplaceSm,
    SubmitSm,
)
from smppgate.txsmpp.versions import V3_3, V3_4, V5_0
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, HeldStore, said

UNKNOWN = 0x0C


def query(message_id: bytes, number: int = 5) -> Frame:
    return fakes.frame_of(QuerySm(message_id=message_id, source_addr=b"1000"), number)


def about(kind: str, message_id: bytes, number: int = 5) -> Frame:
    pdus: dict[str, Pdu] = {
        "query_sm": QuerySm(message_id=message_id, source_addr=b"1000"),
        "cancel_sm": CancelSm(service_type=b"x", message_id=message_id, source_addr=b"1000"),
        "replace_sm": ReplaceSm(message_id=message_id, source_addr=b"1", short_message=b"new"),
        "query_broadcast_sm": QueryBroadcastSm(message_id=message_id, source_addr=b"1000"),
        "cancel_broadcast_sm": CancelBroadcastSm(message_id=message_id, source_addr=b"1000"),
        "broadcast_sm": BroadcastSm(message_id=message_id, source_addr=b"1000"),
    }
    return fakes.frame_of(pdus[kind], number)


KINDS = [
    "query_sm",
    "cancel_sm",
    "replace_sm",
    "query_broadcast_sm",
    "cancel_broadcast_sm",
    "broadcast_sm",
]
MODES = pytest.mark.parametrize("tags", [True, False])
ALL = pytest.mark.parametrize("kind", KINDS)


class Asked:
    """A gate whose SMSC alpha has one message of acme's, and who may ask about it."""

    def __init__(self, message_id: bytes = b"1", version: Any = V3_4, **options: Any) -> None:
        self.gate = Gate(**options)
        self.esme = self.gate.esme(version=version)
        self.alpha = self.gate.link(version=version)
        self.gate.submitted(self.esme, self.alpha, message_id)
        self.gate.clock.advance(0)
        self.told = self.esme.answers[0].octets[16:].partition(b"\0")[0]
        self.beta = self.gate.link(self.gate.beta, version=version)
        self.clear()

    def clear(self) -> None:
        for session in (self.esme, self.alpha, self.beta):
            session.answers.clear()
            session.requests.clear()

    def by_stranger(self, frame: Frame) -> FakeSession:
        stranger = self.gate.esme(self.gate.other, version=self.esme.version)
        self.gate.forward(stranger, frame)
        return stranger

    @property
    def is_done(self) -> bool:
        counts = [self.esme.unanswered, self.gate.alpha.outstanding, self.gate.beta.outstanding]
        return not any(counts) and not self.gate.router.open_exchanges


# By its owner


@MODES
@ALL
def test_it_goes_to_the_smsc_that_has_the_message_under_the_smscs_id(
    kind: str, tags: bool
) -> None:
    """All else stays octet for octet, and it bears a number of the link's."""
    asked = Asked(tags=tags, version=V5_0)
    asked.gate.forward(asked.esme, about(kind, asked.told))
    (went,) = asked.alpha.requests
    assert went.octets[16:] == about(kind, b"1").octets[16:]
    assert (went.command_id, asked.beta.requests) == (about(kind, b"1").command_id, [])


@MODES
@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize("status", [0, 0x14, 0x67, 0xFFFF])
def test_its_answer_comes_back_under_the_esmes_number(kind: str, status: int, tags: bool) -> None:
    """Whatever its status: no other SMSC has the message."""
    asked = Asked(tags=tags, version=V5_0)
    asked.gate.forward(asked.esme, about(kind, asked.told, 77))
    asked.gate.answer(asked.alpha, status)
    assert said(asked.esme) == [(77, status)]
    assert asked.esme.answers[0].command_id == about(kind, b"1").command_id | RESPONSE_BIT
    assert asked.beta.requests == []
    assert asked.is_done


@MODES
@pytest.mark.parametrize("kind", ["query_sm", "query_broadcast_sm"])
def test_the_id_in_the_answer_is_the_esmes_again(kind: str, tags: bool) -> None:
    asked = Asked(tags=tags, version=V5_0)
    asked.gate.forward(asked.esme, about(kind, asked.told))
    asked.gate.answer(asked.alpha, 0, b"1\0" + b"261123180000000+\0\2\0")
    expected = asked.told + b"\0" + b"261123180000000+\0\2\0"
    assert asked.esme.answers[0].octets[16:] == expected


@pytest.mark.parametrize("body", [b"", b"no end"])
def test_an_answer_without_an_id_is_passed_on_as_it_is(body: bytes) -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, query(asked.told))
    asked.gate.answer(asked.alpha, 0, body)
    assert asked.esme.answers == [fakes.raw(CommandId.QUERY_SM_RESP, 0, 5, body)]


def test_a_generic_nack_bears_the_esmes_number_too() -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, query(asked.told, 77))
    asked.alpha.hear(fakes.generic_nack(asked.alpha.requests[0], 3))
    assert asked.esme.answers == [fakes.raw(CommandId.GENERIC_NACK, 3, 77)]
    assert asked.is_done


@pytest.mark.parametrize("how", ["no answer", "link lost"])
def test_without_an_answer_the_esme_is_answered_0x08_once(how: str) -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, query(asked.told))
    if how == "no answer":
        asked.alpha.expire(asked.gate.now)
        asked.gate.answer(asked.alpha, 0, b"1\0\0\2\0")
    else:
        asked.gate.lose(asked.alpha)
    assert said(asked.esme) == [(5, 0x08)]
    assert asked.is_done


def test_another_session_of_the_account_may_ask_too() -> None:
    asked = Asked(tags=True)
    second = asked.gate.esme()
    asked.gate.forward(second, query(asked.told))
    assert len(asked.alpha.requests) == 1


@MODES
@pytest.mark.parametrize("message_id", [b"1", b"0" * 64, b"x" * 200])
@pytest.mark.parametrize("version", [V3_3, V3_4, V5_0])
def test_after_a_restart_it_still_finds_its_return_path(
    tags: bool, message_id: bytes, version: Any
) -> None:
    before = Asked(message_id, version, tags=tags, run=b"one")
    gate = Gate(tags=tags, run=b"two", after=before.gate)
    esme, link = gate.esme(version=version), gate.link(version=version)
    gate.forward(esme, query(before.told))
    assert link.requests[0].octets[16:].startswith(message_id + b"\0")
    gate.answer(link, 0, message_id + b"\0\0\2\0")
    assert esme.answers[0].octets[16:] == before.told + b"\0\0\2\0"


def test_a_replaced_broadcast_has_an_id_like_any_message() -> None:
    """SMPP v5.0 §4.4.1.1: what replaces it is a message of its own."""
    asked = Asked(tags=True, version=V5_0)
    asked.gate.forward(asked.esme, about("broadcast_sm", asked.told))
    asked.gate.answer(asked.alpha, 0, b"2\0")
    assert asked.esme.answers[0].octets[16:] == b"alpha2\0"
    assert asked.is_done


def test_a_broadcast_that_replaces_none_goes_where_any_message_goes() -> None:
    asked = Asked(tags=True, version=V5_0)
    asked.gate.forward(asked.esme, about("broadcast_sm", b""))
    assert len(asked.alpha.requests) + len(asked.beta.requests) == 1


# By other accounts


@MODES
@ALL
@pytest.mark.parametrize("message_id", [b"1", b"0" * 64])
def test_to_another_account_the_id_is_unknown(kind: str, tags: bool, message_id: bytes) -> None:
    """And the SMSC is not asked."""
    asked = Asked(message_id, tags=tags, version=V5_0)
    stranger = asked.by_stranger(about(kind, asked.told))
    assert said(stranger) == [(5, UNKNOWN)]
    assert stranger.answers[0].command_id == about(kind, b"1").command_id | RESPONSE_BIT
    assert asked.alpha.requests == asked.beta.requests == []
    assert stranger.unanswered == 0


@MODES
@pytest.mark.parametrize("version", [V3_3, V3_4])
@pytest.mark.parametrize("given", [b"2", b"beta1", b"alpha", b"alpha2", b"_1", b"0000002A"])
def test_an_id_that_no_esme_was_given_is_unknown(tags: bool, version: Any, given: bytes) -> None:
    asked = Asked(tags=tags, version=version)
    asked.gate.forward(asked.esme, query(given))
    assert said(asked.esme) == [(5, UNKNOWN)]
    assert asked.is_done


def test_a_message_of_an_account_without_queries_is_unknown_to_it_too() -> None:
    """Nothing was kept of it."""
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    esme.queries = False
    gate.forward(esme, fakes.submit(1))
    gate.answer(link, 0, b"1\0")
    gate.forward(esme, query(b"alpha1"))
    assert said(esme) == [(1, 0), (5, UNKNOWN)]


@pytest.mark.parametrize("kind", ["query_sm", "replace_sm", "query_broadcast_sm"])
def test_what_needs_an_id_is_refused_without_one(kind: str) -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, about(kind, b""))
    assert said(asked.esme) == [(5, UNKNOWN)]
    assert asked.is_done


@ALL
def test_a_body_in_which_no_id_can_be_found_is_refused(kind: str) -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, fakes.raw(about(kind, b"").command_id, 0, 5, b"cut"))
    assert said(asked.esme) == [(5, UNKNOWN)]
    assert asked.is_done


# Where the SMSC cannot be asked


def test_with_the_smsc_down_the_esme_is_answered_0x08() -> None:
    """And no other SMSC is asked: it would know another message by that id, or none."""
    asked = Asked(tags=True)
    asked.gate.lose(asked.alpha)
    asked.gate.forward(asked.esme, query(asked.told))
    assert said(asked.esme) == [(5, 0x08)]
    assert asked.beta.requests == []
    assert asked.is_done


def test_it_may_go_over_any_link_of_the_message_center() -> None:
    asked = Asked(tags=True, shared=True)
    asked.gate.lose(asked.alpha)
    asked.gate.forward(asked.esme, query(asked.told))
    assert len(asked.beta.requests) == 1
    asked.gate.answer(asked.beta, 0, b"1\0\0\2\0")
    assert asked.esme.answers[0].octets[16:] == asked.told + b"\0\0\2\0"
    assert asked.is_done


def test_a_full_window_is_not_exceeded() -> None:
    asked = Asked(tags=True)
    asked.alpha.window = 1
    asked.gate.alpha.change_window(1)
    asked.gate.forward(asked.esme, query(asked.told, 5))
    asked.gate.forward(asked.esme, query(asked.told, 6))
    assert len(asked.alpha.requests) == 1
    assert said(asked.esme) == [(6, 0x08)]


def test_it_counts_in_the_window_of_the_esme() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(window=1), gate.link()
    gate.submitted(esme, link, b"1")
    gate.forward(esme, query(b"alpha1", 5))
    gate.forward(esme, query(b"alpha1", 6))
    assert said(esme)[1:] == [(6, 0x58)]


def test_an_smsc_that_does_not_know_the_command_is_not_sent_it() -> None:
    asked = Asked(tags=True)
    asked.gate.alpha.commands = V3_4.commands
    asked.gate.forward(asked.esme, about("query_broadcast_sm", asked.told))
    assert said(asked.esme) == [(5, 0x08)]
    assert asked.alpha.requests == []


def test_a_message_of_an_smsc_that_is_no_longer_configured_is_unknown() -> None:
    before = Asked(tags=True)
    gate = Gate(tags=True, after=before.gate)
    gate.router.return_paths.message_ids._by_tag.pop(b"alpha")
    esme = gate.esme()
    gate.forward(esme, query(before.told))
    assert said(esme) == [(5, UNKNOWN)]


# A cancel_sm without an id


def cancel(number: int = 5) -> Frame:
    pdu = CancelSm(source_addr=b"1000", destination_addr=b"447700900123")
    return fakes.frame_of(pdu, number)


@pytest.mark.parametrize(
    ("alpha", "beta", "expected"),
    [(0, 0, 0), (0, 0x11, 0), (0x11, 0, 0), (0x11, 0x0C, 0x11), (0x58, 0x11, 0x58)],
)
def test_a_cancel_without_an_id_succeeds_if_one_smsc_says_so(
    alpha: int, beta: int, expected: int
) -> None:
    """It is answered once, when all have answered."""
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, cancel())
    assert asked.alpha.requests[0].octets[16:] == cancel().octets[16:]
    assert asked.beta.requests[0].octets[16:] == cancel().octets[16:]
    asked.gate.answer(asked.alpha, alpha)
    assert asked.esme.answers == []
    assert asked.esme.unanswered == 1
    asked.gate.answer(asked.beta, beta)
    assert asked.esme.answers == [fakes.raw(CommandId.CANCEL_SM_RESP, expected, 5)]
    assert asked.is_done


def test_without_leave_no_cancel_goes_to_every_smsc() -> None:
    """It would cancel messages of other accounts."""
    asked = Asked(tags=True)
    asked.esme.cancels_all = False
    asked.gate.forward(asked.esme, cancel())
    assert asked.alpha.requests == []
    assert said(asked.esme) == [(5, UNKNOWN)]
    assert asked.is_done


@ALL
def test_an_id_longer_than_any_that_was_given_is_unknown(kind: str) -> None:
    """It is looked up nowhere: it would be a key of as many octets."""
    asked = Asked(tags=True)
    frame = about(kind, b"1")
    octets = frame.octets.replace(b"1\0", b"alpha" + b"1" * 60_000 + b"\0", 1)
    asked.gate.forward(asked.esme, frame._replace(octets=octets))
    assert said(asked.esme) == [(5, UNKNOWN)]
    assert asked.is_done


def test_a_lost_smsc_does_not_delay_the_answer_to_a_cancel() -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, cancel())
    asked.gate.answer(asked.beta, 0)
    asked.gate.lose(asked.alpha)
    assert said(asked.esme) == [(5, 0)]
    assert asked.is_done


def test_with_no_smsc_up_it_is_answered_at_once() -> None:
    gate = Gate(tags=True)
    esme = gate.esme()
    gate.forward(esme, cancel())
    assert said(esme) == [(5, 0x08)]
    assert esme.unanswered == 0


def test_it_goes_to_the_smscs_of_its_pool_only() -> None:
    asked = Asked(tags=True)
    asked.esme.pool = fakes.pool(asked.gate.beta)
    asked.gate.forward(asked.esme, cancel())
    assert (len(asked.alpha.requests), len(asked.beta.requests)) == (0, 1)


def test_a_cancel_everywhere_for_an_esme_that_has_ended_leaves_nothing() -> None:
    asked = Asked(tags=True)
    asked.gate.forward(asked.esme, cancel())
    asked.gate.lose(asked.esme)
    asked.gate.answer(asked.alpha, 0x58)
    asked.gate.answer(asked.beta, 0)
    assert asked.is_done


# While the store is slow


def slow() -> tuple[Gate, HeldStore, FakeSession, FakeSession]:
    store = HeldStore()
    gate = Gate(tags=True, store=store)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.clock.advance(0)
    store.write()
    store.forget()
    esme.answers.clear()
    link.requests.clear()
    return gate, store, esme, link


def test_what_memory_does_not_know_is_looked_up() -> None:
    gate, store, esme, link = slow()
    gate.forward(esme, query(b"alpha1"))
    assert (link.requests, esme.unanswered) == ([], 1)
    assert gate.router.open_exchanges == 1
    store.look_up()
    assert len(link.requests) == 1
    gate.answer(link, 0, b"1\0\0\2\0")
    assert (said(esme), esme.unanswered) == ([(5, 0)], 0)
    assert gate.router.open_exchanges == 0


def test_while_the_store_cannot_be_asked_nothing_is_unknown() -> None:
    """The ESME may ask again, as when the SMSC cannot be asked."""
    gate, store, esme, link = slow()
    gate.forward(esme, query(b"alpha1"))
    store.cannot_look_up()
    assert (said(esme), link.requests) == ([(5, 0x08)], [])
    assert gate.router.open_exchanges == 0


def test_what_the_store_does_not_know_is_unknown() -> None:
    gate, store, esme, link = slow()
    gate.forward(esme, query(b"alpha2"))
    store.look_up()
    assert (said(esme), link.requests) == ([(5, UNKNOWN)], [])
    assert gate.router.open_exchanges == 0


def test_no_smsc_is_asked_for_an_esme_that_ended_during_the_look_up() -> None:
    gate, store, esme, link = slow()
    gate.forward(esme, query(b"alpha1"))
    gate.lose(esme)
    store.look_up()
    assert link.requests == []
    assert gate.router.open_exchanges == 0


# Others who ask


def test_this_process_may_ask_about_every_message() -> None:
    asked = Asked(tags=True)
    results: list[Any] = []
    asking = QuerySm(message_id=asked.told, source_addr=b"1000")
    asked.gate.router.request(asking).addBoth(results.append)
    asked.gate.answer(asked.alpha, 0, b"1\0\0\2\0")
    assert not isinstance(results[0], Failure)
    assert (results[0].message_id, results[0].message_state) == (asked.told, 2)


def test_this_process_may_ask_about_its_own() -> None:
    gate = Gate(tags=True)
    link = gate.link()
    results: list[Any] = []
    sent = SubmitSm(source_addr=b"1", destination_addr=b"4477", registered_delivery=1)
    gate.router.request(sent).addBoth(results.append)
    gate.answer(link, 0, b"1\0")
    gate.router.request(QuerySm(message_id=results[0].message_id, source_addr=b"1"))
    assert link.requests[-1].octets[16:].startswith(b"1\0")


def test_a_session_with_an_smsc_session_of_its_own_asks_over_that() -> None:
    """A bind that was passed through: the SMSC is to know who asks."""
    asked = Asked(tags=True)
    own = Smsc("alpha", tag=b"alpha", center=asked.gate.alpha.center)
    mine = asked.gate.link(own)
    asked.esme.passed_through = own
    asked.gate.forward(asked.esme, query(asked.told))
    assert (len(mine.requests), len(asked.alpha.requests)) == (1, 0)
    asked.gate.answer(mine, 0, b"1\0\0\2\0")
    assert said(asked.esme) == [(5, 0)]
    assert asked.is_done


def test_a_session_with_an_smsc_session_of_its_own_cannot_ask_another_smsc() -> None:
    asked = Asked(tags=True)
    own = Smsc("beta", tag=b"beta", center=asked.gate.beta.center)
    mine = asked.gate.link(own)
    asked.esme.passed_through = own
    asked.gate.forward(asked.esme, query(asked.told))
    assert said(asked.esme) == [(5, 0x08)]
    assert mine.requests == asked.alpha.requests == []


# Peers of different versions


def test_an_esme_of_3_3_asks_an_smsc_of_3_4() -> None:
    """By its alias; and the answer has no TLVs, SMPP v3.4 §1.6.1."""
    gate = Gate(tags=True)
    esme, link = gate.esme(version=V3_3), gate.link()
    gate.submitted(esme, link, b"0123456789")
    told = esme.answers[0].octets[16:-1]
    gate.forward(esme, query(told))
    gate.answer(link, 0, b"0123456789\0\0\2\0" + b"\x14\x00\x00\x01x")
    assert esme.answers[-1].octets[16:] == told + b"\0\0\2\0"
    assert decode(esme.answers[-1].octets).command_id == CommandId.QUERY_SM_RESP


def test_a_cancel_everywhere_goes_to_smscs_of_every_version() -> None:
    gate = Gate(tags=True)
    esme, alpha, beta = gate.esme(), gate.link(version=V3_3), gate.link(gate.beta, version=V5_0)
    gate.forward(esme, cancel())
    gate.answer(alpha, 0)
    gate.answer(beta, 0x11)
    assert said(esme) == [(5, 0)]
    assert gate.router.open_exchanges == 0
