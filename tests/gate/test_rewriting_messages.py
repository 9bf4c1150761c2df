"""Messages that rules rewrite, in a whole gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from attrs import evolve

from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    PoolSettings,
    RewriteSettings,
    RouteSettings,
)
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.destinations import SmeAddress
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.pdu import (
    CancelSm,
    DataSm,
    DeliverSm,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
)
from smppgate.txsmpp.tlv import Tlv
from tests.gate.memory_gateway import End, bind
from tests.gate.test_reload import bound, gate_of, linked, reload, said, smsc
from tests.txsmpp.pairs import numbered

ACME = EsmeSettings(system_id="acme", password="secret", address_ranges=("447*",))

NATIONAL = RewriteSettings(
    name="national",
    applies_to="submit",
    set_destination_prefix={"remove": ["0"], "add": "44"},  # type: ignore[arg-type]
    set_destination_ton=1,
    set_destination_npi=1,
)

MESSAGE = SubmitSm(
    source_addr=b"Shop",
    source_addr_ton=5,
    destination_addr=b"07700900123",
    dest_addr_ton=2,
    registered_delivery=1,
    short_message=b"hi",
    tlvs=(Tlv(0x1400, b"\1"), Tlv(0x3FFF, b"??")),
)

TEXT = (
    b"id:%s sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
    b"stat:DELIVRD err:000 text:"
)


class Rewritten:
    """A gate with two SMSCs, and an ESME that is bound."""

    def __init__(self, *rules: RewriteSettings, **more: Any) -> None:
        parts: dict[str, Any] = {
            "esme": (ACME,),
            "pool": (PoolSettings(name="all", members=("alpha", "beta"), balance="round_robin"),),
            "rewrite": rules,
        }
        beta = more.pop("beta", {})
        self.gate = gate_of(smsc("alpha"), smsc("beta", **beta), **{**parts, **more})
        self.alpha, self.beta = linked(self.gate, 0), linked(self.gate, 1)
        self.esme = bound(self.gate)

    def sends(self, pdu: Pdu = MESSAGE, number: int = 1) -> Any:
        """The ESME sends a request; gives what an SMSC gets, decoded."""
        self.esme.ask(pdu, number)
        return decode(self.request().octets)

    def request(self) -> Frame:
        """The request that an SMSC has got."""
        for end in (self.alpha, self.beta):
            for frame in end.heard():
                self._heard_by, self._request = end, frame
                return frame
        raise AssertionError("nothing came")

    def answers(self, status: int = 0, message_id: bytes = b"1") -> Frame:
        """That SMSC answers; gives what the ESME hears."""
        body = message_id + b"\0" if not status else b""
        self._heard_by.answer(self._request, status, body)
        (frame,) = self.esme.heard()
        return frame

    def delivers(self, pdu: Pdu, end: End | None = None) -> Any:
        """An SMSC sends a message; gives what the ESME gets, decoded."""
        (end or self.alpha).ask(pdu, 9)
        self.gate.reactor.pump([0.1] * 3)
        (frame,) = self.esme.heard()
        self._delivered = frame
        return decode(frame.octets)

    def takes(self, status: int, end: End | None = None) -> Frame:
        """The ESME answers that; gives what the SMSC hears."""
        self.esme.answer(self._delivered, status, b"" if status else b"\0")
        (frame,) = (end or self.alpha).heard()
        return frame

    @property
    def counts(self) -> dict[str, int]:
        """How often each rule was applied."""
        return {each.label: each.messages for each in self.gate.gateway.state().rewrites}


def test_a_rule_changes_what_it_names_and_nothing_else() -> None:
    gate = Rewritten(NATIONAL)
    expected = evolve(
        cast(Any, MESSAGE), destination_addr=b"447700900123", dest_addr_ton=1, dest_addr_npi=1
    )
    found = gate.sends()
    assert evolve(found, sequence_number=0) == expected
    assert gate.counts == {"national": 1}


def test_a_rule_that_does_not_hold_changes_nothing() -> None:
    gate = Rewritten(evolve(NATIONAL, source="Info"))
    assert gate.sends().destination_addr == b"07700900123"
    assert gate.counts == {"national": 0}


def test_each_rule_sees_what_those_before_it_have_made() -> None:
    foreign = RewriteSettings(
        name="foreign", applies_to="submit", destination="44*", set_source="Shop-UK"
    )
    both = Rewritten(NATIONAL, foreign).sends()
    assert (both.source_addr, both.destination_addr) == (b"Shop-UK", b"447700900123")
    turned = Rewritten(foreign, NATIONAL).sends()
    assert (turned.source_addr, turned.destination_addr) == (b"Shop", b"447700900123")


def test_routes_go_by_what_rules_have_made() -> None:
    pools = tuple(PoolSettings(name=each, members=(each,)) for each in ("alpha", "beta"))
    routes = (RouteSettings(destination="44*", pool="beta"), RouteSettings(pool="alpha"))
    gate = Rewritten(NATIONAL, pool=pools, route=routes)
    gate.esme.ask(MESSAGE)
    assert [len(end.heard()) for end in (gate.alpha, gate.beta)] == [0, 1]


def test_a_rule_for_an_smsc_applies_to_each_attempt_anew() -> None:
    """Beta gets nothing of what was made for alpha."""
    for_alpha = RewriteSettings(
        name="alpha",
        applies_to="submit",
        smsc="alpha",
        set_service_type="A",
        set_destination_prefix={"add": "00"},  # type: ignore[arg-type]
    )
    for_beta = RewriteSettings(
        name="beta", applies_to="submit", smsc=("beta",), set_tlvs="0x1402=beef"
    )
    gate = Rewritten(NATIONAL, for_alpha, for_beta)
    first = gate.sends()
    assert (first.destination_addr, first.service_type) == (b"00447700900123", b"A")
    gate.alpha.answer(gate._request, 0x58)
    second = cast(Any, decode(gate.request().octets))
    assert (second.destination_addr, second.service_type) == (b"447700900123", b"")
    assert second.tlv(0x1402) == b"\xbe\xef"
    assert gate.counts == {"national": 1, "alpha": 1, "beta": 1}


def test_a_result_that_is_too_long_is_answered() -> None:
    """And goes to no SMSC."""
    long = evolve(cast(Any, MESSAGE), destination_addr=b"0" + b"7" * 19)
    gate = Rewritten(NATIONAL)
    gate.esme.ask(long)
    assert said(gate.esme) == [(CommandId.SUBMIT_SM_RESP, 0x0B)]
    assert said(gate.alpha) == said(gate.beta) == []
    gate.esme.ask(DataSm(destination_addr=b"0" + b"7" * 19))
    assert gate.request().command_id == CommandId.DATA_SM


def test_what_is_too_long_for_an_smsc_is_answered() -> None:
    rule = evolve(NATIONAL, smsc=("alpha", "beta"))
    gate = Rewritten(rule)
    gate.esme.ask(evolve(cast(Any, MESSAGE), destination_addr=b"0" + b"7" * 19))
    assert said(gate.esme) == [(CommandId.SUBMIT_SM_RESP, 0x0B)]
    assert gate.gate.router.open_exchanges == 0


def test_tlvs_are_put_in_place_and_taken_away() -> None:
    rule = RewriteSettings(
        applies_to="submit", remove_tlvs="0x3FFF", set_tlvs=("0x1400=02", "0x1402=")
    )
    found = Rewritten(rule).sends()
    assert found.tlvs == (Tlv(0x1400, b"\2"), Tlv(0x1402, b""))


def test_an_smsc_of_3_3_gets_no_tlv_that_a_rule_has_put_there() -> None:
    rule = RewriteSettings(applies_to="submit", set_tlvs="0x1402=01")
    beta = {"interface_version": "3.3"}
    gate = Rewritten(rule, beta=beta, pool=(PoolSettings(name="all", members=("beta",)),))
    gate.esme.transport.lose()
    gate.esme = gate.gate.esme(bind(interface_version=0x33))
    gate.esme.heard()
    assert gate.sends(SubmitSm(short_message=b"x")).tlvs == ()


def test_an_error_is_told_as_another() -> None:
    rule = RewriteSettings(
        applies_to="submit",
        set_statuses={0x45: 0x58, "ESME_RINVDSTADR": 0x45},  # type: ignore[arg-type]
    )
    gate = Rewritten(rule)
    for status, told in ((0x45, 0x58), (0x0B, 0x45), (0x0A, 0x0A), (0, 0)):
        gate.sends()
        assert gate.answers(status).command_status == told


def test_the_status_of_the_smsc_decides_whether_another_is_tried() -> None:
    rule = RewriteSettings(applies_to="submit", set_statuses={0x58: 0x45, 0x45: 0x58})  # type: ignore[arg-type]
    gate = Rewritten(rule)
    gate.sends()
    gate.alpha.answer(gate._request, 0x58)
    gate.request()
    assert gate._heard_by is gate.beta
    assert gate.answers(0x45).command_status == 0x58


def test_what_the_gate_itself_answers_is_told_as_it_is() -> None:
    rule = RewriteSettings(applies_to="submit", set_statuses={0x08: 0x45})  # type: ignore[arg-type]
    gate = Rewritten(rule, pool=(PoolSettings(name="all", members=("alpha",), hold=0.0),))
    gate.alpha.transport.lose()
    gate.esme.ask(MESSAGE)
    assert said(gate.esme) == [(CommandId.SUBMIT_SM_RESP, 0x08)]


# The way back


def receipt(message_id: bytes = b"1", **more: Any) -> DeliverSm:
    """As an SMSC writes it that was told the international number."""
    fields = {"source_addr": b"447700900123", "source_addr_ton": 1, "source_addr_npi": 1}
    fields |= {"destination_addr": b"Shop", "dest_addr_ton": 5}
    text = TEXT % message_id
    return DeliverSm(esm_class=4, short_message=text, **{**fields, **more})


def test_a_receipt_has_the_esmes_own_words() -> None:
    gate = Rewritten(NATIONAL)
    gate.sends()
    assert gate.answers().octets[16:] == b"A1\0"
    found = gate.delivers(receipt())
    assert (found.source_addr, found.source_addr_ton, found.source_addr_npi) == (
        b"07700900123",
        2,
        0,
    )
    assert (found.destination_addr, found.dest_addr_ton) == (b"Shop", 5)
    assert found.short_message == TEXT % b"A1"


def test_a_receipt_whose_addresses_are_not_turned_round_keeps_their_places() -> None:
    rule = evolve(NATIONAL, set_source="SHOP")
    gate = Rewritten(rule)
    gate.sends()
    gate.answers()
    turned = {"source_addr": b"SHOP", "destination_addr": b"447700900123"}
    found = gate.delivers(receipt(**turned))
    assert (found.source_addr, found.destination_addr) == (b"Shop", b"07700900123")


@pytest.mark.parametrize("ids", ["tagged", "original"])
def test_the_words_are_kept_whatever_the_ids(ids: str) -> None:
    """And where the id is an alias, because it is too long for a tag."""
    for message_id in (b"1", b"9" * 64, b"7" * 70):
        gate = Rewritten(NATIONAL, gate=GateSettings(message_ids=ids))
        gate.sends()
        gate.answers(message_id=message_id)
        found = gate.delivers(receipt(message_id))
        assert found.source_addr == b"07700900123"


def test_an_unmatched_receipt_is_as_it_came() -> None:
    gate = Rewritten(NATIONAL)
    found = gate.delivers(receipt(b"77", destination_addr=b"447700900999"))
    assert found.source_addr == b"447700900123"


def test_what_was_not_rewritten_pays_nothing() -> None:
    """Its return path is the same record as without any rule."""
    plain, ruled = Rewritten(), Rewritten(evolve(NATIONAL, source="Info"))
    for gate in (plain, ruled):
        gate.sends()
        gate.answers()
    records = [g.gate.router.return_paths.store.recent(b"alpha\x001") for g in (plain, ruled)]
    assert [each and each.count(b"\0") for each in records] == [4, 4]


ASKS: dict[str, Callable[[bytes], Pdu]] = {
    "query": lambda given: QuerySm(message_id=given, source_addr=b"Shop"),
    "replace": lambda given: ReplaceSm(message_id=given, source_addr=b"Shop", short_message=b"x"),
    "cancel": lambda given: CancelSm(
        message_id=given, source_addr=b"Shop", destination_addr=b"07700900123", dest_addr_ton=2
    ),
}


@pytest.mark.parametrize("command", ASKS)
def test_a_request_about_a_message_names_it_as_the_smsc_was_told(command: str) -> None:
    rule = evolve(NATIONAL, set_source="12345", set_source_ton=3)
    gate = Rewritten(rule)
    gate.sends()
    given = gate.answers().octets[16:-1]
    asked = gate.sends(ASKS[command](given), 2)
    assert (asked.message_id, asked.source_addr, asked.source_addr_ton) == (b"1", b"12345", 3)
    if command == "cancel":
        assert (asked.destination_addr, asked.dest_addr_ton) == (b"447700900123", 1)


def test_another_address_than_the_esme_gave_is_the_smscs_to_judge() -> None:
    gate = Rewritten(evolve(NATIONAL, set_source="12345"))
    gate.sends()
    given = gate.answers().octets[16:-1]
    assert gate.sends(QuerySm(message_id=given, source_addr=b"Other"), 2).source_addr == b"Other"


def test_a_cancel_by_addresses_names_them_as_each_smsc_was_told() -> None:
    for_beta = evolve(NATIONAL, name="b", smsc="beta", set_service_type="B", set_source="9")
    accounts = (evolve(ACME, cancel_all=True),)
    gate = Rewritten(NATIONAL, for_beta, esme=accounts)
    cancel = CancelSm(service_type=b"X", source_addr=b"Shop", destination_addr=b"0770")
    gate.esme.ask(cancel)
    (one,), (other,) = gate.alpha.heard(), gate.beta.heard()
    found = [cast(Any, decode(each.octets)) for each in (one, other)]
    assert [(f.service_type, f.source_addr, f.destination_addr) for f in found] == [
        (b"X", b"Shop", b"44770"),
        (b"B", b"9", b"44770"),
    ]
    assert gate.counts == {"national": 0, "b": 0}


def test_a_message_that_a_rule_wants_a_receipt_of_has_a_return_path() -> None:
    accounts = (evolve(ACME, queries=False),)
    rule = evolve(NATIONAL, smsc=("alpha", "beta"), set_registered_delivery=1)
    gate = Rewritten(rule, esme=accounts)
    gate.sends(evolve(cast(Any, MESSAGE), registered_delivery=0))
    gate.answers()
    assert gate.delivers(receipt()).short_message == TEXT % b"A1"


def test_destinations_of_a_submit_multi_stay() -> None:
    places = (SmeAddress(destination_addr=b"0770"), SmeAddress(destination_addr=b"0771"))
    gate = Rewritten(evolve(NATIONAL, set_source="Uk"))
    found = gate.sends(SubmitMulti(source_addr=b"Shop", dest_address=places, short_message=b"x"))
    assert found.dest_address == places
    assert found.source_addr == b"Uk"


def test_a_long_message_goes_to_one_smsc_after_it_was_rewritten() -> None:
    gate = Rewritten(NATIONAL)
    parts = [
        evolve(
            cast(Any, MESSAGE),
            esm_class=0x40,
            short_message=b"\5\0\3\7\2" + bytes((n,)) + b"x",
        )
        for n in (1, 2)
    ]
    gate.esme.send(numbered(parts[0], 1) + numbered(parts[1], 2))
    found = [end.heard() for end in (gate.alpha, gate.beta)]
    assert sorted(map(len, found)) == [0, 2]


# What SMSCs send

MO = DeliverSm(source_addr=b"447711", destination_addr=b"0770123", short_message=b"x")


def test_a_message_of_an_smsc_is_rewritten_before_its_account_is_chosen() -> None:
    rule = RewriteSettings(
        name="uk",
        applies_to="deliver",
        smsc="alpha",
        set_destination_prefix={"remove": ["0"], "add": "44"},  # type: ignore[arg-type]
    )
    gate = Rewritten(rule)
    assert gate.delivers(MO).destination_addr == b"44770123"
    assert gate.takes(0).command_status == 0
    gate.beta.ask(MO, 9)
    assert said(gate.beta) == [(CommandId.DELIVER_SM_RESP, 0x64)]


def test_rules_that_ask_for_the_account_come_last() -> None:
    own = RewriteSettings(
        name="own", applies_to="deliver", esme="acme", set_destination="short", set_source_ton=1
    )
    other = RewriteSettings(name="other", applies_to="deliver", esme="bolt", set_source="x")
    accounts = (ACME, EsmeSettings(system_id="bolt", password="secret"))
    gate = Rewritten(own, other, esme=accounts)
    found = gate.delivers(evolve(cast(Any, MO), destination_addr=b"44770123"))
    assert (found.destination_addr, found.source_addr_ton) == (b"short", 1)
    assert found.source_addr == b"447711"


def test_the_answer_of_an_esme_is_told_as_another() -> None:
    """Also as success, so that the SMSC does not send it again."""
    rule = RewriteSettings(applies_to="deliver", set_statuses={0x64: 0, 0x45: 0x58})  # type: ignore[arg-type]
    gate = Rewritten(rule)
    for status, told, size in ((0x45, 0x58, 16), (0x64, 0, 17), (0x0A, 0x0A, 16)):
        gate.delivers(evolve(cast(Any, MO), destination_addr=b"44770123"))
        frame = gate.takes(status)
        assert (frame.command_status, len(frame.octets)) == (told, size)


def test_rules_for_receipts_are_for_those_alone() -> None:
    """Behind what the ESME's own words are put back into."""
    rule = RewriteSettings(
        name="receipts",
        applies_to="receipt",
        set_source_prefix={"add": "+"},  # type: ignore[arg-type]
        remove_tlvs="0x001E",
        set_statuses={0x45: 0},  # type: ignore[arg-type]
    )
    gate = Rewritten(NATIONAL, rule)
    gate.sends()
    gate.answers()
    found = gate.delivers(receipt(tlvs=(Tlv(0x1E, b"1\0"), Tlv(0x427, b"\2"))))
    assert found.source_addr == b"+07700900123"
    assert found.tlvs == (Tlv(0x427, b"\2"),)
    assert gate.takes(0x45).command_status == 0
    found = gate.delivers(evolve(cast(Any, MO), destination_addr=b"44770123"))
    assert found.source_addr == b"447711"


