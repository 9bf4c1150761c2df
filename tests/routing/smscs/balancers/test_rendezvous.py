"""Equal keys go to one SMSC, and shares are as weights are."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.balancers import Rendezvous
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc
from tests.routing import fakes

NAMES = st.lists(st.text("abcxyz019-_", min_size=1, max_size=8), min_size=1, unique=True)
WEIGHTED = NAMES.flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), st.integers(1, 9)) for name in names))
)
KEYS = st.lists(st.binary(max_size=20), min_size=1, max_size=30)


def rendezvous(*members: tuple[str, int]) -> Rendezvous:
    made = Rendezvous()
    made.arrange(tuple(Member(fakes.smsc(name, weight, 10)) for name, weight in members))
    return made


def home(of: Rendezvous, key: bytes, *tried: Smsc) -> str:
    found = of.home(key, tried)
    assert found is not None
    return found.name


@given(WEIGHTED, KEYS, st.data())
def test_a_member_that_leaves_moves_its_own_keys_only(
    members: tuple[tuple[str, int], ...], keys: list[bytes], data: st.DataObject
) -> None:
    """And so does one that comes: it takes keys from all others, and moves none between them."""
    gone = data.draw(st.sampled_from(members))
    left = [each for each in members if each is not gone]
    before, after = rendezvous(*members), rendezvous(*left)
    for key in keys:
        was = home(before, key)
        if was != gone[0]:
            assert home(after, key) == was
        elif left:
            # As if it had been tried: what it turns down goes where all go without it.
            assert home(before, key, *_smscs(before, gone[0])) == home(after, key)


@given(WEIGHTED, KEYS, st.randoms(use_true_random=False))
def test_the_order_of_members_makes_no_difference(
    members: tuple[tuple[str, int], ...], keys: list[bytes], chance: object
) -> None:
    one, other = rendezvous(*members), rendezvous(*reversed(members))
    assert [home(one, key) for key in keys] == [home(other, key) for key in keys]


@given(WEIGHTED, st.binary(max_size=20), st.integers(2, 9))
def test_more_weight_takes_keys_and_gives_none_away(
    members: tuple[tuple[str, int], ...], key: bytes, more: int
) -> None:
    (name, weight), *others = members
    heavier = rendezvous((name, weight * more), *others)
    if home(rendezvous(*members), key) == name:
        assert home(heavier, key) == name


def test_shares_of_keys_are_as_weights_are() -> None:
    """3:1 within 2 %, of 10 000 numbers in a row."""
    chosen = rendezvous(("alpha", 3), ("beta", 1))
    shares = Counter(home(chosen, b"4477009%05d" % number) for number in range(10_000))
    assert 7300 <= shares["alpha"] <= 7700


def test_homes_are_the_same_in_every_process() -> None:
    """Written down: another gate, or this one after a restart, must choose alike."""
    chosen = rendezvous(("alpha", 1), ("beta", 1), ("gamma", 2))
    homes = [home(chosen, b"44770090012%d" % number) for number in range(8)]
    assert homes == HOMES


def test_a_home_without_room_is_waited_for() -> None:
    chosen = rendezvous(("alpha", 1), ("beta", 1))
    smsc = chosen.choose(0.0, b"key", ())
    assert smsc is not None
    smsc.began(10)
    assert chosen.choose(0.0, b"key", ()) is None
    assert chosen.home(b"key", ()) is smsc


def test_where_all_were_tried_a_key_has_no_home() -> None:
    chosen = rendezvous(("alpha", 1))
    assert chosen.home(b"key", _smscs(chosen, "alpha")) is None
    assert Rendezvous().choose(0.0, b"key", ()) is None


def _smscs(of: Rendezvous, name: str) -> list[Smsc]:
    return [member.smsc for member, *_ in of._members if member.smsc.name == name]


HOMES = ["alpha", "gamma", "gamma", "gamma", "alpha", "gamma", "gamma", "alpha"]
