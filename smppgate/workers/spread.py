"""`Spread`: the connections that workers have, and which worker gets the next."""

from __future__ import annotations

from attrs import define


@define
class _Share:
    """Of one listener's connections, those of one worker.

    :ivar given: all that were handed over, as the master counts them.
    :ivar open: those that are not lost, as the worker has told last.
    :ivar taken: of those given, how many the worker knew of then.
    """

    given: int = 0
    open: int = 0
    taken: int = 0

    @property
    def load(self) -> int:
        """Those that are open, or under way to the worker."""
        return self.open + self.given - self.taken


class Spread:
    """Counts connections by workers and by listeners, and chooses among the workers.

    The one with the fewest connections is chosen; of several, the one whose last is longest ago.
    """

    def __init__(self) -> None:
        # In the order of their last connections.
        self._workers: dict[int, dict[str, _Share]] = {}

    def join(self, worker: int) -> None:
        """A worker takes connections, and has none."""
        self._workers[worker] = {}

    def leave(self, worker: int) -> None:
        """A worker takes none any more, and those that it had are lost."""
        self._workers.pop(worker, None)

    @property
    def workers(self) -> list[int]:
        """Those that take connections."""
        return sorted(self._workers)

    def next(self, listener: str) -> int | None:
        """The worker that gets a connection to ``listener``, which counts; None without one."""
        worker = min(self._workers, key=self.load, default=None)
        if worker is not None:
            shares = self._workers[worker] = self._workers.pop(worker)
            shares.setdefault(listener, _Share()).given += 1
        return worker

    def told(self, worker: int, listener: str, opened: int, taken: int) -> None:
        """A worker tells how many of ``listener`` are open, and how many it was given."""
        shares = self._workers.get(worker)
        if shares is not None:
            share = shares.setdefault(listener, _Share())
            share.open, share.taken = opened, taken

    def load(self, worker: int) -> int:
        """The connections of a worker."""
        return sum(share.load for share in self._workers[worker].values())

    def of_listener(self, listener: str) -> int:
        """The connections to a listener, over all workers."""
        shares = (each.get(listener) for each in self._workers.values())
        return sum(share.load for share in shares if share is not None)
