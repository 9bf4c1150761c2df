"""`RedisFaults`: what fails in a store in Redis: servers, each by its name, and the own disk."""

from __future__ import annotations

from twisted.python.failure import Failure

from smppgate.notices.redis import (
    REDIS_LACKS_REPLICAS,
    REDIS_REFUSES,
    REDIS_UNFIT,
    REDIS_UNREACHED,
)
from smppgate.store.faults import Faults
from smppgate.store.redis.greeting import Unfit
from smppgate.store.redis.pipe import LACKING
from smppgate.store.redis.ports import Refused, Unreached
from smppgate.txsmpp.notice import Notice


class RedisFaults(Faults):
    """See `Faults`. Of each server a line says once that it fails, and once that it works again;
    another one where what an operator has to do is another.

    :param name: the folder of what Redis has not confirmed.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._servers: dict[str, tuple[Notice, str]] = {}
        """What fails that is no part of the folder: what was told of it, and the latest error."""

    def __str__(self) -> str:
        told = (f"{part}: {error}" for part, (_, error) in self._servers.items())
        return "; ".join(filter(None, (*told, super().__str__())))

    def __contains__(self, part: str) -> bool:
        return part in self._servers or super().__contains__(part)

    def failed(self, part: str, failure: Failure) -> None:
        """See `Faults.failed`."""
        notice = _notice(failure)
        if notice is None:
            super().failed(part, failure)
            return
        self.failures += 1
        error = failure.getErrorMessage().rstrip(".")
        if part not in self._servers or self._servers[part][0] is not notice:
            self.log.tell(notice, server=part, error=error)
        self._servers[part] = notice, error

    def worked(self, part: str) -> None:
        """See `Faults.worked`."""
        super().worked(part)
        if self._servers.pop(part, None) is not None:
            self.log.info("{server} works again", server=part)


def _notice(failure: Failure) -> Notice | None:
    """What is told of a failure; None where the disk is what fails."""
    if failure.check(Unfit):
        return REDIS_UNFIT
    if failure.check(Refused):
        return REDIS_REFUSES
    if failure.check(Unreached):
        return REDIS_LACKS_REPLICAS if failure.getErrorMessage() == LACKING else REDIS_UNREACHED
    return None
