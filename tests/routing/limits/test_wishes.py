"""Which part of a limit a process wishes for."""

from __future__ import annotations

from smppgate.routing.limits.esme_limits import AccountLimit, EsmeRates, SessionLimit
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.limits.wishes import Wish

RATE = Rate(100.0, 100.0)
RATES = EsmeRates(RATE, None, False)


class Taking:
    """A limit with this part of a hundred messages a second, and the wish for more of it."""

    def __init__(self, part: float) -> None:
        self.now = 0.0
        self.account = AccountLimit()
        self.account.apportion(part, 0.0)
        self.limit = SessionLimit(self.account)
        self.wish = Wish(self.account, 0.0)

    def block(self, count: int) -> bool:
        """So many messages come in a tenth of a second; gives whether the wish has changed."""
        for _ in range(count):
            self.limit.admits(RATES, self.now, 1)
        self.now += 0.1
        return self.wish.has_changed(self.now)


def test_who_takes_nothing_wishes_for_nothing() -> None:
    """Before the first message, and after a while without any."""
    taking = Taking(1.0)
    assert not taking.block(0)
    assert taking.block(5)
    assert taking.wish.part == 0.625
    for _ in range(60):
        taking.block(0)
    assert taking.wish.part == 0.0
    assert not taking.block(0)


def test_what_changes_little_is_not_told() -> None:
    """A pause is: half as much with each block."""
    taking = Taking(1.0)
    assert taking.block(5)
    assert [taking.block(count) for count in (5, 4, 6)] == [False] * 3
    assert taking.wish.part == 0.625
    assert taking.block(0)
    assert 0.25 < taking.wish.part < 0.5


def test_who_has_no_token_left_wishes_for_much_more() -> None:
    """For one token a block at least; for a second, if it is never given one."""
    taking = Taking(0.1)
    for _ in range(20):
        taking.block(20)
    assert taking.wish.part >= 0.4
    starved = Taking(0.0001)
    starved.block(1)
    for _ in range(5):
        starved.block(0)
    assert starved.wish.part >= 0.1
    for _ in range(10):
        starved.block(0)
    assert starved.wish.part == 0.0


def test_it_wishes_for_no_more_than_all() -> None:
    """Nor for less than nothing, where its bucket is another one."""
    taking = Taking(1.0)
    taking.block(80)
    assert taking.wish.part == 1.0
    taking.account.bucket = None
    taking.limit.admits(RATES, taking.now, 1)
    for _ in range(60):
        taking.block(0)
    assert taking.wish.part == 0.0
    # Two looks in one moment.
    taking.wish.has_changed(taking.now)
