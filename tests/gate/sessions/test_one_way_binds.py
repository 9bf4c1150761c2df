"""Links for one direction, and pairs whose receiver is elsewhere."""

from __future__ import annotations

import pytest

from smppgate.settings import EsmeSettings
from smppgate.txsmpp.constants import CommandId
from tests.gate.memory_gateway import MemoryGateway, smsc

TX, RX = CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER


@pytest.mark.parametrize(
    ("bind", "elsewhere", "expected"),
    [
        ("transmitter", "", [(TX, 3097)]),
        ("receiver", "", [(RX, 3097)]),
        ("receiver", "tcp:127.0.0.1:4000", [(RX, 4000)]),
        ("transmitter", "tcp:127.0.0.1:4000", [(TX, 3097)]),
        ("transmitter+receiver", "tcp:127.0.0.1:4000", [(TX, 3097), (RX, 4000)]),
    ],
)
def test_each_bind_goes_where_it_belongs(
    bind: str, elsewhere: str, expected: list[tuple[int, int]]
) -> None:
    gate = MemoryGateway(
        smsc(sessions=1, bind=bind, receive_endpoint=elsewhere),
        esme=(EsmeSettings(system_id="acme", password="secret"),),
    )
    binds = [gate.smsc(at).heard()[0].command_id for at in range(len(expected))]
    assert list(zip(binds, gate.connections, strict=True)) == expected
