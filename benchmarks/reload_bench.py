"""A bench with an SMSC that a gate is given, and that is taken away from it, again and again."""

from __future__ import annotations

from benchmarks import esme, wire
from benchmarks.bench import Shape
from benchmarks.gate_process import Accounts
from benchmarks.receipt_bench import ReceiptBench
from benchmarks.session import Session

SHAPE = Shape(16, 100, receipts=True, rate=5000)
ACCOUNTS = Accounts(count=1000, ranges_each=10, window=255)


class ReloadBench(ReceiptBench):
    """Sessions of few of many accounts, which must notice nothing of reloads."""

    def __init__(self) -> None:
        super().__init__(SHAPE, ACCOUNTS)
        self.extra = self._smsc(len(self.smscs))
        self.busy = set(self.accounts.spread(SHAPE.sessions))
        self._innocent: list[Session] = []

    @property
    def smsc_ports(self) -> list[int]:
        """Where the SMSCs listen; the extra one is the last."""
        return [*super().smsc_ports, self.extra.port]

    @property
    def extra_taken(self) -> int:
        """Messages that the extra SMSC took, on all of its sessions."""
        return sum(each.answered for each in self.responders if each not in self._innocent)

    def bind(self, ports: list[int]) -> None:
        """Bind transmitters and receivers; raises esme.BindError."""
        system_ids = self.accounts.spread(self.shape.sessions)
        esme.bind_all(self.loop, ports, self._submitter, system_ids, wire.BIND_TRANSMITTER)
        owners = sorted(self.busy) * len(self.smsc_ports)
        takers = esme.bind_all(self.loop, ports, self._taker, owners, wire.BIND_RECEIVER)
        # The gate does not know the extra SMSC yet.
        self._innocent = [*self.askers, *self.responders, *takers]

    def drain(self) -> None:
        """Check in addition that all who were not to be unbound are still there."""
        self.check_bound()
        super().drain()
        self.check_bound()

    def check_bound(self) -> None:
        """Write down sessions that are gone."""
        gone = [each for each in self._innocent if not each.bound or each.closed]
        if gone:
            self.ledger.faults["sessions unbound that should not have been"] = len(gone)

    def close(self) -> None:
        """Close the extra SMSC too."""
        self.extra.close()
        super().close()
