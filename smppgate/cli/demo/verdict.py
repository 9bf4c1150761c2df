"""The verdict on the demo: its shortcomings and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from smppgate.cli.demo.ledger import Ledger
from smppgate.cli.latencies import Latencies
from smppgate.txsmpp.constants import status_name


@frozen
class Outcome:
    """The counts at the end of the demo.

    :param taken: SMSC → messages that it accepted, as it counts them.
    :param lost_sessions: ESME sessions that had ended before the gate was stopped.
    :param open_exchanges: exchanges that the gate had not ended when it had stopped.
    :param seconds: for how long the ESMEs sent.
    """

    ledgers: Sequence[Ledger]
    taken: Mapping[str, int]
    lost_sessions: int
    open_exchanges: int
    seconds: float

    @property
    def sent(self) -> int:
        """Messages that all ESMEs sent."""
        return sum(ledger.sent for ledger in self.ledgers)


def shortcomings(outcome: Outcome) -> list[str]:
    """The errors of the run, one line each; empty when there were none."""
    found = [
        f"{ledger.account}: {number:,} {what}"
        for ledger in outcome.ledgers
        for number, what in _faults(ledger)
        if number
    ]
    if not all(ledger.sent for ledger in outcome.ledgers):
        found.append("an ESME sent nothing")
    if not all(outcome.taken.values()):
        found.append("an SMSC got no message: nothing was balanced")
    taken, accepted = sum(outcome.taken.values()), sum(x.accepted for x in outcome.ledgers)
    if taken != accepted:
        found.append(f"the SMSCs took {taken:,} messages, the ESMEs know of {accepted:,}")
    if outcome.lost_sessions:
        found.append(f"{outcome.lost_sessions:,} ESME sessions were lost")
    if outcome.open_exchanges:
        found.append(f"the gate stopped with {outcome.open_exchanges:,} exchanges not ended")
    return found


def summary(outcome: Outcome) -> Iterator[str]:
    """The lines of the summary."""
    ledgers = outcome.ledgers
    yield f"{outcome.seconds:.1f} s of messages"
    yield _row("sent", [ledger.sent for ledger in ledgers], ledgers)
    yield _row("answered exactly once", [_answered_once(x) for x in ledgers], ledgers)
    yield _row("errors", [ledger.errors.total() for ledger in ledgers], ledgers)
    yield _row("unanswered", [ledger.unanswered for ledger in ledgers], ledgers)
    yield _row("duplicate or stray answers", [ledger.strays for ledger in ledgers], ledgers)
    yield _row("receipts home", [ledger.home for ledger in ledgers], ledgers)
    yield _row("receipts at the wrong account", [ledger.foreign for ledger in ledgers], ledgers)
    yield _row("receipts otherwise wrong", [x.odd_receipts for x in ledgers], ledgers)
    yield _row("receipts missing", [ledger.missing for ledger in ledgers], ledgers)
    yield f"  {'share':30}{shares(outcome.taken)}"
    yield f"  {'latency':30}{latency(merged(ledgers))}"


def shares(taken: Mapping[str, int]) -> str:
    """``alpha 83.1 %, beta 16.9 %``."""
    total = sum(taken.values()) or 1
    return ", ".join(f"{name} {number / total:.1%}" for name, number in taken.items())


def latency(latencies: Latencies) -> str:
    """``average 9.1 ms, p99 31.0 ms``."""
    return f"average {latencies.average * 1000:.1f} ms, p99 {p99(latencies) * 1000:.1f} ms"


def p99(latencies: Latencies) -> float:
    """The 99th percentile in seconds; 0.0 before the first latency."""
    return latencies.percentile(99) if len(latencies) else 0.0


def merged(ledgers: Sequence[Ledger]) -> Latencies:
    """The latencies of all accounts together."""
    together = Latencies()
    for ledger in ledgers:
        together.merge(ledger.latencies)
    return together


def _faults(ledger: Ledger) -> Iterator[tuple[int, str]]:
    for status, number in ledger.errors.items():
        yield number, f"messages answered with {status_name(status)} (0x{status:08X})"
    yield ledger.unanswered, "messages without an answer"
    yield ledger.strays, "answers to nothing that was unanswered (duplicate or somebody else's)"
    yield ledger.repeated_ids, "answers with the id of another message"
    yield ledger.missing, "receipts missing"
    yield ledger.foreign, "receipts for another account's messages"
    yield ledger.unexpected, "receipts that came twice or under an id never given"
    yield ledger.mixed, "receipts whose id was given for another message"
    yield ledger.undelivered, "receipts that tell of no delivery"


def _answered_once(ledger: Ledger) -> int:
    return max(0, ledger.accepted - ledger.strays)


def _row(name: str, numbers: Sequence[int], ledgers: Sequence[Ledger]) -> str:
    each = ", ".join(f"{x.account} {n:,}" for x, n in zip(ledgers, numbers, strict=True))
    total = sum(numbers)
    return f"  {name:30}{total:,}" + (f"   ({each})" if total else "")
