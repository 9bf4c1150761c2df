"""`shielded`: what is to come to its end though its client is gone."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


def shielded(work: Coroutine[Any, Any, T]) -> Deferred[T]:
    """Fires with what comes of ``work``, which goes on when that is cancelled."""
    outer: Deferred[T] = Deferred()

    def fired(result: Any) -> None:
        if not outer.called:
            outer.callback(result)

    Deferred.fromCoroutine(work).addBoth(fired)
    return outer
