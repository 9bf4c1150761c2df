"""What a session may submit: by the rate of its account, and by its own."""

from __future__ import annotations

from smppgate.routing.limits.esme_limits import AccountLimit, EsmeRates, SessionLimit
from smppgate.routing.limits.token_bucket import Rate

SLOW = Rate(1.0, 2.0)


def admitted(limit: SessionLimit, rates: EsmeRates, count: int) -> list[bool]:
    """Of so many messages at once, which may go."""
    return [limit.admits(rates, 0.0, 1) for _ in range(count)]


def test_sessions_of_one_account_share_its_tokens() -> None:
    account = AccountLimit()
    one, two = SessionLimit(account), SessionLimit(account)
    rates = EsmeRates(SLOW, None, False)
    assert admitted(one, rates, 1) == [True]
    assert admitted(two, rates, 2) == [True, False]
    assert one.limited_by(0.0) == two.limited_by(0.0) == "rate"
    assert two.admits(rates, 1.0, 1)


def test_each_session_has_tokens_of_its_own() -> None:
    account = AccountLimit()
    one, two = SessionLimit(account), SessionLimit(account)
    rates = EsmeRates(None, SLOW, False)
    assert admitted(one, rates, 3) == [True, True, False]
    assert admitted(two, rates, 3) == [True, True, False]
    assert one.limited_by(0.0) == "session_rate"
    assert one.limited_by(1.0) == ""


def test_what_one_limit_refuses_takes_no_token_of_the_other() -> None:
    limit = SessionLimit(AccountLimit())
    rates = EsmeRates(Rate(1.0, 5.0), Rate(1.0, 1.0), False)
    assert admitted(limit, rates, 3) == [True, False, False]
    assert limit.account.bucket is not None
    assert limit.account.bucket.tokens(0.0) == 4.0


def test_a_message_does_not_overtake_those_of_its_session_that_wait() -> None:
    limit = SessionLimit(AccountLimit())
    limit.waiting = 1
    assert not limit.admits(EsmeRates(SLOW, None, False), 0.0, 1)


def test_tokens_are_taken_for_a_run_as_a_whole_or_not_at_all() -> None:
    limit = SessionLimit(AccountLimit())
    rates = EsmeRates(Rate(1.0, 5.0), Rate(1.0, 3.0), False)
    assert not limit.admits_all(rates, 0.0, 4)
    assert limit.admits_all(rates, 0.0, 3)
    assert not limit.admits_all(rates, 0.0, 1)
    assert limit.account.bucket is not None
    assert limit.account.bucket.tokens(0.0) == 2.0


def test_a_run_does_not_overtake_messages_of_its_session_that_wait() -> None:
    limit = SessionLimit(AccountLimit())
    limit.waiting = 1
    assert not limit.admits_all(EsmeRates(SLOW, None, False), 0.0, 1)


def test_a_limit_that_is_taken_away_limits_no_more() -> None:
    limit = SessionLimit(AccountLimit())
    assert admitted(limit, EsmeRates(SLOW, SLOW, False), 3) == [True, True, False]
    limit.follow(EsmeRates(None, Rate(9.0, 9.0), False), 0.0)
    assert limit.account.bucket is None
    assert limit.limited_by(0.0) == "session_rate"
