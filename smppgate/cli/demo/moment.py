"""The counts of the demo at one time."""

from __future__ import annotations

from attrs import frozen

from smppgate.cli.demo.stage import Stage


@frozen
class Moment:
    """The counts at one time."""

    at: float
    """Seconds since the ESMEs began to send."""
    accepted: tuple[int, ...]
    """For each ESME, its messages that were answered with ESME_ROK."""
    taken: tuple[int, ...]
    """For each SMSC, the messages that it accepted."""

    @classmethod
    def of(cls, stage: Stage, at: float) -> Moment:
        """The counts of ``stage`` now."""
        accepted = tuple(ledger.accepted for ledger in stage.ledgers)
        return cls(at, accepted, tuple(stage.taken.values()))
