"""`Metrics`: a gate's numbers in the text format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


class Metrics:
    """The metrics of one gate.

    :ivar content_type: of `exposition`.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()

    async def exposition(self) -> bytes:
        """All metrics as text, made in slices with turns of the reactor between them."""
        return generate_latest(self._registry)
