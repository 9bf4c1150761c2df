"""The window of a remote link goes by what is taken, one by one or a run at a time."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.gate.peers.counts import LinkCounts
from smppgate.gate.peers.remote_link import RemoteLink
from smppgate.gate.peers.told import LinkedSmsc
from smppgate.txsmpp.clock import Clock as SmppClock
from tests.routing import fakes
from tests.routing.fakes import FakeSession

WINDOW = 6


class Run(list[object]):
    """Messages of which nothing is known."""

    sent_at, command_id = 0.0, 4


def remote() -> Any:
    """A link to an SMSC by way of another node."""
    session: Any = FakeSession()
    session.node, session.counts = "b", LinkCounts()
    smsc = fakes.smsc("alpha", 1, 100, 0)
    return RemoteLink(session, smsc, LinkedSmsc("alpha", WINDOW), cast(SmppClock, Clock()))


STEPS = st.lists(
    st.tuples(st.sampled_from(("sent", "taken", "crowded")), st.integers(1, WINDOW)), max_size=20
)


@given(STEPS)
def test_a_run_that_is_taken_counts_as_its_messages_do(steps: list[tuple[str, int]]) -> None:
    by_run, one_by_one = remote(), remote()
    for what, most in steps:
        open_ = len(by_run.outstanding)
        count = min(most, open_ if what == "taken" else WINDOW - open_)
        if what == "crowded":
            by_run.crowded()
            one_by_one.crowded()
        elif what == "sent":
            for link in (by_run, one_by_one):
                link.outstanding.claim_run(Run(), 0, count)
        elif count:
            by_run.took(count)
            for _ in range(count):
                one_by_one.taken()
                one_by_one.ended()
        states = [(len(e.outstanding), e.window, e._taken) for e in (by_run, one_by_one)]
        assert states[0] == states[1]
