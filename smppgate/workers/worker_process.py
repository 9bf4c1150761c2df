"""``python -m smppgate.workers.worker_process``: the process of one worker; see `Orders`.

The signals of a gate that do not stop it are for the master alone. They may be sent to the whole
group of processes, so a worker ignores them from its first moment on. SIGINT, which a terminal
sends the group, ends it as SIGTERM does: without the traceback that Python has for it.
"""

from __future__ import annotations

import signal
import sys

FOR_MASTER = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def main() -> int:
    """Run the worker until it has ended; returns the exit status."""
    for number in FOR_MASTER:
        signal.signal(number, signal.SIG_IGN)
    # Where it is ignored, as in the background of a shell, it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # This takes half a second, in which they would end the process.
    from smppgate.workers.orders import run  # noqa: PLC0415

    return run()


if __name__ == "__main__":
    sys.exit(main())
