"""No session takes all of an SMSC's link while others want it."""

from __future__ import annotations

from smppgate.routing.smscs.link_shares import SLOW_AFTER, WANTED_FOR, LinkShares

A, B, C = "a", "b", "c"


def give(shares: LinkShares, session: str, count: int, now: float = 0.0, window: int = 10) -> int:
    """Give ``session`` as many of so many messages as it may have; how many these are."""
    given = 0
    for _ in range(count):
        if shares.has_room(session, now, window):
            shares.began(session, now)
            given += 1
    return given


def test_alone_a_session_may_have_all() -> None:
    assert give(LinkShares(), A, 100) == 100


def test_once_others_want_it_a_session_holds_half_of_the_window() -> None:
    shares = LinkShares()
    give(shares, B, 1)
    assert give(shares, A, 100) == 5
    assert give(shares, C, 100) == 5


def test_or_of_what_is_under_way_if_that_is_more() -> None:
    shares = LinkShares()
    assert give(shares, A, 40) == 40
    give(shares, B, 1)
    assert give(shares, A, 1) == 0
    assert give(shares, B, 100) == 38
    assert len(shares) == 79


def test_it_has_room_again_when_it_has_answered() -> None:
    shares = LinkShares()
    give(shares, B, 1)
    give(shares, A, 100)
    shares.ended(A, 0.1)
    assert give(shares, A, 100, 0.1) == 1


def test_one_message_may_always_be_under_way() -> None:
    shares = LinkShares()
    give(shares, B, 1, window=1)
    shares.ended(B, 0.0)
    assert give(shares, A, 2, window=1) == 1


def test_a_session_that_does_not_answer_holds_half_of_what_is_under_way() -> None:
    """However large the window is taken to be: an SMSC may have a smaller one."""
    shares = LinkShares()
    give(shares, B, 1, window=100)
    assert give(shares, A, 10, window=100) == 10
    shares.ended(B, 0.1)
    assert give(shares, A, 1, SLOW_AFTER, window=100) == 0
    shares.ended(A, SLOW_AFTER)
    assert give(shares, A, 1, SLOW_AFTER + 0.1, window=100) == 1


def test_a_session_whose_messages_failed_is_slow_still() -> None:
    shares = LinkShares()
    give(shares, B, 1, window=100)
    give(shares, A, 4, window=100)
    for _ in range(2):
        shares.ended(A, None)
    assert give(shares, A, 1, SLOW_AFTER, window=100) == 0
    for _ in range(2):
        shares.ended(A, None)
    assert give(shares, A, 1, SLOW_AFTER, window=100) == 1


def test_others_want_it_for_a_while_after_their_last_message() -> None:
    """While a slow session holds the SMSC's window, nothing for others comes."""
    shares = LinkShares()
    give(shares, B, 1)
    give(shares, A, 5)
    assert give(shares, A, 1, WANTED_FOR - 1.0) == 0
    assert give(shares, A, 100, WANTED_FOR) == 100


def test_what_has_ended_leaves_nothing() -> None:
    shares = LinkShares()
    give(shares, A, 3)
    for _ in range(3):
        shares.ended(A, 0.0)
    assert (len(shares), shares._shares) == (0, {})
