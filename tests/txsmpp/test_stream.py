"""How much of what was written has left the process."""

from __future__ import annotations

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.internet.testing import MemoryReactorClock, StringTransport

from smppgate.txsmpp.stream import unwritten


class Descriptor(FileDescriptor):
    """Writes three octets at a time."""

    def __init__(self) -> None:
        super().__init__(MemoryReactorClock())
        self.connected = True

    def writeSomeData(self, data: bytes) -> int:
        return min(3, len(data))


class Wrapper:
    """As TLS does it."""

    def __init__(self, transport: object) -> None:
        self.transport = transport


@pytest.mark.parametrize("wrap", [lambda inner: inner, Wrapper])
def test_what_waits_for_the_socket_is_counted(wrap: type) -> None:
    descriptor = Descriptor()
    descriptor.write(b"0123456789")
    descriptor.write(b"0123456789")
    seen = [unwritten(wrap(descriptor))]
    for _ in range(3):
        descriptor.doWrite()
        seen.append(unwritten(wrap(descriptor)))
    assert seen == [20, 17, 14, 11]


@pytest.mark.parametrize("transport", [None, StringTransport()])
def test_of_another_transport_it_is_unknown(transport: object) -> None:
    assert unwritten(transport) is None
