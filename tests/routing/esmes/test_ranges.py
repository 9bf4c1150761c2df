"""The most specific range serves a number."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgate.routing.esmes.account import Account
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
    """Each range has an owner, whose system_id is the place of the range in the list."""
    table: Table = RangeTable()
    for place, address_range in enumerate(address_ranges):
        table.add(address_range, fakes.account(str(place)))
    return table


def owners(address: bytes, *address_ranges: str) -> list[int]:
    """The places of the owners of ``address``."""
    cluster = table_of(*address_ranges).cluster(address, 1, 1)
    return [int(account.system_id) for account in cluster.accounts] if cluster is not None else []


def _rank(address_range: str, address: str, place: int) -> tuple[int, int] | None:
    """The rank of a range that has ``address``, the most specific lowest; None for any other."""
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
def test_owners_are_the_same_as_by_a_look_at_every_range(
    address_ranges: list[str], address: str
) -> None:
    """The owners of the most specific range that has the number, and no others."""
    assert owners(address.encode(), *address_ranges) == _naive(address, address_ranges)


def test_the_most_specific_range_owns_the_number() -> None:
    """Exact, then the longer prefix, then the expression, in any order of the configuration."""
    ranges = ["^447.*$", "44*", "4477009*", "447700900123"]
    for owner in (3, 2, 1, 0):
        assert owners(b"447700900123", *ranges) == [owner]
        ranges.pop()


def test_several_owners_of_one_range_are_in_the_order_of_the_configuration() -> None:
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


def test_a_star_alone_is_every_number() -> None:
    assert owners(b"1", "*") == [0]
    assert owners(b"", "*") == [0]


def test_a_prefix_has_the_number_that_it_is_and_no_shorter_one() -> None:
    assert owners(b"4477", "4477*") == [0]
    assert owners(b"447", "4477*") == []


def test_an_exact_number_is_no_prefix() -> None:
    assert owners(b"44770", "4477") == []


@pytest.mark.parametrize("address", [b"447700900123\n", b"++447700900123", b"4477009001234"])
def test_an_expression_has_the_numbers_that_it_describes_and_no_others(address: bytes) -> None:
    """Its ``$`` is the end of the number: no octet may follow, not even a newline."""
    assert owners(address, "^44(77|78)[0-9]{8}$") == []
    assert owners(b"447700900123", "^44(77|78)[0-9]{8}$") == [0]


def test_octets_beyond_ascii_are_looked_up_like_others() -> None:
    assert owners(b"\xff\xfe1", "\xff\xfe*") == [0]
    assert owners(b"\xff", "^\xff$") == [0]


def test_without_ranges_there_is_no_cluster() -> None:
    assert RangeTable[FakeSession]().cluster(b"447700900123", 1, 1) is None


def test_a_number_belongs_to_its_owner_also_while_that_has_no_session() -> None:
    """The account with the wider range does not get it, although it has a session."""
    table, narrow, wide = RangeTable[FakeSession](), fakes.account("narrow"), fakes.account("wide")
    table.add("44*", wide)
    table.add("4477*", narrow)
    wide.add(FakeSession())
    cluster = table.cluster(b"447700900123", 1, 1)
    assert cluster is not None
    assert list(cluster.accounts) == [narrow]
    assert cluster.session() is None


def test_ranges_of_the_same_owners_share_a_cluster() -> None:
    """So a session that binds is added to few clusters, with any number of ranges."""
    table, one, other = RangeTable[FakeSession](), fakes.account("one"), fakes.account("other")
    for number in range(100):
        table.add(f"44{number}", one)
        table.add(f"44{number}*", one)
        table.add(f"44{number}*", other)
    alone = {table.cluster(b"44%d" % number, 0, 0) for number in range(100)}
    both = {table.cluster(b"44%d0" % number, 0, 0) for number in range(10, 100)}
    assert alone == {one.receivers}
    assert len(both) == 1


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
    """Sessions bind, join and end; each look-up finds the same as a look at every range."""

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
    def has_the_ranges_with_owners_or_guests(self) -> None:
        assert len(self.table) == len(self.live)


TestRanges = Ranges.TestCase


# A configuration that changes


def test_the_other_owner_of_a_range_keeps_it() -> None:
    table, one, other = RangeTable[FakeSession](), fakes.account("one"), fakes.account("other")
    one.add(FakeSession())
    other.add(kept := FakeSession())
    for account in (one, other):
        table.add("44*", account)
    both = table.cluster(b"44", 0, 0)
    assert both is not None
    assert len(both) == 2
    table.change(one, ["44*"], ["45*"])
    assert table.cluster(b"44", 0, 0) is other.receivers
    assert list(other.receivers) == [kept]
    assert table.cluster(b"45", 0, 0) is one.receivers
    assert both not in other._serves
    assert both not in one._serves


def test_an_expression_that_does_not_compile_changes_nothing() -> None:
    table = table_of("44*")
    account = fakes.account("1")
    with pytest.raises(re.error):
        table.change(account, (), ["45*", "^(4$"])
    assert len(table) == 1
    assert account not in table._places


@pytest.mark.parametrize(
    ("old", "new", "owned"),
    [
        (["+447*", "447*"], ["447*"], True),
        (["+447*"], ["447*"], True),
        (["447*"], ["447*", "+447*"], True),
        (["447*", "+447*"], ["47*"], False),
        (["+447*"], [], False),
    ],
)
def test_a_range_that_is_left_in_another_spelling_is_left(
    old: list[str], new: list[str], owned: bool
) -> None:
    table, account = RangeTable[FakeSession](), fakes.account()
    table.change(account, (), old)
    table.change(account, old, new)
    assert (table.cluster(b"4477", 0, 0) is not None) is owned
    assert len(table) == (1 if new else 0)


def test_accounts_that_are_arranged_keep_what_they_share() -> None:
    """The cluster is the same: only the order of the owners is another."""
    table, one, other = RangeTable[FakeSession](), fakes.account("one"), fakes.account("other")
    table.add("44*", one)
    table.add("44*", other)
    cluster = table.cluster(b"44", 0, 0)
    assert cluster is not None
    table.arrange([other, one])
    assert table.cluster(b"44", 0, 0) is cluster
    assert list(cluster.accounts) == [other, one]


ADDRESSES = [
    "".join(digits).encode() for n in range(5) for digits in itertools.product("47", repeat=n)
]
KINDS = list(itertools.product((0, 1, 2), repeat=2))


def ranges_of(table: Table) -> list[Any]:
    """The value of each range."""
    numbers = table._ranges
    return [
        *numbers._exact.values(),
        *numbers._prefixes.values(),
        *(value for _, value in numbers._expressions.values()),
    ]


def answers(table: Table, names: dict[FakeSession, int]) -> Any:
    """What it answers for every number: the owners in order, and the sessions."""
    for range_ in ranges_of(table):
        for kind in KINDS:
            # Clusters are made when they are asked for.
            range_.cluster(*kind)
    found = {}
    for address, kind in itertools.product(ADDRESSES, KINDS):
        cluster = table.cluster(address, *kind)
        if cluster is not None:
            sessions = {names[session] for session in cluster}
            found[address, kind] = ([owner.system_id for owner in cluster.accounts], sessions)
    return found


@define
class Bind:
    """What a session joined with, and its number."""

    number: int
    account: str
    receives: bool
    ranges: list[str] | None = None
    kind: tuple[int, int] = (0, 0)


class Reloads(RuleBasedStateMachine):
    """However it came about, the table is as one that is made from what is there in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Table = RangeTable()
        self.accounts: dict[str, Owner] = {}
        self.ranges: dict[str, list[str]] = {}
        self.bound: dict[FakeSession, Bind] = {}
        self.serial = 0

    @rule(name=st.sampled_from("abcd"), texts=ranges, at=st.integers(0, 4))
    def change(self, name: str, texts: list[str], at: int) -> None:
        """An account is added, or its ranges change."""
        if name not in self.accounts:
            names = list(self.accounts)
            names.insert(at, name)
            self.accounts[name] = fakes.account(name, max_binds=100)
            self.accounts = {each: self.accounts[each] for each in names}
            self.table.arrange(self.accounts.values())
        self.table.change(self.accounts[name], self.ranges.get(name, ()), texts)
        self.ranges[name] = texts

    @precondition(lambda self: self.accounts)
    @rule(data=st.data(), sessions_first=st.booleans())
    def remove(self, data: st.DataObject, sessions_first: bool) -> None:
        """An account is removed, with its sessions."""
        name = data.draw(st.sampled_from(list(self.accounts)))
        account = self.accounts.pop(name)
        if not sessions_first:
            self.table.change(account, self.ranges.pop(name, ()), ())
        for session in list(account.sessions):
            self.end(session)
        if sessions_first:
            self.table.change(account, self.ranges.pop(name, ()), ())
        self.is_forgotten(account)

    @rule(data=st.data())
    def arrange(self, data: st.DataObject) -> None:
        names = data.draw(st.permutations(list(self.accounts)))
        self.accounts = {name: self.accounts[name] for name in names}
        self.table.arrange(self.accounts.values())

    @precondition(lambda self: self.accounts)
    @rule(data=st.data(), texts=joined_ranges, kind=st.sampled_from(KINDS), receives=st.booleans())
    def bind(
        self, data: st.DataObject, texts: list[str], kind: tuple[int, int], receives: bool
    ) -> None:
        name = data.draw(st.sampled_from(list(self.accounts)))
        session = session_of(receives)
        self.serial += 1
        self.accounts[name].add(session)
        self.bound[session] = Bind(self.serial, name, receives)
        self.join(session, texts, kind)

    @precondition(lambda self: self.bound)
    @rule(data=st.data(), texts=joined_ranges, kind=st.sampled_from(KINDS))
    def join_again(self, data: st.DataObject, texts: list[str], kind: tuple[int, int]) -> None:
        self.join(data.draw(st.sampled_from(list(self.bound))), texts, kind)

    def join(self, session: FakeSession, texts: list[str], kind: tuple[int, int]) -> None:
        bind = self.bound.pop(session)
        bind.ranges, bind.kind = texts, kind
        self.bound[session] = bind
        self.table.join(session, self.account_of(session), texts, *kind)

    def account_of(self, session: FakeSession) -> Owner:
        return next(a for a in self.accounts.values() if session in a.sessions)

    @precondition(lambda self: self.bound)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(list(self.bound)))
        self.account_of(session).remove(session)
        self.end(session)

    def end(self, session: FakeSession) -> None:
        self.bound.pop(session)
        self.table.leave(session)

    @rule(address=st.sampled_from(ADDRESSES), kind=st.sampled_from(KINDS))
    def look_up(self, address: bytes, kind: tuple[int, int]) -> None:
        """Clusters are made, and are there at the next change."""
        self.table.cluster(address, *kind)

    @rule()
    def compare(self) -> None:
        names = {session: bind.number for session, bind in self.bound.items()}
        found = answers(self.table, names)
        fresh: Table = RangeTable()
        accounts = {name: fakes.account(name, max_binds=100) for name in self.accounts}
        for name, account in accounts.items():
            for text in self.ranges.get(name, ()):
                fresh.add(text, account)
        twins: dict[FakeSession, int] = {}
        for bind in self.bound.values():
            twins[twin := session_of(bind.receives)] = bind.number
            accounts[bind.account].add(twin)
            fresh.join(twin, accounts[bind.account], bind.ranges or (), *bind.kind)
        assert found == answers(fresh, twins)
        assert len(self.table) == len(fresh)
        for name, account in accounts.items():
            assert len(self.accounts[name]._serves) == len(account._serves)
        assert self.table._owned.keys() == {o.accounts for o in self.table._owned.values()}
        assert sum(o.uses for o in self.table._owned.values()) == sum(
            o.uses for o in fresh._owned.values()
        )

    def is_forgotten(self, account: Owner) -> None:
        self.table.arrange(self.accounts.values())
        assert list(account._serves) == [account.receivers]
        for held in (self.table._places, self.table._expressions, self.table._sessions):
            assert account not in held
        assert not any(account in owners for owners in self.table._owned)

    def teardown(self) -> None:
        self.compare()
        for name, account in self.accounts.items():
            self.table.change(account, self.ranges.get(name, ()), ())
        for session in self.bound:
            self.table.leave(session)
        assert len(self.table) == 0
        assert not self.table._joined
        removed, self.accounts = self.accounts, {}
        for account in removed.values():
            self.is_forgotten(account)