def test_what_is_too_long_for_an_esme_is_answered_to_the_smsc() -> None:
    rule = RewriteSettings(
        applies_to="deliver",
        set_source_prefix={"add": "+" * 20},  # type: ignore[arg-type]
    )
    gate = Rewritten(rule, evolve(rule, esme="acme", source="7"))
    gate.alpha.ask(evolve(cast(Any, MO), destination_addr=b"44770123"), 9)
    assert said(gate.alpha) == [(CommandId.DELIVER_SM_RESP, 0x0A)]
    reload(gate.gate, rewrite=(evolve(rule, esme="acme"),))
    gate.alpha.ask(evolve(cast(Any, MO), destination_addr=b"44770123"), 9)
    assert said(gate.alpha) == [(CommandId.DELIVER_SM_RESP, 0x0A)]
    assert said(gate.esme) == []


def test_a_queue_has_messages_as_rules_have_made_them() -> None:
    """They are not rewritten once more when they are sent."""
    rule = RewriteSettings(
        applies_to="deliver",
        esme="acme",
        set_source_prefix={"remove": ["4"], "add": "04"},  # type: ignore[arg-type]
    )
    first = evolve(rule, esme=(), set_source_prefix={"remove": ["44"], "add": "4"})
    gate = Rewritten(first, rule, esme=(evolve(ACME, queue=True),))
    gate.gate.reactor.advance(1.0)
    gate.esme.transport.lose()
    gate.alpha.ask(evolve(cast(Any, MO), destination_addr=b"44770123"), 9)
    gate.gate.reactor.pump([0.1] * 5)
    assert said(gate.alpha) == [(CommandId.DELIVER_SM_RESP, 0)]
    esme = gate.gate.esme(bind())
    frames = [f for f in esme.heard() if f.command_id == CommandId.DELIVER_SM]
    assert [cast(Any, decode(f.octets)).source_addr for f in frames] == [b"047711"]


