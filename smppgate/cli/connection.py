"""Connects and binds the ESME sessions of `send` and `load`, as their shared options say."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from attrs import field, frozen
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IReactorTime

from smppgate.cli import options
from smppgate.cli.failures import UsageError, one_line
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.pdu import BindTransceiver, BindTransmitter
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import VERSIONS, Version

PASSWORD_VARIABLE = "SMPPGATE_PASSWORD"  # noqa: S105 (the variable's name)
"""The environment variable that has the password where --password is not given."""

# The account of etc/minimal.toml, so that a first try needs no options.
_DEFAULT_SYSTEM_ID = "acme"
_DEFAULT_PASSWORD = "secret"  # noqa: S105

_BINDS: dict[str, type[BindTransceiver | BindTransmitter]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
}

_UNBIND_TIMEOUT = 5.0
"""Seconds that the peer has to answer an unbind before the connection is closed anyway."""


class NotBound(Exception):
    """A session could not be bound; the message is one line with the reason."""


@frozen
class Connection:
    """The endpoint to connect to and the bind to send there.

    :param endpoint: Twisted client endpoint string.
    :param bind: the bind PDU, password included.
    :param version: the version of SMPP in the bind.
    :param timers: the timers of the session.
    """

    endpoint: str
    bind: BindTransceiver | BindTransmitter = field(repr=False)
    version: Version
    timers: Timers

    @classmethod
    def of(cls, args: argparse.Namespace) -> Connection:
        """The connection that the options of `add_arguments` describe.

        :raises UsageError: when the environment's password is too long or not Latin-1.
        """
        version = VERSIONS[args.interface_version]
        bind = _BINDS[args.bind](
            system_id=args.system_id,
            password=_password_from_environment() if args.password is None else args.password,
            system_type=args.system_type,
            interface_version=version.interface_version,
        )
        # The bind_resp is limited by the response timer, and the command ends the session: the
        # other two timers are off.
        timers = Timers(session_init=0.0, inactivity=0.0, response=args.response_timeout)
        return cls(args.connect, bind, version, timers)

    @property
    def receives(self) -> bool:
        """Whether the bind lets the peer send messages and receipts."""
        return isinstance(self.bind, BindTransceiver)

    async def open(self, reactor: IReactorTime, session: SmppProtocol) -> None:
        """Connect ``session`` and bind it.

        :raises NotBound: when the connection fails, or the bind is refused or not answered.
        :raises CancelledError: when the Deferred around this coroutine is cancelled.
        """
        try:
            await connectProtocol(clientFromString(reactor, self.endpoint), session)
        except (CancelledError, ConnectingCancelledError):
            raise CancelledError from None
        except Exception as error:
            # Endpoints are plugins and raise exceptions of their own.
            raise NotBound(f"cannot connect to {self.endpoint}: {_reason(error)}") from None
        await self._bind(session)

    async def _bind(self, session: SmppProtocol) -> None:
        try:
            await session.bind(self.bind)
        except BindRefused as refusal:
            session.close(str(refusal))
            raise NotBound(f"{self.endpoint}: {refusal}") from None
        except SmppError as error:
            session.close(str(error))
            raise NotBound(f"{self.endpoint}: bind not answered: {_reason(error)}") from None
        if session.unbinding:
            reason = session.session.unbind_reason
            session.close(reason)
            raise NotBound(f"{self.endpoint}: {reason} at once")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `Connection` to ``parser``."""
    add = parser.add_argument_group("connection and bind").add_argument
    add(
        "--connect",
        metavar="ENDPOINT",
        type=options.connecting_endpoint,
        default="tcp:127.0.0.1:2775",
        help="where to connect: HOST:PORT, or a Twisted client endpoint such as tls:HOST:PORT "
        "(default: %(default)s)",
    )
    _add_account_arguments(add)
    add(
        "--bind",
        choices=tuple(_BINDS),
        default="transceiver",
        help="the kind of bind; a transmitter gets no receipts (default: %(default)s)",
    )
    add(
        "--interface-version",
        choices=tuple(VERSIONS),
        default="3.4",
        help="the version of SMPP to bind with (default: %(default)s)",
    )
    add(
        "--response-timeout",
        metavar="SECONDS",
        type=options.positive_seconds,
        default=60.0,
        help="how long to wait for an answer (default: %(default)g)",
    )


def _add_account_arguments(add: Callable[..., object]) -> None:
    add(
        "--system-id",
        metavar="NAME",
        type=options.system_id,
        default=_DEFAULT_SYSTEM_ID,
        help="who to bind as (default: %(default)s)",
    )
    add(
        "--password",
        metavar="PASSWORD",
        type=options.password,
        help="the password. Everyone on this machine can see it in the list of processes; put "
        f"it into the environment variable {PASSWORD_VARIABLE} where that matters "
        f"(default: that variable, or {_DEFAULT_PASSWORD})",
    )
    add(
        "--system-type",
        metavar="TYPE",
        type=options.system_type,
        default=b"",
        help="the system_type to bind with, where one is asked for (default: empty)",
    )


async def unbind(session: SmppProtocol, clock: IReactorTime) -> None:
    """Unbind and close; the peer's unbind_resp is awaited for 5 seconds at most."""
    await ensureDeferred(session.unbind()).addTimeout(_UNBIND_TIMEOUT, clock)


def _password_from_environment() -> bytes:
    try:
        return options.password(os.environ.get(PASSWORD_VARIABLE, _DEFAULT_PASSWORD))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{PASSWORD_VARIABLE}: {error}") from None


def _reason(error: Exception) -> str:
    return one_line(error).rstrip(".")
