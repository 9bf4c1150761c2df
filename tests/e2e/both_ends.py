"""A program with both ends: an `SmppServer`, and an `SmppClient` whose connection it cuts."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import DeferredList
from twisted.internet.task import react

from smppgate.txsmpp import (
    Answer,
    Backoff,
    BindTransceiver,
    DataSm,
    DeliverSm,
    Limits,
    Pdu,
    ServerSession,
    SessionLost,
    SmppClient,
    SmppServer,
    SubmitSm,
    SubmitSmResp,
    accounts,
    split_text,
    text_of,
    use_monotonic,
)

COUNT = 500


async def main(reactor: Any, listen: str, connect: str) -> None:
    """Bind, send both ways, be cut; the same on the next session; stop."""
    use_monotonic(reactor)
    texts: list[str] = []

    def answer(session: ServerSession, request: Pdu) -> Answer:
        assert isinstance(request, SubmitSm)
        if request.service_type == b"cut":
            session.abort("cut as was asked")
        return SubmitSmResp(message_id=request.short_message)

    def received(message: DeliverSm | DataSm) -> None:
        texts.append(text_of(message))

    server = SmppServer(reactor, accounts({b"acme": b"secret"}), answer)
    await server.listen(listen)
    client = SmppClient(
        reactor,
        connect,
        BindTransceiver(system_id=b"acme", password=b"secret"),
        received,
        limits=Limits(window=20),
        backoff=Backoff(0.05, 0.05, lambda: 1.0),
    )
    client.startService()
    for _ in range(2):
        await client.when_bound(tries=1)
        asked = [client.request(SubmitSm(short_message=b"%d" % each)) for each in range(COUNT)]
        ids = [answer.message_id for _, answer in await DeferredList(asked)]
        print(ids == [b"%d" % each for each in range(COUNT)])
        (session,) = server.receivers(b"acme")
        for part in split_text(DeliverSm(), "x" * 200):
            await session.request(part)
        print("".join(texts) == "x" * 200)
        texts.clear()
        try:
            await client.request(SubmitSm(service_type=b"cut"))
        except SessionLost:
            print("lost")
    await client.stopService()
    await server.stop()
    print(len(server.sessions))


if __name__ == "__main__":
    react(main, sys.argv[1:])
