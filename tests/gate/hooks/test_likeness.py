"""With hooks that let all pass, the same octets leave the gate as without any."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.gate.hooks import PASS
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DataSm, QuerySm
from tests.gate.hooks.scripted import HookedGate, delivery, message, several
from tests.gate.hooks.test_deliveries import RECEIPT
from tests.gate.memory_gateway import bind


def played(kind: str, after: float) -> list[list[Frame]]:
    """What both peers hear of a conversation in which hooks decide so many seconds later."""
    gate = HookedGate(kind)
    reactor = gate.gate.reactor

    def does(_view: Any) -> Any:
        if not after:
            return PASS
        return gate.hooks.later(reactor, after)

    gate.hooks.does = does
    esme = gate.gate.esme(bind())
    reactor.advance(0.2)
    heard = [esme.heard()]
    texts = [message(b"%d" % at, registered_delivery=1) for at in range(8)]
    esme.send(several(*texts, DataSm(destination_addr=b"4477"), QuerySm(message_id=b"A1")))
    reactor.advance(0.2)
    requests = gate.link.heard()
    heard += [requests, esme.heard()]
    for at, request in enumerate(requests):
        gate.link.answer(request, 0x14 if at == 3 else 0, b"" if at == 3 else b"7%d\0" % at)
    reactor.advance(0.2)
    heard.append(esme.heard())
    receipt = RECEIPT.replace(b"id:77", b"id:72")
    gate.link.send(several(delivery(b"mo"), delivery(receipt, esm_class=4), delivery(b"2")))
    reactor.advance(0.5)
    reactor.advance(0.2)
    deliveries = esme.heard()
    heard.append(deliveries)
    for each in deliveries:
        esme.answer(each, 0, b"\0")
    return [*heard, gate.link.heard()]


@pytest.mark.parametrize("after", [0.0, 0.1])
def test_what_passes_is_the_same(after: float) -> None:
    plain = played("Nothing", 0.0)
    assert sum(map(len, plain)) > 20
    assert played("Everything", after) == plain
