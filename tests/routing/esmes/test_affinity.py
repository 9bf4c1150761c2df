"""All parts of a long message go to one session, as long as that is bound."""

from __future__ import annotations

from attrs import define
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.esmes.affinity import Affinity


@define(eq=False)
class Session:
    has_ended: bool = False


def test_later_parts_go_to_the_session_of_the_first() -> None:
    affinity: Affinity[Session] = Affinity()
    one, other = Session(), Session()
    affinity.put((b"447700900123", b"1000", 7, 3), one, now=0.0)
    affinity.put((b"447700900123", b"1000", 8, 3), other, now=0.0)
    assert affinity.get((b"447700900123", b"1000", 7, 3), now=1.0) is one
    assert affinity.get((b"447700900123", b"1000", 8, 3), now=1.0) is other
    assert affinity.get((b"447700900123", b"1000", 9, 3), now=1.0) is None


def test_a_session_that_has_ended_gets_no_parts() -> None:
    affinity: Affinity[Session] = Affinity()
    session, another = Session(), Session()
    affinity.put("message", session, now=0.0)
    session.has_ended = True
    assert affinity.get("message", now=1.0) is None
    assert len(affinity) == 0
    affinity.put("message", another, now=1.0)
    assert affinity.get("message", now=1.0) is another


def test_after_its_lifetime_an_entry_is_not_found() -> None:
    affinity: Affinity[Session] = Affinity(lifetime=300.0)
    session = Session()
    affinity.put("message", session, now=10.0)
    assert affinity.get("message", now=309.9) is session
    assert affinity.get("message", now=310.0) is None


def test_beyond_the_limit_the_oldest_entries_are_dropped() -> None:
    affinity: Affinity[Session] = Affinity(limit=2)
    sessions = [Session() for _ in range(3)]
    for key, session in enumerate(sessions):
        affinity.put(key, session, now=0.0)
    assert [affinity.get(key, now=0.0) for key in range(3)] == [None, *sessions[1:]]


@given(st.integers(1, 100))
def test_overdue_entries_go_as_others_are_put(count: int) -> None:
    """So a session that has ended is not kept in memory by old messages."""
    affinity: Affinity[Session] = Affinity(lifetime=10.0)
    for key in range(count):
        affinity.put(key, Session(), now=0.0)
    for key in range(count):
        affinity.put(("later", key), Session(), now=10.0)
    assert len(affinity) == count


KEYS = st.integers(0, 9)


class Affinities(RuleBasedStateMachine):
    """Beside a list of all entries ever put."""

    LIMIT, LIFETIME = 5, 20.0

    def __init__(self) -> None:
        super().__init__()
        self.affinity: Affinity[Session] = Affinity(self.LIMIT, self.LIFETIME)
        self.put: list[tuple[int, Session, float]] = []
        self.now = 0.0

    @rule(key=KEYS)
    def put_one(self, key: int) -> None:
        session = Session()
        self.affinity.put(key, session, self.now)
        self.put = [each for each in self.put if each[0] != key]
        self.put.append((key, session, self.now))

    @rule(seconds=st.floats(0.0, 15.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(key=KEYS)
    def end(self, key: int) -> None:
        for known, session, _ in self.put:
            session.has_ended |= known == key

    @rule(key=KEYS)
    def get(self, key: int) -> None:
        given = self.affinity.get(key, self.now)
        put = [each for each in self.put if each[0] == key]
        if not put or put[0][1].has_ended or self.now >= put[0][2] + self.LIFETIME:
            assert given is None
        elif put[0] in self.put[-self.LIMIT :]:
            assert given is put[0][1]
        else:
            assert given in {None, put[0][1]}

    @invariant()
    def is_bounded(self) -> None:
        assert len(self.affinity) <= self.LIMIT


TestAffinities = Affinities.TestCase