def test_what_a_queue_answers_is_told_as_it_is() -> None:
    """It is the gate's own answer."""
    rule = RewriteSettings(applies_to="deliver", set_statuses={0x14: 0})  # type: ignore[arg-type]
    gate = Rewritten(rule, esme=(evolve(ACME, queue=True, queue_size=1),))
    gate.gate.reactor.advance(1.0)
    gate.esme.transport.lose()
    for status in (0, 0x14):
        gate.alpha.ask(evolve(cast(Any, MO), destination_addr=b"44770123"), 9)
        gate.gate.reactor.pump([0.1] * 5)
        assert said(gate.alpha) == [(CommandId.DELIVER_SM_RESP, status)]


# Reloads, and the lane


def test_a_reload_changes_the_rules_at_once_and_counts_go_on() -> None:
    gate = Rewritten(NATIONAL)
    gate.sends()
    gate.answers()
    more = RewriteSettings(name="more", applies_to="submit", set_data_coding=8)
    reload(gate.gate, rewrite=(more, NATIONAL))
    assert gate.sends().data_coding == 8
    assert gate.counts == {"more": 1, "national": 2}
    assert gate.answers().command_status == 0
    assert gate.delivers(receipt()).source_addr == b"07700900123"
    reload(gate.gate, rewrite=())
    assert gate.sends().destination_addr == b"07700900123"


