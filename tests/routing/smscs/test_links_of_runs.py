"""A run goes on the links of an SMSC as its messages would one by one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes


def _of(windows: list[tuple[int, int]], last: int) -> Smsc:
    """An SMSC with links of these windows, and so much open on them."""
    smsc = fakes.smsc("alpha", 1, *(window for window, _ in windows))
    for link, (_, count) in zip(smsc.links, windows, strict=True):
        _send(link, count)
    smsc._last = last % max(1, len(smsc.links))
    return smsc


def _send(link: Link, count: int) -> None:
    for _ in range(count):
        link.outstanding.claim(Request(CommandId.SUBMIT_SM, 0.0))


@given(
    windows=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 13)), max_size=4),
    last=st.integers(0, 3),
    counts=st.lists(st.integers(0, 40), max_size=3),
)
def test_links_get_what_they_would_one_by_one(
    windows: list[tuple[int, int]], last: int, counts: list[int]
) -> None:
    of_runs, of_singles = _of(windows, last), _of(windows, last)
    for count in counts:
        shares = of_runs.share_out(count)
        assert not any(share <= 0 for share in shares.values())
        singles: Counter[int] = Counter()
        for _ in range(count):
            link = of_singles._next_link({}, ())
            if link is not None:
                singles[of_singles.links.index(link)] += 1
                _send(link, 1)
        assert {of_runs.links.index(link): share for link, share in shares.items()} == singles
        for link, share in shares.items():
            _send(link, share)


def test_links_that_are_doubted_are_not_shared_out() -> None:
    """`link` knows which come last."""
    smsc = _of([(5, 0), (5, 0)], 0)
    smsc.doubt(smsc.links[0], True)
    assert smsc.share_out(4) == {}
