"""Which rules apply to which messages, in which order, and what is made of them in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.rewrite_table import make_rewriting
from smppgate.routing.rewrite.explain import explain
from smppgate.routing.rewrite.rewritten import Rewritten
from smppgate.routing.rewrite.rules import DELIVER, SUBMIT, Chain, Rewriting, Rule
from smppgate.routing.routes.conditions import Accounts
from smppgate.settings import RewriteSettings
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.editing import Located
from smppgate.txsmpp.pdu import SubmitSm
from tests.gate.routing import ACCOUNTS, POOLS, random_message, settings_of


def rule(
    kind: str = SUBMIT,
    esme: Sequence[str] = (),
    smsc: Sequence[str] = (),
    statuses: Mapping[int, int] | None = None,
) -> Rule:
    """A rule that does nothing."""
    accounts = Accounts(esme) if esme else None
    return Rule(kind, "a", accounts, smsc, (), (), statuses or {})


def test_rules_that_ask_for_the_far_end_come_last() -> None:
    common, of_acme, to_alpha, both = (
        rule(),
        rule(esme=["acme"]),
        rule(smsc=["alpha"]),
        rule(esme=["acme"], smsc=["alpha"]),
    )
    rules = (both, to_alpha, of_acme, common)
    submits, delivers = Chain(rules, is_to_smscs=True), Chain(rules, is_to_smscs=False)
    assert (submits.near, submits.far) == ((of_acme, common), (both, to_alpha))
    assert (delivers.near, delivers.far) == ((to_alpha, common), (both, of_acme))


class Seen:
    """A change that may set the source, and notes what it is given."""

    def __init__(self, source: bytes | None = None) -> None:
        self.located: list[Located] = []
        self._source = source

    def of(self, located: Located) -> bytes:
        self.located.append(located)
        fields = {"source_addr": self._source} if self._source is not None else {}
        return located.with_fields(fields)


def test_a_message_is_located_anew_only_where_a_change_has_changed_it() -> None:
    changes = idle, same, other, last = Seen(), Seen(b"1"), Seen(b"2"), Seen()
    octets = encode(SubmitSm(source_addr=b"1"))
    made = Rule(SUBMIT, "a", None, (), (), changes, {}).applied(octets)
    assert decode(made).source_addr == b"2"  # type: ignore[attr-defined]
    assert idle.located == same.located == other.located
    assert last.located[0].octets == made


@pytest.mark.parametrize(
    ("made", "account", "smscs", "expected"),
    [
        (rule(), b"acme", [], True),
        (rule(esme=["acme"]), b"acme", ["alpha"], True),
        (rule(esme=["a*"]), b"bolt", ["alpha"], False),
        (rule(smsc=["alpha"]), b"acme", ["beta", "alpha"], True),
        (rule(smsc=["alpha"]), b"acme", ["beta"], False),
        (rule(esme=["acme"], smsc=["alpha"]), b"bolt", ["alpha"], False),
        (rule(esme=["acme"]), b"", ["alpha"], False),
    ],
)
def test_whether_a_rule_may_change_messages(
    made: Rule, account: bytes, smscs: list[str], expected: bool
) -> None:
    chain = Chain([made], is_to_smscs=True)
    assert chain.may_change(account, smscs) is expected
    assert chain.may_change(account, smscs) is expected, "asked again"


def test_whether_a_rule_may_change_what_an_smsc_sends() -> None:
    chain = Chain([rule(DELIVER, smsc=["alpha"])], is_to_smscs=False)
    assert (chain.may_change_of("alpha"), chain.may_change_of("beta")) == (True, False)
    assert Chain([rule(DELIVER, esme=["acme"])], is_to_smscs=False).may_change_of("beta")
    assert not Chain([], is_to_smscs=False).may_change_of("alpha")


def test_accounts_of_a_wildcard_fill_no_table() -> None:
    chain = Chain([rule()], is_to_smscs=True)
    for number in range(10_100):
        chain.may_change(b"%d" % number, [])
    assert len(chain._by_account) <= 10_000


def test_answers_pass_rules_from_the_far_end_to_the_near() -> None:
    """In the order of the configuration at each."""
    request = Rewritten(4, b"")
    request.entered(b"", ({1: 2}, {2: 3}))
    request.left(b"", ({9: 1}, {8: 9}))
    assert [request.told(status) for status in (9, 8, 1, 2, 5)] == [3, 9, 3, 3, 5]


# Random rules

_CHANGES: dict[str, Any] = {
    "set_source": lambda r: r.choice(("Shop", "447", "")),
    "set_source_prefix": lambda r: {"remove": r.sample(["44", "+", "0"], 2), "add": "9"},
    "set_destination_prefix": lambda r: {"add": r.choice(("+", "44"))},
    "set_destination_ton": lambda r: r.randrange(3),
    "set_service_type": lambda r: r.choice(("", "WAP")),
    "set_data_coding": lambda r: r.choice((0, 8)),
    "remove_tlvs": lambda r: "0x1400",
    "set_tlvs": lambda r: f"0x1401=0{r.randrange(3)}",
}
_CONDITIONS: dict[str, Any] = {
    "esme": lambda r: r.choice(("acme", "b*")),
    "source": lambda r: r.choice(("Shop", "44*", "9*")),
    "destination": lambda r: r.choice(("+44*", "44*", "1*")),
    "data_coding": lambda r: 8,
    "service_type": lambda r: "WAP",
    "tlv": lambda r: r.choice(("0x1400", "0x1401=01")),
    "smsc": lambda r: r.choice(POOLS),
}


def random_rule(random: Random) -> RewriteSettings:
    """With one or two changes, and none to two conditions."""
    changes = random.sample(list(_CHANGES), random.choice((1, 1, 2)))
    if "set_source" in changes:
        changes = [each for each in changes if each != "set_source_prefix"]
    conditions = random.sample(list(_CONDITIONS), random.choice((0, 1, 1, 2)))
    values: dict[str, Any] = {key: _CHANGES[key](random) for key in changes}
    values |= {key: _CONDITIONS[key](random) for key in conditions}
    return RewriteSettings(applies_to="submit", **values)


def rewriting(*rules: RewriteSettings) -> Rewriting:
    return make_rewriting(evolve(settings_of(), rewrite=rules))


@given(st.randoms(use_true_random=False))
def test_explanations_come_to_the_same_end(random: Random) -> None:
    """As the rules that are applied; they count nothing, and each change is told."""
    rules = rewriting(*(random_rule(random) for _ in range(random.randint(1, 6))))
    account, _, octets, wall = random_message(random)
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    smsc = random.choice(POOLS)
    chain = rules.submit
    for some in (chain.near, chain.far):
        explained = explain(some, account, octets, wall, smsc)
        assert not any(each.messages for each in some)
        if explained.fault:
            return
        made = chain.apply(some, account, octets, wall, smsc)
        assert (made.octets if made is not None else octets) == explained.octets
        assert [a.rule for a in explained.asked if not a.faults] == [r for r in some if r.messages]
        told = [change for each in explained.asked for change in each.changes]
        assert bool(told) or explained.octets == octets
        for each in some:
            each.messages = 0
        octets = explained.octets


@given(st.randoms(use_true_random=False))
def test_a_rule_never_damages_a_message(random: Random) -> None:
    """What could be decoded can be still, and has the fields that the rule names."""
    settings = random_rule(random)
    (made,) = rewriting(settings).all
    account = random.choice(ACCOUNTS).encode()
    pdu = SubmitSm(
        source_addr=random.choice((b"447", b"+44", b"")),
        destination_addr=b"447700900123",
        short_message=random.randbytes(random.randrange(20)),
        registered_delivery=1,
        sequence_number=7,
    )
    chain = Chain([made], is_to_smscs=True)
    smsc = random.choice(POOLS)
    outcome = chain.apply([made], account, encode(pdu), 1.7e9, smsc)
    if outcome is None:
        return
    found: Any = decode(outcome.octets)
    assert encode(found) == outcome.octets
    kept = {
        "short_message": pdu.short_message,
        "registered_delivery": 1,
        "sequence_number": 7,
        "esm_class": 0,
        "validity_period": b"",
    }
    assert {name: getattr(found, name) for name in kept} == kept
    for key, name in (
        ("set_source", "source_addr"),
        ("set_destination_ton", "dest_addr_ton"),
        ("set_service_type", "service_type"),
        ("set_data_coding", "data_coding"),
    ):
        wanted = getattr(settings, key)
        wanted = wanted.encode() if isinstance(wanted, str) else wanted
        if wanted is not None:
            assert getattr(found, name) == wanted


def test_counts_go_on_after_a_reload_by_name() -> None:
    a, b = (
        RewriteSettings(name=name, applies_to="submit", set_data_coding=8) for name in ("a", "b")
    )
    before = rewriting(a, b)
    for number, each in enumerate(before.all, 1):
        each.messages = number
    after = make_rewriting(evolve(settings_of(), rewrite=(b, a)), before)
    assert [each.messages for each in after.all] == [2, 1]
