"""What is seen: the traffic of an account, of an SMSC, to a number, on both sides of the gate."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.observe.traffic.seen import Kind
from smppgate.settings import PoolSettings, RouteSettings, SmscSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.pdu import (
    DestAddress,
    EnquireLink,
    QuerySm,
    SmeAddress,
    SubmitMulti,
)
from tests.gate.memory_gateway import End, MemoryGateway, bind
from tests.gate.test_reload import bound, esme, linked, smsc
from tests.observe.traffic.looking import TWO, Looking, gate, mo, submit
from tests.txsmpp.pairs import numbered

ACME, OTHER = b"acme", b"other"


def sent(end: End, link: End, *to: bytes, first: int = 10) -> list[Frame]:
    """What comes to the link of messages to these numbers."""
    for number, each in enumerate(to, first):
        end.ask(submit(each), number)
    return link.heard()


class Both:
    """A gate with two accounts and one link."""

    def __init__(self, smscs: tuple[SmscSettings, ...] = (), **more: Any) -> None:
        self.gate: MemoryGateway = gate(*smscs, **more)
        self.link = linked(self.gate)
        self.acme, self.other = bound(self.gate, ACME), bound(self.gate, OTHER)


# Of an account


def test_all_of_an_account_is_seen_and_its_messages_on_links() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    (first,) = sent(both.acme, both.link, b"4477")
    (other,) = sent(both.other, both.link, b"4477", first=90)
    both.link.answer(other, 0, b"1\0")
    both.link.answer(first, 0, b"2\0")
    both.acme.ask(EnquireLink(), 11)
    both.link.ask(EnquireLink(), 12)
    number = first.sequence_number
    assert looking.words() == [
        "acme > submit_sm 10",
        f"alpha < submit_sm {number}",
        f"alpha > submit_sm_resp {number}",
        "acme < submit_sm_resp 10",
        "acme > enquire_link 11",
        "acme < enquire_link_resp 11",
    ]


def test_octets_are_those_that_came_and_went() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    (request,) = sent(both.acme, both.link, b"4477")
    both.link.answer(request, 0, b"id\0")
    (resp,) = both.acme.heard()
    seen = [each.octets for each in looking.all()]
    assert seen[0] == numbered(submit(b"4477"), 10)
    assert seen[1] == request.octets
    assert seen[2][16:] == b"id\0"
    assert seen[3] == resp.octets


def test_what_comes_for_an_account_is_seen_on_the_link_too() -> None:
    both = Both(
        esme=(esme(address_ranges=("44*",)), esme(system_id="other", address_ranges=("33*",)))
    )
    looking = Looking(both.gate, account="acme")
    both.link.ask(mo(b"331"), 70)
    both.link.ask(mo(b"441"), 71)
    (request,) = both.acme.heard()
    (others,) = both.other.heard()
    both.other.answer(others, 0, b"\0")
    both.acme.answer(request, 0, b"\0")
    number = request.sequence_number
    assert looking.words() == [
        "alpha > deliver_sm 71",
        f"acme < deliver_sm {number}",
        f"acme > deliver_sm_resp {number}",
        "alpha < deliver_sm_resp 71",
    ]


def test_a_bind_is_seen_that_is_refused() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    both.gate.esme(bind(b"wrong", system_id=ACME))
    both.gate.esme(bind(b"wrong", system_id=OTHER))
    seen = looking.all()
    assert [each.kind for each in seen] == [Kind.PDU, Kind.PDU, Kind.CLOSED]
    assert Frame.of(seen[1].octets)[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0x0E)
    assert "why" in seen[1].decision


def test_an_account_that_is_not_there_is_seen_to_be_refused() -> None:
    both = Both()
    looking = Looking(both.gate, account="acmee")
    both.gate.esme(bind(system_id=b"acmee"))
    assert looking.words()[:2] == [
        "acmee > bind_transceiver 7",
        "acmee < bind_transceiver_resp 7 0xF",
    ]


def test_a_session_that_binds_while_looked_at_is_seen_until_it_is_lost() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    end = bound(both.gate, ACME)
    end.transport.lose()
    both.gate.turn()
    assert looking.words() == [
        "acme > bind_transceiver 7",
        "acme < bind_transceiver_resp 7",
        "acme > closed",
    ]


def test_a_connection_that_was_there_before_is_seen_once_it_is_bound() -> None:
    both = Both()
    end = both.gate.esme()
    looking = Looking(both.gate, account="acme")
    end.send(bind(system_id=ACME))
    end.ask(EnquireLink(), 8)
    assert looking.words()[-2:] == ["acme > enquire_link 8", "acme < enquire_link_resp 8"]


def test_a_stranger_is_not_watched_once_it_has_bound() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    end = bound(both.gate, OTHER)
    sessions = both.gate.gateway.parts.esme_sessions()
    assert [each._tap is not None for each in sessions] == [True, False, False]
    end.ask(EnquireLink(), 8)
    assert looking.words() == []


def test_requests_of_which_nothing_is_known_are_seen() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    both.acme.ask(QuerySm(message_id=b"7"), 12)
    words = looking.words()
    assert words[0] == "acme > query_sm 12"
    assert words[1].startswith("acme < query_sm_resp 12")


# Of an SMSC


def test_all_of_an_smsc_is_seen_and_its_messages_on_sessions() -> None:
    here = gate(*TWO)
    alpha, beta = linked(here, 0), linked(here, 1)
    end = bound(here, ACME)
    looking = Looking(here, smsc="alpha")
    end.ask(submit(), 10)
    end.ask(submit(), 11)
    (to_alpha,), (to_beta,) = alpha.heard(), beta.heard()
    beta.answer(to_beta, 0, b"1\0")
    alpha.answer(to_alpha, 0, b"2\0")
    alpha.ask(EnquireLink(), 5)
    number = to_alpha.sequence_number
    assert looking.words() == [
        "acme > submit_sm 10",
        f"alpha < submit_sm {number}",
        f"alpha > submit_sm_resp {number}",
        "acme < submit_sm_resp 10",
        "alpha > enquire_link 5",
        "alpha < enquire_link_resp 5",
    ]


def test_the_other_sides_of_an_smscs_messages() -> None:
    here = gate(*TWO, esme=(esme(address_ranges=("44*",)),))
    alpha, beta = linked(here, 0), linked(here, 1)
    end = bound(here, ACME)
    looking = Looking(here, smsc="alpha")
    for link, number in ((alpha, 60), (beta, 61)):
        link.ask(mo(b"44"), number)
        (request,) = end.heard()
        end.answer(request, 0, b"\0")
    words = looking.words()
    assert words[0] == "alpha > deliver_sm 60"
    assert words[-1] == "alpha < deliver_sm_resp 60"
    assert len(words) == 4


def test_an_smsc_is_seen_to_refuse_a_bind() -> None:
    here = gate(smsc("alpha"))
    looking = Looking(here, smsc="alpha")
    end = here.smsc()
    (request,) = end.heard()
    end.answer(request, 0x0E)
    words = looking.words()
    assert words[:2] == ["alpha < bind_transceiver 1", "alpha > bind_transceiver_resp 1 0xE"]


# To a number


def test_messages_to_a_number_are_seen_and_nothing_else() -> None:
    both = Both()
    looking = Looking(both.gate, to=b"4477")
    first, second, third = sent(both.acme, both.link, b"447", b"44771", b"+44772")
    for each in (third, second, first):
        both.link.answer(each, 0, b"1\0")
    both.acme.ask(EnquireLink(), 30)
    assert looking.words() == [
        "acme > submit_sm 11",
        f"alpha < submit_sm {second.sequence_number}",
        "acme > submit_sm 12",
        f"alpha < submit_sm {third.sequence_number}",
        f"alpha > submit_sm_resp {third.sequence_number}",
        "acme < submit_sm_resp 12",
        f"alpha > submit_sm_resp {second.sequence_number}",
        "acme < submit_sm_resp 11",
    ]


def test_of_a_submit_multi_any_number_counts() -> None:
    both = Both()
    looking = Looking(both.gate, to=b"4477")
    to: tuple[DestAddress, ...] = tuple(
        SmeAddress(destination_addr=each) for each in (b"33", b"4477")
    )
    both.acme.ask(SubmitMulti(dest_address=to, short_message=b"x"), 10)
    both.acme.ask(SubmitMulti(dest_address=to[:1], short_message=b"x"), 11)
    assert looking.words()[0] == "acme > submit_multi 10"
    assert all("11" not in each for each in looking.words())


def test_a_receipt_is_about_a_message_to_its_source() -> None:
    both = Both(esme=(esme(address_ranges=("1*",)), esme(system_id="other")))
    looking = Looking(both.gate, to=b"4477")
    both.link.ask(mo(b"1000", esm_class=4), 50)
    both.link.ask(mo(b"1000", esm_class=0), 51)
    words = looking.words()
    assert words[0] == "alpha > deliver_sm 50"
    assert not any(" 51" in each for each in words)


def test_both_must_hold_where_both_are_asked_for() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme", to=b"4477")
    sent(both.other, both.link, b"4477")
    sent(both.acme, both.link, b"33", first=20)
    assert looking.words() == []
    sent(both.acme, both.link, b"4477", first=30)
    assert len(looking.words()) == 2


def test_an_account_and_an_smsc() -> None:
    here = gate(*TWO)
    alpha, beta = linked(here, 0), linked(here, 1)
    acme, other = bound(here, ACME), bound(here, OTHER)
    looking = Looking(here, account="acme", smsc="alpha")
    for number in (10, 11):
        acme.ask(submit(), number)
        other.ask(submit(), number)
    of_alpha = alpha.heard()
    for link, frames in ((alpha, of_alpha), (beta, beta.heard())):
        for frame in frames:
            link.answer(frame, 0, b"%d\0" % frame.sequence_number)
    words = looking.words()
    assert words
    assert len(words) % 4 == 0
    assert {each.split()[0] for each in words} == {"acme", "alpha"}


# Everything, and several who look


def test_without_a_wish_everything_is_seen() -> None:
    both = Both()
    looking = Looking(both.gate)
    sent(both.acme, both.link, b"1")
    sent(both.other, both.link, b"2")
    both.link.ask(EnquireLink(), 3)
    assert len(looking.words()) == 6


def test_two_may_look_at_one_session_and_nothing_is_left_of_them() -> None:
    both = Both()
    first = Looking(both.gate, account="acme")
    second = Looking(both.gate, first.traffic, smsc="alpha")
    sent(both.acme, both.link, b"1")
    assert len(first.words()) == len(second.words()) == 2
    first.traffic.close(first.view)
    sent(both.acme, both.link, b"1", first=20)
    assert (first.words(), len(second.words())) == ([], 2)
    first.traffic.close(second.view)
    first.traffic.close(second.view)
    parts, router = both.gate.gateway.parts, both.gate.router
    assert all(each._tap is None for each in parts.esme_sessions())
    assert all(link.session._tap is None for link in both.gate.gateway.links)
    assert all(link.session.session._buffer.tap is None for link in both.gate.gateway.links)
    assert router.events.tell_connected is None
    assert not first.traffic._watches


def test_a_view_leaves_the_lane_as_it_is() -> None:
    both = Both()
    Looking(both.gate)
    assert not both.gate.router.events.tells_each


# What was decided


def test_the_way_of_a_message_is_told() -> None:
    pools = (PoolSettings(name="uk", members=("alpha",)),)
    routes = (RouteSettings(name="british", destination=("44*",), pool="uk"),)
    both = Both(pool=pools, route=routes)
    looking = Looking(both.gate, account="acme")
    sent(both.acme, both.link, b"4477")
    _, on_link = looking.all()
    told = dict(on_link.decision)
    assert (told["route"], told["pool"], told["smsc"]) == ("british", "uk", "alpha")
    assert told["attempt"] == 1


def test_why_a_message_is_rejected_is_told() -> None:
    pools = (PoolSettings(name="uk", members=("alpha",)),)
    routes = (RouteSettings(name="british", destination=("44*",), pool="uk"),)
    both = Both(pool=pools, route=routes)
    looking = Looking(both.gate, account="acme")
    sent(both.acme, both.link, b"33")
    _, resp = looking.all()
    assert resp.decision == {"why": "no route is for it"}


def test_why_a_message_has_no_success_is_told() -> None:
    both = Both(smscs=(smsc("alpha", response_timeout=5.0),))
    looking = Looking(both.gate, account="acme")
    (request,) = sent(both.acme, both.link, b"33")
    both.gate.reactor.pump([1.0] * 7)
    *_, resp = looking.all()
    assert Frame.of(resp.octets).command_id == CommandId.SUBMIT_SM_RESP
    assert "no answer in" in str(resp.decision["why"])
    both.link.answer(request, 0, b"1\0")
    (late,) = [each for each in looking.all() if each.octets[4:8] == b"\x80\0\0\x04"]
    assert late.decision["why"] == "late, or to nothing that was asked"


def test_a_message_that_waits_is_told() -> None:
    here = gate(smsc("alpha", window=1))
    link = linked(here)
    end = bound(here, ACME)
    looking = Looking(here, account="acme")
    sent(end, link, b"1", b"2")
    kinds = [each.kind for each in looking.all()]
    assert kinds == [Kind.PDU, Kind.PDU, Kind.PDU, Kind.WAITING]


def test_over_its_window_a_message_is_told_to_be() -> None:
    both = Both(esme=(esme(window=1), esme(system_id="other")))
    looking = Looking(both.gate, account="acme")
    sent(both.acme, both.link, b"1", b"2")
    resp = looking.all()[-1]
    assert resp.decision == {"why": "over the window of its session"}


def test_no_account_for_a_number_is_told() -> None:
    both = Both()
    looking = Looking(both.gate, smsc="alpha")
    both.link.ask(mo(b"99"), 50)
    _, resp = looking.all()
    assert resp.decision == {"why": "no account serves its destination"}


# What is no SMPP


@pytest.mark.parametrize(
    ("octets", "like"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP"),
        (b"PROXY TCP4 1.2.3.4 ", "PROXY"),
        (header_only(9, 0, 1)[:3] + b"\x03" + b"secret", "no SMPP"),
    ],
)
def test_what_is_no_smpp_is_told_without_its_octets(octets: bytes, like: str) -> None:
    both = Both()
    looking = Looking(both.gate)
    both.gate.esme(octets)
    (seen, *_) = looking.all()
    assert (seen.kind, seen.octets) == (Kind.NO_PDU, b"")
    assert like in str(seen.decision["why"])


def test_a_bind_in_pieces_is_seen_once() -> None:
    both = Both()
    looking = Looking(both.gate, account="acme")
    end = both.gate.esme()
    for each in bind(system_id=ACME):
        end.send(bytes((each,)))
    assert looking.words() == ["acme > bind_transceiver 7", "acme < bind_transceiver_resp 7"]
