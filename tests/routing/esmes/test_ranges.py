"""Who serves a number: the most specific range first, at a cost that ranges do not add to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgate.routing.esmes.account import Account, Cluster
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import FakeSession

# Few digits, so that ranges overlap.
numbers = st.text("47", max_size=6)
prefixes = numbers.map(lambda number: number + "*")
patterns = st.sampled_from(
    ["^4$", "^(4|7)7+$", "^[47]{3}$", "^7.*4$", "^.*$", "^44(7|4)", "^47?4*$"]
)
ranges = st.lists(st.one_of(numbers, prefixes, patterns), max_size=25)

Owner = Account[FakeSession]
Table = RangeTable[FakeSession]


def table_of(*address_ranges: str) -> Table:
    """Each range owned by an account that is named by its place in the list."""
    table: Table = RangeTable()
    for place, address_range in enumerate(address_ranges):
        table.add(address_range, fakes.account(str(place)))
    return table


def owners(address: bytes, *address_ranges: str) -> list[int]:
    """The places of those that own ``address``."""
    cluster = table_of(*address_ranges).cluster(address, 1, 1)
    return [int(account.system_id) for account in cluster.accounts] if cluster is not None else []


def _rank(address_range: str, address: str, place: int) -> tuple[int, int] | None:
    """How specific a range that matches is, the smallest first; None if it does not."""
    if address_range.startswith("^"):
        return (1000, place) if re.fullmatch(address_range, address) else None
    if address_range.endswith("*"):
        return (100 - len(address_range), 0) if address.startswith(address_range[:-1]) else None
    return (0, 0) if address_range == address else None


def _naive(address: str, address_ranges: list[str]) -> list[int]:
    # Equal expressions share the place of the first.
    ranks = [_rank(r, address, address_ranges.index(r)) for r in address_ranges]
    best = min((rank for rank in ranks if rank is not None), default=None)
    return [owner for owner, rank in enumerate(ranks) if rank is not None and rank == best]


# Ranges of the configuration


@given(ranges, numbers)
def test_owners_are_those_of_a_look_at_every_range(
    address_ranges: list[str], address: str
) -> None:
    """All who own the most specific range that matches, and nobody else."""
    assert owners(address.encode(), *address_ranges) == _naive(address, address_ranges)


def test_the_most_specific_range_owns_the_number() -> None:
    """Exact, then the longer prefix, then the expression, whatever the order of the file."""
    ranges = ["^447.*$", "44*", "4477009*", "447700900123"]
    for owner in (3, 2, 1, 0):
        assert owners(b"447700900123", *ranges) == [owner]
        ranges.pop()


def test_several_owners_of_one_range_are_given_in_the_order_of_the_file() -> None:
    assert owners(b"4477", "4477", "44*", "4477", "44*") == [0, 2]
    assert owners(b"448", "4477", "44*", "4477", "44*") == [1, 3]
    assert owners(b"5", "^5$", "^.*$", "^5$") == [0, 2]


def test_an_account_that_names_a_range_twice_owns_it_once() -> None:
    table, account = RangeTable[FakeSession](), fakes.account()
    table.add("44*", account)
    table.add("44*", account)
    cluster = table.cluster(b"44", 0, 0)
    assert cluster is not None
    assert list(cluster.accounts) == [account]


def test_an_owner_that_is_added_later_owns_the_range_too() -> None:
    table = table_of("44*")
    assert table.cluster(b"44", 0, 0) is not None
    table.add("44*", fakes.account("1"))
    cluster = table.cluster(b"44", 0, 0)
    assert cluster is not None
    assert [account.system_id for account in cluster.accounts] == ["0", "1"]


def test_a_star_alone_takes_every_number() -> None:
    assert owners(b"1", "*") == [0]
    assert owners(b"", "*") == [0]


def test_a_prefix_takes_the_number_that_it_is_and_none_shorter() -> None:
    assert owners(b"4477", "4477*") == [0]
    assert owners(b"447", "4477*") == []


def test_an_exact_number_is_no_prefix() -> None:
    assert owners(b"44770", "4477") == []


@pytest.mark.parametrize("address", [b"447700900123\n", b"+447700900123", b"4477009001234"])
def test_an_expression_takes_the_numbers_that_it_describes_and_no_others(address: bytes) -> None:
    """Its ``$`` is the end of the number: an octet behind it, newline or digit, is too many."""
    assert owners(address, "^44(77|78)[0-9]{8}$") == []
    assert owners(b"447700900123", "^44(77|78)[0-9]{8}$") == [0]


def test_octets_beyond_ascii_are_looked_up_like_others() -> None:
    assert owners(b"\xff\xfe1", "\xff\xfe*") == [0]
    assert owners(b"\xff", "^\xff$") == [0]


def test_nobody_without_ranges() -> None:
    assert RangeTable[FakeSession]().cluster(b"447700900123", 1, 1) is None


def test_a_number_is_owned_while_nobody_is_bound() -> None:
    """It is not for somebody whose range is wider, however near at hand."""
    table, narrow, wide = RangeTable[FakeSession](), fakes.account("narrow"), fakes.account("wide")
    table.add("44*", wide)
    table.add("4477*", narrow)
    wide.add(FakeSession())
    cluster = table.cluster(b"447700900123", 1, 1)
    assert cluster is not None
    assert list(cluster.accounts) == [narrow]
    assert cluster.session() is None


def test_ranges_of_the_same_owners_share_a_cluster() -> None:
    """However many ranges an account has, a session that binds is added to few clusters."""
    table, one, other = RangeTable[FakeSession](), fakes.account("one"), fakes.account("other")
    for number in range(100):
        table.add(f"44{number}", one)
        table.add(f"44{number}*", one)
        table.add(f"44{number}*", other)
    alone = {table.cluster(b"44%d" % number, 0, 0) for number in range(100)}
    both = {table.cluster(b"44%d0" % number, 0, 0) for number in range(10, 100)}
    assert alone == {one.receivers}
    assert len(both) == 1


# Ranges of binds


@define
class Bound:
    """A table, an account ``acme``, and sessions that join."""

    table: Table = field(factory=RangeTable)
    acme: Owner = field(factory=lambda: fakes.account("acme", max_binds=100))

    def session(
        self, *address_ranges: str, ton: int = 0, npi: int = 0, state: State = State.BOUND_TRX
    ) -> FakeSession:
        session = FakeSession(state=state)
        self.acme.add(session)
        self.table.join(session, self.acme, address_ranges, ton, npi)
        return session

    def served(self, address: bytes, ton: int = 1, npi: int = 1) -> set[FakeSession] | None:
        cluster = self.table.cluster(address, ton, npi)
        return None if cluster is None else set(cluster)


@pytest.mark.parametrize("address_range", ["447700900123", "4477*", "^44[0-9]+$"])
def test_a_range_is_served_as_long_as_a_session_that_named_it_is_bound(address_range: str) -> None:
    bound = Bound()
    first, second = bound.session(address_range), bound.session(address_range)
    assert bound.served(b"447700900123") == {first, second}
    bound.table.leave(first)
    assert bound.served(b"447700900123") == {second}
    bound.table.leave(second)
    bound.table.leave(second)
    assert bound.served(b"447700900123") is None


def test_those_that_bind_for_a_range_serve_beside_its_owners() -> None:
    bound, owner = Bound(), fakes.account("owner")
    bound.table.add("44*", owner)
    early, late = FakeSession(), FakeSession()
    owner.add(early)
    guest = bound.session("44*")
    assert bound.served(b"44") == {early, guest}
    owner.add(late)
    owner.remove(early)
    assert bound.served(b"44") == {late, guest}
    bound.table.leave(guest)
    assert bound.served(b"44") == {late}
    cluster = bound.table.cluster(b"44", 0, 0)
    assert cluster is not None
    assert list(cluster.accounts) == [owner]


def test_a_bind_for_a_narrower_range_takes_the_numbers_from_the_owner_of_a_wider() -> None:
    bound = Bound()
    bound.table.add("44*", fakes.account("owner"))
    guest = bound.session("4477*")
    assert bound.served(b"4477") == {guest}
    bound.table.leave(guest)
    assert bound.served(b"4477") == set()


def test_one_that_leaves_goes_on_serving_what_its_account_owns() -> None:
    bound = Bound()
    bound.table.add("44*", bound.acme)
    session, guest = bound.session("44*", ton=5), FakeSession()
    bound.table.join(guest, fakes.account("other"), ["44*"], 0, 0)
    assert bound.served(b"44", ton=1) == {session, guest}
    bound.table.leave(session)
    assert bound.served(b"44", ton=1) == {session, guest}


def test_one_that_is_not_bound_to_receive_serves_nothing() -> None:
    bound = Bound()
    bound.session("44*", state=State.BOUND_TX)
    assert bound.served(b"44") is None


def test_one_that_joins_anew_leaves_what_it_joined_before() -> None:
    bound = Bound()
    session = bound.session("44*", "447*", "44*")
    bound.table.join(session, bound.acme, ["48*"], 0, 0)
    assert bound.served(b"447") is None
    assert bound.served(b"48") == {session}


def test_expressions_of_binds_come_behind_the_configurations_and_in_order_of_joining() -> None:
    bound = Bound()
    bound.table.add("^4+$", fakes.account("owner"))
    first, second = bound.session("^[47]+$"), bound.session("^.*$")
    assert bound.served(b"44") == set()
    assert bound.served(b"47") == {first}
    assert bound.served(b"5") == {second}
    bound.table.leave(first)
    first = bound.session("^[47]+$")
    assert bound.served(b"47") == {second}


@pytest.mark.parametrize(
    ("bind", "destination", "fits"),
    [
        ((0, 0), (0, 0), True),
        ((0, 0), (5, 9), True),
        ((1, 0), (1, 9), True),
        ((0, 1), (5, 1), True),
        ((1, 1), (1, 1), True),
        ((1, 1), (1, 0), False),
        ((1, 1), (0, 1), False),
        ((1, 1), (2, 1), False),
        ((1, 0), (0, 1), False),
    ],
)
def test_a_session_serves_the_type_and_plan_of_its_bind_and_0_is_any(
    bind: tuple[int, int], destination: tuple[int, int], fits: bool
) -> None:
    bound = Bound()
    session = bound.session("44*", ton=bind[0], npi=bind[1])
    assert bound.served(b"44", *destination) == ({session} if fits else None)


def test_where_no_type_fits_the_next_range_is_looked_at() -> None:
    bound = Bound()
    narrow, wide = bound.session("4477", ton=5), bound.session("44*", ton=1)
    least = bound.session("^.*$")
    assert bound.served(b"4477", ton=5) == {narrow}
    assert bound.served(b"4477", ton=1) == {wide}
    assert bound.served(b"4477", ton=2) == {least}


def test_an_owned_range_is_not_passed_over_for_want_of_a_type() -> None:
    bound = Bound()
    bound.table.add("4477*", fakes.account("owner"))
    bound.session("4477*", ton=5)
    bound.session("44*")
    assert bound.served(b"4477", ton=1) == set()


def test_weights_count_among_those_that_joined() -> None:
    bound, light = Bound(), fakes.account("light")
    bound.acme.weight = 3
    heavy, other = bound.session("44*"), FakeSession()
    light.add(other)
    bound.table.join(other, light, ["44*"], 0, 0)
    cluster = bound.table.cluster(b"44", 0, 0)
    assert cluster is not None
    chosen = [cluster.session() for _ in range(40)]
    assert (chosen.count(heavy), chosen.count(other)) == (30, 10)


def test_an_expression_that_is_none_is_an_error_that_changes_nothing() -> None:
    bound, session = Bound(), FakeSession()
    with pytest.raises(re.error):
        bound.table.join(session, bound.acme, ["44*", "^(4$"], 0, 0)
    assert bound.served(b"44") is None
    bound.table.leave(session)


def test_the_configurations_ranges_come_first() -> None:
    bound = Bound()
    session = bound.session("44*")
    with pytest.raises(RuntimeError):
        bound.table.add("48*", bound.acme)
    bound.table.leave(session)
    bound.table.add("48*", bound.acme)
    assert bound.served(b"48") == {session}


def test_clusters_that_are_over_are_let_go() -> None:
    """An account does not gather those of all sessions that ever joined its ranges."""
    bound, owner = Bound(), fakes.account("owner")
    bound.table.add("44*", owner)
    for ton in range(1, 10):
        guest = bound.session("44*", ton=ton, npi=1)
        assert bound.served(b"44", ton) == {guest}
        assert bound.served(b"44", 0, 0) == set()
        bound.table.leave(guest)
    assert len(owner._serves) == 1


# Against a model

tons = st.sampled_from([0, 1, 2])
joined_ranges = st.lists(st.one_of(numbers, prefixes, patterns), max_size=4)


@define(eq=False)
class Range:
    text: str
    owners: list[Owner] = field(factory=list)
    guests: dict[FakeSession, tuple[int, int]] = field(factory=dict)

    def fitting(self, ton: int, npi: int) -> set[FakeSession]:
        guests = {s for s, (t, n) in self.guests.items() if t in {0, ton} and n in {0, npi}}
        return guests.union(*(owner.receivers for owner in self.owners))


class Ranges(RuleBasedStateMachine):
    """Sessions bind, join and end; every lookup is that of a look at every range."""

    @initialize(configured=st.lists(ranges, min_size=3, max_size=3))
    def begin(self, configured: list[list[str]]) -> None:
        self.table: Table = RangeTable()
        self.accounts = [fakes.account(str(number), max_binds=100) for number in range(3)]
        self.live: list[Range] = []
        self.bound: dict[FakeSession, Owner] = {}
        for account, texts in zip(self.accounts, configured, strict=True):
            for text in texts:
                self.table.add(text, account)
                model = self.model_of(text)
                if account not in model.owners:
                    model.owners.append(account)

    def model_of(self, text: str) -> Range:
        found = next((each for each in self.live if each.text == text), None)
        if found is None:
            found = Range(text)
            self.live.append(found)
        return found

    @rule(number=st.integers(0, 2), texts=joined_ranges, ton=tons, npi=tons)
    def bind(self, number: int, texts: list[str], ton: int, npi: int) -> None:
        session, account = FakeSession(), self.accounts[number]
        self.bound[session] = account
        account.add(session)
        self.table.join(session, account, texts, ton, npi)
        for text in texts:
            model = self.model_of(text)
            if account not in model.owners:
                model.guests[session] = (ton, npi)

    @precondition(lambda self: self.bound)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(list(self.bound)))
        self.bound.pop(session).remove(session)
        self.table.leave(session)
        for model in self.live:
            model.guests.pop(session, None)
        self.live = [model for model in self.live if model.owners or model.guests]

    @rule(address=numbers, ton=tons, npi=tons)
    def look_up(self, address: str, ton: int, npi: int) -> None:
        ranked = [
            (rank, model)
            for place, model in enumerate(self.live)
            if (rank := _rank(model.text, address, place)) is not None
        ]
        found = (m for _, m in sorted(ranked, key=lambda each: each[0]))
        expected = next((m for m in found if m.owners or m.fitting(ton, npi)), None)
        cluster = self.table.cluster(address.encode(), ton, npi)
        if expected is None:
            assert cluster is None
        else:
            assert cluster is not None
            assert list(cluster.accounts) == expected.owners
            assert set(cluster) == expected.fitting(ton, npi)

    @invariant()
    def keeps_what_is_live(self) -> None:
        texts = [model.text for model in self.live]
        lengths = {len(text) - 1 for text in texts if text.endswith("*")}
        assert self.table._lengths == tuple(sorted(lengths, reverse=True))
        table = self.table
        kept = len(table._exact) + len(table._prefixes) + len(table._patterns)
        assert kept == len(texts)


TestRanges = Ranges.TestCase


# What a lookup costs


class Counting(dict[bytes, Any]):
    """Counts the looks."""

    looks = 0

    def get(self, key: bytes, default: Any = None) -> Any:
        self.looks += 1
        return super().get(key, default)


def _looks(table: Table, address: bytes) -> tuple[int, Cluster[FakeSession] | None]:
    """How often the tables are looked into for one number, and what is found."""
    exact, prefixes = Counting(table._exact), Counting(table._prefixes)
    table._exact, table._prefixes = exact, prefixes
    found = table.cluster(address, 1, 1)
    return exact.looks + prefixes.looks, found


def _many(count: int, accounts: Sequence[Owner]) -> Table:
    """``count`` numbers and prefixes of ten octets, and one prefix of one."""
    table: Table = RangeTable()
    for number in range(count):
        table.add(f"44{number:08}", accounts[number % len(accounts)])
        table.add(f"44{number:08}*", accounts[number % len(accounts)])
    table.add("4*", accounts[0])
    return table


@pytest.mark.parametrize("count", [1, 10, 10_000])
def test_looks_grow_with_the_prefix_lengths_in_use_and_not_with_the_ranges(count: int) -> None:
    """One for the exact number and one for each of the two lengths."""
    accounts = [fakes.account(str(number)) for number in range(10)]
    assert _looks(_many(count, accounts), b"4999999999") == (3, accounts[0].receivers)


def test_what_is_not_asked_for_is_not_looked_up() -> None:
    """Prefixes are not tried after an exact number."""
    looks, found = _looks(table_of("4477", "44*"), b"4477")
    assert looks == 1
    assert found is not None


def test_a_length_that_nobody_uses_any_more_costs_no_look() -> None:
    bound = Bound()
    bound.table.add("4*", bound.acme)
    gone = [bound.session("4" * length + "*", ton=5) for length in range(2, 8)]
    assert _looks(bound.table, b"44444444")[0] == 8
    for session in gone:
        bound.table.leave(session)
    assert _looks(bound.table, b"44444444")[0] == 2