def session_of(receives: bool) -> FakeSession:
    """A session that is bound as transceiver or as transmitter."""
    return FakeSession(state=State.BOUND_TRX if receives else State.BOUND_TX)


TestReloads = Reloads.TestCase


# A plus in front


@pytest.mark.parametrize("address", [b"447700900123", b"+447700900123"])
@pytest.mark.parametrize(
    "address_range",
    [
        "447700900123",
        "+447700900123",
        "4477*",
        "+4477*",
        "*",
        "^44(77|78)[0-9]{8}$",
        r"^\+44(77|78)[0-9]{8}$",
    ],
)
def test_a_plus_in_front_of_digits_does_not_matter(address: bytes, address_range: str) -> None:
    assert owners(address, address_range) == [0]


def test_a_range_with_a_plus_and_one_without_are_one() -> None:
    assert owners(b"447", "447", "+447") == [0, 1]
    assert owners(b"+4471", "+447*", "447*") == [0, 1]


@pytest.mark.parametrize("address", [b"++447", b"4+47", b"+", b"+acme"])
def test_any_other_plus_is_part_of_the_address(address: bytes) -> None:
    assert owners(address, "447", "447*", "acme") == []
    assert owners(address, address.decode()) == [0]


def test_a_session_joins_and_leaves_a_range_with_a_plus() -> None:
    table, guest = RangeTable[FakeSession](), FakeSession()
    table.join(guest, fakes.account("guest"), ["+447", "447", "+44*"], 0, 0)
    cluster = table.cluster(b"447", 1, 1)
    assert cluster is not None
    assert list(cluster) == [guest]
    table.leave(guest)
    assert len(table) == 0


@pytest.mark.parametrize("address_range", ["*", "4*", "^.*$", "^4+$"])
def test_no_range_has_an_address_of_more_than_64_octets(address_range: str) -> None:
    """It is in no specification, and an expression may take long over it."""
    assert owners(b"4" * 64, address_range) == [0]
    assert owners(b"4" * 65, address_range) == []
    assert owners(b"4" * 65_000, address_range) == []
