"""What a real gate says that it counted, beside what its peers counted."""

from __future__ import annotations

import os
from time import monotonic

from benchmarks.admin import Admin, socket_of
from benchmarks.counts.measure import Stage
from benchmarks.gate_process import GateOptions
from tests.e2e.wire import PATIENCE

SEED = 1


def test_lists_and_metrics_say_what_peers_counted_of_mixed_traffic() -> None:
    """Of whatever there is, to the message; row ``counts`` of the benchmark goes on for longer."""
    stage, core = Stage(SEED), max(os.sched_getaffinity(0))
    with stage.gate(core, GateOptions()) as program:
        end = monotonic() + PATIENCE
        while stage.missing and monotonic() < end:
            stage.run(0.1)
        assert not stage.missing
        stage.quiet(program)
        assert stage.differences(Admin(socket_of(program))) == {}
        assert not stage.ledger.faults
        assert not program.errors(), program.said()
