"""What belongs together goes where the first of it went, for a while and in little memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.affinity import OVERHEAD, RENEWAL, Affinity, dialogue_keys, parts_key
from smppgate.txsmpp.dialogues import Step
from smppgate.txsmpp.user_data_header import Segment

ROOM = OVERHEAD + 10
"""For one entry."""


def test_what_was_put_is_found_by_its_key() -> None:
    affinity: Affinity[str] = Affinity()
    affinity.put(b"7", "one", now=0.0)
    affinity.put(b"8", "other", now=0.0)
    found = [affinity.get(key, now=1.0) for key in (b"7", b"8", b"9")]
    assert found == ["one", "other", None]


def test_after_its_lifetime_an_entry_is_not_found() -> None:
    affinity: Affinity[str] = Affinity(lifetime=60.0)
    affinity.put(b"7", "one", now=10.0)
    assert affinity.get(b"7", now=70.0) is None
    assert (len(affinity), affinity.octets) == (0, 0)


def test_what_is_asked_for_is_kept_anew() -> None:
    affinity: Affinity[str] = Affinity(lifetime=60.0)
    affinity.put(b"7", "one", now=10.0)
    assert affinity.get(b"7", now=69.9) == "one"
    assert affinity.get(b"7", now=129.8) == "one"
    assert affinity.get(b"7", now=190.0) is None


def test_a_lifetime_that_changes_counts_at_once() -> None:
    affinity: Affinity[str] = Affinity(lifetime=60.0)
    affinity.put(b"7", "one", now=0.0)
    affinity.lifetime = 5.0
    assert affinity.get(b"7", now=6.0) is None


def test_what_is_to_end_is_found_a_little_longer() -> None:
    affinity: Affinity[str] = Affinity(lifetime=60.0)
    affinity.put(b"7", "one", now=0.0)
    affinity.end(b"7", now=10.0, seconds=5.0)
    affinity.end(b"8", now=10.0, seconds=5.0)
    affinity.put(b"9", "other", now=10.0)
    affinity.end(b"9", now=10.0, seconds=5.0)
    assert affinity.get(b"7", now=14.9) == "one"
    assert affinity.get(b"9", now=15.0) is None


def test_what_is_to_end_does_not_live_longer_for_it() -> None:
    affinity: Affinity[str] = Affinity(lifetime=60.0)
    affinity.put(b"7", "one", now=0.0)
    affinity.end(b"7", now=58.0, seconds=5.0)
    assert affinity.get(b"7", now=60.0) is None


def test_beyond_its_octets_the_oldest_entries_are_dropped() -> None:
    affinity: Affinity[int] = Affinity(most_octets=2 * ROOM)
    for number in range(3):
        affinity.put(b"%d" % number, number, now=0.0)
    assert [affinity.get(b"%d" % number, now=0.0) for number in range(3)] == [None, 1, 2]
    affinity.put(b"x" * ROOM, 4, now=0.0)
    assert affinity.get(b"2", now=0.0) is None


@given(st.integers(1, 100))
def test_overdue_entries_go_as_others_are_put(count: int) -> None:
    """So what has ended is not kept in memory by old messages."""
    affinity: Affinity[int] = Affinity(lifetime=10.0)
    for number in range(count):
        affinity.put(b"%d" % number, number, now=0.0)
    for number in range(count):
        affinity.put(b"later %d" % number, number, now=10.0)
    assert len(affinity) == count


class Affinities(RuleBasedStateMachine):
    """Beside a list of all entries ever put."""

    LIMIT, LIFETIME = 5, 20.0

    def __init__(self) -> None:
        super().__init__()
        self.affinity: Affinity[int] = Affinity(self.LIFETIME, self.LIMIT * (OVERHEAD + 1))
        self.put: list[tuple[bytes, int, float]] = []
        self.now = 0.0
        self.serial = 0

    @rule(key=st.integers(0, 9))
    def put_one(self, key: int) -> None:
        self.serial += 1
        name = b"%d" % key
        self.affinity.put(name, self.serial, self.now)
        self.put = [each for each in self.put if each[0] != name]
        self.put.append((name, self.serial, self.now))

    @rule(seconds=st.floats(0.0, 15.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(key=st.integers(0, 9))
    def end(self, key: int) -> None:
        self.affinity.end(b"%d" % key, self.now, 0.0)
        self.put = [each for each in self.put if each[0] != b"%d" % key]

    @rule(key=st.integers(0, 9))
    def get(self, key: int) -> None:
        given = self.affinity.get(b"%d" % key, self.now)
        put = [each for each in self.put if each[0] == b"%d" % key]
        if not put or self.now - put[0][2] >= self.LIFETIME:
            assert given is None
        else:
            if given is not None and self.now - put[0][2] >= RENEWAL:
                self.put.remove(put[0])
                self.put.append((put[0][0], put[0][1], self.now))
                put = self.put[-1:]
            # Those that were ended are in the table still, and others may have gone before them.
            assert given in {None, put[0][1]}
            if put[0] is self.put[-1]:
                assert given == put[0][1]

    @invariant()
    def is_bounded(self) -> None:
        assert len(self.affinity) <= self.LIMIT
        assert self.affinity.octets == len(self.affinity) * (OVERHEAD + 1)


TestAffinities = Affinities.TestCase


# Keys

names = st.binary(max_size=30).map(lambda value: value.replace(b"\0", b""))
segments = st.builds(Segment, st.integers(0, 0xFFFF), st.integers(1, 0xFFFF), st.just(1))
messages = st.tuples(names, names, segments, names)


@given(messages, messages)
def test_two_messages_have_one_key_if_they_are_one(one, other) -> None:
    """And the number of the part makes no difference."""
    source, destination, segment, account = one
    key = parts_key(*one)
    assert (key == parts_key(*other)) == (one == other)
    assert key == parts_key(source, destination, segment._replace(number=2), account)


def test_an_address_longer_than_smpp_has_becomes_no_key() -> None:
    segment = Segment(1, 2, 1)
    assert parts_key(b"1" * 64, b"2" * 64, segment) is not None
    assert parts_key(b"1" * 65, b"2", segment) is None
    assert parts_key(b"1", b"2" * 65, segment) is None
    assert dialogue_keys(b"acme", b"1" * 65, Step(None, True, False)) == ()


def test_a_dialogue_is_known_by_its_number_first_and_then_by_its_subscriber() -> None:
    both = dialogue_keys(b"acme", b"4477", Step(7, True, False))
    assert both == (
        *dialogue_keys(b"acme", b"4477", Step(7, False, False)),
        *dialogue_keys(b"acme", b"4477", Step(None, True, False)),
    )
    assert len(set(both)) == 2


@given(st.tuples(names, names), st.tuples(names, names), st.integers(0, 255))
def test_no_account_has_the_dialogues_of_another(one, other, session: int) -> None:
    step = Step(session, True, False)
    is_same = bool(set(dialogue_keys(*one, step)) & set(dialogue_keys(*other, step)))
    assert is_same == (one == other)
