"""Row ``balancing``: which SMSC gets how much, by each balancer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.flow.found import FlowFound, words
from benchmarks.flow.scene import Scene, Setting, one_number, scene
from benchmarks.gate_process import GateOptions

_MESSAGES = 10_000
_FAST, _SLOW, _WINDOW = 0.01, 0.1, 10
"""Seconds that the two SMSCs take, and the window of each: they take 1 000 and 100 a second."""

_BOTH = _WINDOW / _FAST + _WINDOW / _SLOW
_SESSIONS, _SESSION_WINDOW = 16, 25
_SETTLE_SECONDS, _SECONDS, _WAIT_SECONDS = 1.0, 5.0, 120.0
_RATE = 500
BALANCERS = ("least_outstanding", "round_robin", "p2c", "peak_ewma", "hash")


def measure_balancing(core: int, options: GateOptions, found: FlowFound) -> None:
    """Weights, an SMSC that is ten times slower, and one that is congested."""
    for balance in ("round_robin", "least_outstanding", "hash"):
        _weights(core, options, found, balance)
    _slower(core, options, found)
    for balance in BALANCERS:
        _both_full(core, options, found, balance)
    for balance in ("least_outstanding", "p2c", "peak_ewma"):
        _congested(core, options, found, balance)


def _weights(core: int, options: GateOptions, found: FlowFound, balance: str) -> None:
    """Weights 3:1, one message at a time, each for another number."""
    smscs = {"a": "weight = 3", "b": ""}
    with scene(Setting(smscs, pool=f'balance = "{balance}"'), core, options) as peers:
        heard, [sender] = peers.esme("acme", window=1)
        sender.fill()
        peers.until(lambda: len(heard) >= _MESSAGES, _WAIT_SECONDS)
        found.close(peers)
    share = heard.share("a")
    what = f"{balance}: part of {_MESSAGES} messages one by one for weights 3:1"
    told = f"{share:.4f}, {words(heard.refused)}"
    found.add(what, "0.75 +- 0.02", told, abs(share - 0.75) <= 0.02 and not heard.refused)


def _slower(core: int, options: GateOptions, found: FlowFound) -> None:
    with _fast_and_slow("peak_ewma", core, options) as peers:
        heard, senders = peers.esme("acme", sessions=4)
        peers.pace(senders, _RATE)
        share = heard.between(*peers.run(2 * _SECONDS)).share("b")
        found.close(peers)
    what = f"peak_ewma: part of {_RATE} a second for the SMSC ten times slower"
    found.add(what, "< 3 %", f"{share:.2%}, {words(heard.refused)}", share < 0.03)


def _both_full(core: int, options: GateOptions, found: FlowFound, balance: str) -> None:
    """More than both take; by hash, each session has a number of its own."""
    with _fast_and_slow(balance, core, options) as peers:
        heard = []
        for place in range(_SESSIONS):
            number = one_number(place) if balance == "hash" else None
            each, [sender] = peers.esme("acme", window=_SESSION_WINDOW, number=number)
            sender.fill()
            heard.append(each)
        peers.run(_SETTLE_SECONDS)
        begin, end = peers.run(_SECONDS)
        rate = sum(len(each.between(begin, end).taken) for each in heard) / (end - begin)
        refused = sum((each.refused for each in heard), Counter[int]())
        found.close(peers)
    what = f"{balance}: rate with both full, of what they take"
    told = f"{rate / _BOTH:.3f}, {words(refused)}"
    found.add(what, ">= 0.8", told, rate >= 0.8 * _BOTH)


def _congested(core: int, options: GateOptions, found: FlowFound, balance: str) -> None:
    """congestion_state 90 of one and 10 of the other, in all their answers."""
    smsc = 'interface_version = "5.0"\nwindow = 20'
    with scene(
        Setting({"a": smsc, "b": smsc}, pool=f'balance = "{balance}"'), core, options
    ) as peers:
        for name, state in (("a", 90), ("b", 10)):
            peers.smscs[name].latency = 0.02
            peers.smscs[name].congestion = state
        heard, senders = peers.esme("acme", sessions=4)
        peers.pace(senders, 400)
        share = heard.between(*peers.run(_SECONDS)).share("a")
        found.close(peers)
    what = f"{balance}: part for congestion_state 90 beside 10"
    found.add(what, "< 25 %", f"{share:.2%}, {words(heard.refused)}", share < 0.25)


@contextmanager
def _fast_and_slow(balance: str, core: int, options: GateOptions) -> Iterator[Scene]:
    smscs = dict.fromkeys("ab", f"window = {_WINDOW}")
    with scene(Setting(smscs, pool=f'balance = "{balance}"'), core, options) as peers:
        peers.smscs["a"].latency, peers.smscs["b"].latency = _FAST, _SLOW
        yield peers
