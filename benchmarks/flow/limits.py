"""Row ``limits``: SMSCs with small windows, with rates, and with a rate that nobody has told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from benchmarks.flow.found import FlowFound, words
from benchmarks.flow.scene import Setting, scene
from benchmarks.flow.smsc import Throttle
from benchmarks.gate_process import GateOptions

_SECONDS = 12.0
_RATE, _BURST = 50, 5
_TAKES, _ADAPTED, _ADAPTING_SECONDS = 30, 30, 70


def measure_limits(core: int, options: GateOptions, found: FlowFound) -> None:
    """ESMEs with windows of 100 send as fast as they can."""
    _windows(core, options, found)
    _rate(core, options, found)
    _half(core, options, found)
    _adaptive(core, options, found)


def _windows(core: int, options: GateOptions, found: FlowFound) -> None:
    """Two SMSCs with windows of 10 and answers in 20 ms take 1 000 a second."""
    with scene(Setting(dict.fromkeys("ab", "window = 10")), core, options) as peers:
        for smsc in peers.smscs.values():
            smsc.latency = 0.02
        heard, senders = peers.esme("acme", sessions=4, window=100)
        for sender in senders:
            sender.fill()
        peers.run(1.0)
        begin, end = peers.run(8.0)
        rate = len(heard.between(begin, end).taken) / (end - begin)
        found.close(peers)
    told = f"{rate:.0f}/s, {words(heard.refused)}"
    what = "windows of 100 on SMSCs with windows of 10, which take 1 000 a second"
    found.add(what, ">= 900/s, no error", told, rate >= 900 and not heard.refused)


def _rate(core: int, options: GateOptions, found: FlowFound) -> None:
    with scene(Setting({"a": f"rate = {_RATE}"}), core, options) as peers:
        heard, [sender] = peers.esme("acme", window=100)
        sender.fill()
        peers.run(_SECONDS)
        came = peers.smscs["a"].came[:]
        found.close(peers)
    second, ten = _in_any(came, 1.0), _in_any(came, 10.0)
    most, expected = _RATE + _BURST + 1, 10 * _RATE
    tolerance = _BURST + 0.02 * expected
    met = max(second) <= most and all(abs(each - expected) <= tolerance for each in ten)
    told = f"{max(second)}, {min(ten)} to {max(ten)}, {words(heard.refused)}"
    wanted = f"<= {most}, {expected} +- {tolerance:.0f}, no error"
    what = f"rate = {_RATE}: messages in any second, and in any ten"
    found.add(what, wanted, told, met and not heard.refused)


def _half(core: int, options: GateOptions, found: FlowFound) -> None:
    with scene(Setting({"a": "rate = 0.5"}), core, options) as peers:
        heard, [sender] = peers.esme("acme", window=2)
        sender.fill()
        peers.run(_SECONDS - 1)
        came = peers.smscs["a"].came[:]
        found.close(peers)
    gaps = [later - before for before, later in pairwise(came)]
    met = len(gaps) == 5 and all(1.9 <= gap <= 2.1 for gap in gaps) and not heard.refused
    told = f"{', '.join(f'{gap:.2f}' for gap in gaps)}, {words(heard.refused)}"
    found.add("rate = 0.5: seconds between messages", "2, five times", told, met)


def _adaptive(core: int, options: GateOptions, found: FlowFound) -> None:
    """It throttles what is more than it takes, and the gate has to find out how much that is."""
    with scene(Setting({"a": "window = 10\nadaptive_rate = true"}), core, options) as peers:
        smsc = peers.smscs["a"]
        smsc.latency, smsc.judge = 0.02, Throttle(_TAKES)
        heard, [sender] = peers.esme("acme", window=100)
        sender.fill()
        begin, _ = peers.run(_ADAPTING_SECONDS)
        taken = [at - begin for at in smsc.taken]
        found.close(peers)
    rates = [
        sum(first <= at < first + 10 for at in taken) / 10
        for first in range(_ADAPTED, _ADAPTING_SECONDS, 10)
    ]
    what = f"adaptive_rate, an SMSC that takes {_TAKES}/s: rates from {_ADAPTED} s on"
    told = f"{', '.join(f'{rate:.1f}' for rate in rates)}, {words(heard.refused)}"
    met = all(25 <= rate <= 31 for rate in rates) and not heard.refused
    found.add(what, "25 to 31/s, no error", told, met)


def _in_any(came: Sequence[float], seconds: float) -> list[int]:
    """How many came in each span of so many seconds that begins with one and ends in time."""
    begins = [at for at in came if at + seconds <= came[-1]]
    return [sum(begin <= at < begin + seconds for at in came) for begin in begins]
