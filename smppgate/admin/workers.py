"""`WorkerState`: one of several processes of a gate, for who shows them."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class WorkerState:
    """A worker: a process behind the ports of one gate, beside others.

    :ivar number: from 1; a worker that takes the place of another has its number.
    :ivar pid: of the process; 0 while there is none.
    :ivar state: ``up`` while it takes connections; ``starting``, ``stopping``, or ``down`` until
        it is started again.
    :ivar since: when the process was started; seconds since 1970, 0 while there is none.
    :ivar restarts: how often it had to be started again.
    :ivar sessions: with ESMEs, that are bound; None where it has not said. The same holds of what
        follows.
    :ivar links: to SMSCs, that are bound.
    :ivar relayed: messages that went on to another worker, which has the link or the session.
    :ivar lag: seconds by which its timers are late at present.
    """

    number: int
    pid: int
    state: str
    since: float
    restarts: int
    sessions: int | None = None
    links: int | None = None
    relayed: int | None = None
    lag: float | None = None


WORKER_STATES = ("up", "starting", "stopping", "down")
"""See `WorkerState.state`."""
