"""What falls due when, on a session of which nothing is heard."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.timers import NEVER, Due, Timers, Watch

TIMERS = Timers(
    session_init=10,
    enquire_link=30,
    inactivity=100,
    response=60,
    enquire_link_timeout=20,
    closing=5,
)


def watch(**changes: float) -> Watch:
    """Of a session that began at 0."""
    return Watch(evolve(TIMERS, **changes), 0.0)


def test_the_defaults_are_what_people_expect() -> None:
    """30 s to bind, 30 s of silence and 10 s more, 5 min of nothing, 60 s for an answer."""
    timers = Timers()
    assert (timers.session_init, timers.enquire_link) == (30, 30)
    assert timers.enquire_link_timeout == 10
    assert (timers.inactivity, timers.response) == (300, 60)


def test_a_session_has_so_long_to_bind() -> None:
    """From its beginning, whatever it sends."""
    session = watch()
    session.hear(9.0)
    assert session.next(bound=False) == 10
    assert session.due(9.9, bound=False) is Due.NOTHING
    assert session.due(10.0, bound=False) is Due.NOT_BOUND


def test_before_the_bind_nothing_else_is_due() -> None:
    """Who is not bound is not asked for a sign of life."""
    session = watch(session_init=0, enquire_link=1, inactivity=1)
    assert session.due(50.0, bound=False) is Due.NOTHING
    assert session.next(bound=False) == NEVER


def test_silence_is_answered_with_one_enquire_link() -> None:
    """From what was heard last; and after it, its answer is what is waited for."""
    session = watch()
    session.hear(5.0)
    assert session.next(bound=True) == 35
    assert session.due(34.9, bound=True) is Due.NOTHING
    assert session.due(35.0, bound=True) is Due.ENQUIRE
    assert session.due(35.0, bound=True) is Due.NOTHING
    assert session.next(bound=True) == 55


def test_an_enquire_link_unanswered_ends_the_session() -> None:
    """After a timer of its own, whatever messages may take and however soon we asked."""
    session, impatient = watch(), watch(enquire_link=7)
    assert session.due(30.0, bound=True) is Due.ENQUIRE
    assert session.due(49.9, bound=True) is Due.NOTHING
    assert session.due(50.0, bound=True) is Due.UNANSWERED
    assert impatient.due(7.0, bound=True) is Due.ENQUIRE
    assert impatient.due(26.9, bound=True) is Due.NOTHING
    assert impatient.due(27.0, bound=True) is Due.UNANSWERED


def test_anything_heard_is_a_sign_of_life() -> None:
    """Traffic in place of the enquire_link_resp."""
    session = watch()
    assert session.due(30.0, bound=True) is Due.ENQUIRE
    assert session.hear(49.0)
    assert not session.hear(49.0), "it is not asked any more"
    assert session.due(50.0, bound=True) is Due.NOTHING
    assert session.next(bound=True) == 79
    assert session.due(79.0, bound=True) is Due.ENQUIRE


def test_signs_of_life_are_no_activity() -> None:
    """A session that only answers enquire_links is inactive after a while."""
    session = watch()
    for now in (30.0, 60.0, 90.0):
        assert session.due(now, bound=True) is Due.ENQUIRE
        session.hear(now)
    assert session.next(bound=True) == 100
    assert session.due(100.0, bound=True) is Due.INACTIVE


def test_activity_puts_inactivity_off() -> None:
    """The owner notes it in ``active``."""
    session = watch(enquire_link=0)
    session.active = 60.0
    assert session.due(159.0, bound=True) is Due.NOTHING
    assert session.due(160.0, bound=True) is Due.INACTIVE


def test_zero_switches_a_timer_off() -> None:
    """The first three, each for itself."""
    assert watch(session_init=0).due(1e9, bound=False) is Due.NOTHING
    assert watch(enquire_link=0).next(bound=True) == 100
    assert watch(inactivity=0).next(bound=True) == 30
    assert watch(enquire_link=0, inactivity=0).next(bound=True) == NEVER
    assert watch(enquire_link=0, inactivity=0).due(1e9, bound=True) is Due.NOTHING


seconds = st.floats(0, 1000, allow_nan=False)
periods = st.one_of(st.just(0.0), st.floats(0.001, 500))


@given(
    timers=st.builds(
        Timers, periods, periods, periods, enquire_link_timeout=st.floats(0.001, 500)
    ),
    start=seconds,
    events=st.lists(st.tuples(st.sampled_from(["hear", "active", "due"]), seconds), max_size=20),
    bound=st.booleans(),
)
def test_next_is_when_due_has_something_to_say(
    timers: Timers, start: float, events: list[tuple[str, float]], bound: bool
) -> None:
    """Just then and no sooner; one timer set to it wakes once for each thing that is due."""
    session, now = Watch(timers, start), start
    for event, after in events:
        now += after
        if event == "hear":
            session.hear(now)
        elif event == "active":
            session.active = now
        else:
            due = session.next(bound) <= now
            assert (session.due(now, bound) is not Due.NOTHING) is due
    at = session.next(bound)
    if at != NEVER and at > now:
        assert session.due(at, bound) is not Due.NOTHING
