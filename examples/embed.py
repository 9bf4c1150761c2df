"""The gate inside another Twisted program, which sends a message of its own through it.

    smppgate simulate --listen tcp:3001 &
    python examples/embed.py tcp:127.0.0.1:3001

ESMEs may bind to 127.0.0.1:2775 meanwhile: the gate is the same as under `twistd smppgate`.
"""

import sys
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import react

from smppgate.gate import Gateway
from smppgate.settings import (
    EsmeSettings,
    ListenSettings,
    Settings,
    SmscSettings,
    StoreSettings,
)
from smppgate.txsmpp import SubmitSm, status_meaning, use_monotonic


def settings(smsc_endpoint: str, listen_endpoint: str) -> Settings:
    """What a configuration file would say."""
    return Settings(
        listen=(ListenSettings(endpoint=listen_endpoint),),
        # Nothing is kept on disk here; leave it out, and return paths survive a restart.
        store=StoreSettings(kind="memory"),
        esme=(EsmeSettings(system_id="acme", password="secret"),),
        smsc=(
            SmscSettings(name="alpha", endpoint=smsc_endpoint, system_id="gate", password="pw"),
        ),
    )


async def program(reactor: Any, smsc: str, listen: str) -> None:
    """Start the gate, send one message through it, stop it."""
    gateway = Gateway(settings(smsc, listen), reactor)
    gateway.privilegedStartService()
    gateway.startService()
    await gateway.router.link_up()

    answer = await gateway.router.request(
        SubmitSm(
            source_addr=b"1234",
            destination_addr=b"447700900123",
            short_message=b"hello from inside",
        )
    )
    print(f"{status_meaning(answer.command_status)}: {answer}")

    await gateway.stopService()


def main(reactor: Any, smsc: str, listen: str = "tcp:2775:interface=127.0.0.1") -> Deferred[None]:
    """Run the program under a reactor."""
    # Before anything is scheduled: timers are not to follow a wall clock that is set.
    use_monotonic(reactor)
    return ensureDeferred(program(reactor, smsc, listen))


if __name__ == "__main__":
    react(main, sys.argv[1:])
