"""A pool without an SMSC, and with one again."""

from __future__ import annotations

from smppgate.gate.reports.pool_watch import PoolWatch
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from tests.gate.memory_gateway import Log
from tests.routing.fakes import FakeSession, Gate, smscs


def named(name: str, *of: Smsc) -> Pool:
    return Pool(name, [Member(smsc) for smsc in of])


def unlinked(smsc: Smsc) -> None:
    for link in list(smsc.links):
        smsc.remove(link)


def lines_of(log: Log) -> list[str]:
    return [line for line in log.lines if " pool " in line]


def test_a_pool_is_told_of_when_its_last_link_goes_and_when_one_comes_again() -> None:
    """Not while another SMSC of the pool is there, nor at the start."""
    one, other = smscs(1, 1)
    told = []
    pools = [named("main", one, other), named("spare", other)]
    watch = PoolWatch(pools, 0x08, lambda pool, smsc, is_up: told.append((pool.name, is_up)))
    with Log() as log:
        watch.bound(one)
        unlinked(other)
        watch.lost(other)
        assert lines_of(log) == [
            "SG-1301 pool spare is without an SMSC: its messages are answered 0x08"
        ]
        unlinked(one)
        watch.lost(one)
        assert lines_of(log)[1:] == [
            "SG-1301 pool main is without an SMSC: its messages are answered 0x08"
        ]
        one.add(FakeSession(smsc=one))
        watch.bound(one)
        watch.bound(one)
        assert lines_of(log)[2:] == ["SG-1302 pool main has an SMSC again: a"]
    assert told == [("spare", False), ("main", False), ("main", True)]


def test_a_gate_that_stops_misses_no_smsc() -> None:
    gate = Gate()
    with Log() as log:
        link = gate.link()
        gate.router.drain()
        gate.lose(link)
    assert lines_of(log) == []