MANY = b"".join(
    numbered(SubmitSm(destination_addr=b"0%d" % n, short_message=b"x"), n) for n in range(1, 21)
)


def ran(gate: Rewritten) -> bool:
    """Whether a read of plain messages went to the SMSCs by the run."""
    # The first read behind a bind is looked at PDU by PDU.
    gate.esme.send(header_only(CommandId.ENQUIRE_LINK, 0, 1000))
    gate.esme.send(MANY)
    heard = [frame for end in (gate.alpha, gate.beta) for frame in end.heard()]
    assert len(heard) == 20
    sessions = [s for smsc in gate.gate.router.smscs for s in smsc.links]
    return any(
        entry.__class__ is tuple for s in sessions for entry in s.outstanding.requests.values()
    )


@pytest.mark.parametrize(
    ("rule", "is_plain"),
    [
        (None, True),
        (NATIONAL, False),
        (evolve(NATIONAL, esme=("bolt",)), True),
        (evolve(NATIONAL, esme=("a*",)), False),
        (evolve(NATIONAL, smsc=("gamma",)), True),
        (evolve(NATIONAL, smsc=("beta",)), False),
        (evolve(NATIONAL, applies_to="deliver"), True),
    ],
)
def test_what_no_rule_may_be_for_takes_the_lane(
    rule: RewriteSettings | None, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATE_LANE", raising=False)
    accounts = (ACME, EsmeSettings(system_id="bolt", password="secret"))
    if rule is not None and rule.smsc == ("gamma",):
        gate = Rewritten(esme=accounts)
        gamma = smsc("gamma")
        reload(gate.gate, smsc=(*gate.gate.gateway.settings.smsc, gamma), rewrite=(rule,))
    else:
        gate = Rewritten(*([rule] if rule is not None else []), esme=accounts)
    assert ran(gate) is is_plain


@pytest.mark.parametrize(
    ("rule", "is_plain"),
    [
        (NATIONAL, True),
        (evolve(NATIONAL, applies_to="receipt", smsc=("beta",)), True),
        (evolve(NATIONAL, applies_to="receipt"), False),
        (evolve(NATIONAL, applies_to="deliver", smsc=("alpha",)), False),
    ],
)
def test_what_an_smsc_sends_does_too(
    rule: RewriteSettings, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATE_LANE", raising=False)
    gate = Rewritten(rule)
    gate.alpha.send(
        b"".join(
            numbered(evolve(cast(Any, MO), destination_addr=b"44770123"), n) for n in range(1, 9)
        )
    )
    gate.gate.turn()
    assert len(gate.esme.heard()) == 8
    sessions = list(gate.gate.router._submitters._sessions.values())
    entries = [each for s in sessions for each in s.outstanding.requests.values()]
    assert len(entries) == 8
    assert all((each.__class__ is tuple) is is_plain for each in entries)
