"""Row ``sick``: SMSCs that freeze, and that fail now and then."""

from __future__ import annotations

from random import Random

from benchmarks import wire
from benchmarks.flow.found import FlowFound, words
from benchmarks.flow.scene import Scene, Setting, scene
from benchmarks.flow.smsc import fails_by_chance
from benchmarks.gate_process import GateOptions

_LATENCY, _RATE = 0.01, 300
_ENQUIRE_LINK, _ENQUIRE_LINK_TIMEOUT, _RESPONSE_TIMEOUT, _HOLD = 2.0, 2.0, 6.0, 2.0
_FROZEN_SECONDS, _SETTLE_SECONDS = 8.0, 3.0
_SLOW_START = 10
_UNREAD = 60
"""Octets by which what an SMSC has not read grows with a message, and with nothing else."""

_FAILS, _EJECT_TIME = 0.2, 3
_FAILING_SECONDS = 40.0


def measure_sick(core: int, options: GateOptions, found: FlowFound) -> None:
    """What ESMEs notice of SMSCs that are sick."""
    for balance in ("least_outstanding", "round_robin", "peak_ewma", "hash"):
        _frozen(core, options, found, balance)
    for others in ("b", "bc"):
        _failing(core, options, found, others)


def _frozen(core: int, options: GateOptions, found: FlowFound, balance: str) -> None:
    smsc = (
        f"window = 10\nenquire_link = {_ENQUIRE_LINK}\n"
        f"enquire_link_timeout = {_ENQUIRE_LINK_TIMEOUT}\nresponse_timeout = {_RESPONSE_TIMEOUT}"
    )
    pool = f'hold = {_HOLD}\nslow_start = {_SLOW_START}\nbalance = "{balance}"'
    with scene(Setting(dict.fromkeys("ab", smsc), pool=pool), core, options) as peers:
        for each in peers.smscs.values():
            each.latency = _LATENCY
        heard, senders = peers.esme("acme", sessions=4)
        peers.pace(senders, _RATE)
        peers.run(_SETTLE_SECONDS)
        unread = _Unread(peers)
        begin, _ = peers.run(_FROZEN_SECONDS)
        unread.end()
        peers.until(
            lambda: peers.program.log.read_text().count("SMSC a transceiver 1 bound") > 1, 5
        )
        back = peers.run(_SLOW_START + 3.0)[0]
        longest = max(each.seconds for each in heard.answers)
        shares = [
            heard.between(back + second, back + second + 1).share("a")
            for second in range(_SLOW_START + 3)
        ]
        refused = heard.refused
        found.close(peers)
    what, most = f"{balance}: an SMSC freezes: ", _HOLD + _RESPONSE_TIMEOUT
    told = f"{longest:.2f} s, {words(refused)}"
    found.add(f"{what}longest time of a message", f"<= {most:.0f} s", told, longest <= most)
    gone, promised = unread.last_at - begin, _ENQUIRE_LINK + _ENQUIRE_LINK_TIMEOUT
    told = f"{gone:.2f} s"
    found.add(f"{what}it gets nothing after", f"<= {promised:.0f} s", told, gone <= promised)
    met = shares[0] <= 0.25 and shares[-1] >= 0.4
    told = " ".join(f"{share:.0%}" for share in shares)
    found.add(f"{what}its share when it is back", "little at first, then half", told, met)


class _Unread:
    """Freezes an SMSC, and watches when it was sent the last message."""

    def __init__(self, peers: Scene) -> None:
        self._peers, self._smsc = peers, peers.smscs["a"]
        self._size = 0
        self.last_at = 0.0
        self._smsc.freeze(True)
        peers.watch = self._look

    def end(self) -> None:
        """Let it go on."""
        self._peers.watch = None
        self._smsc.freeze(False)

    def _look(self, now: float) -> None:
        size = self._smsc.unread
        if size >= self._size + _UNREAD or not self.last_at:
            self.last_at = now
        self._size = size


def _failing(core: int, options: GateOptions, found: FlowFound, others: str) -> None:
    """One of several fails one time in five, by chance."""
    setting = Setting(dict.fromkeys("a" + others, ""), pool=f"eject_time = {_EJECT_TIME}")
    with scene(setting, core, options) as peers:
        for each in peers.smscs.values():
            each.latency = _LATENCY
        peers.smscs["a"].judge = fails_by_chance(_FAILS, wire.SYSTEM_ERROR, Random(1))
        heard, senders = peers.esme("acme", sessions=2)
        peers.pace(senders, _RATE)
        begin, end = peers.run(_FAILING_SECONDS)
        lines = peers.program.log.read_text()
        ejected, back = lines.count("SMSC a is ejected"), lines.count("SMSC a is back")
        share = heard.between(begin, end).share("a")
        found.close(peers)
    what = f"20 % errors of one SMSC beside {len(others)}"
    told = f"{ejected} times and {back} times, {words(heard.refused)}; it had {share:.1%}"
    met = bool(ejected and back) and not heard.refused
    found.add(f"{what}: ejected and back", "both, no error", told, met)
