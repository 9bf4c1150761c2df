"""What `send` and `load` share: the options that say where to bind and as whom, and doing it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from attrs import field, frozen
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.options import connecting_endpoint, octets, positive_seconds
from smppgate.txsmpp.constants import status_meaning, status_name
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.pdu import BindTransceiver, BindTransmitter
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import VERSIONS, Version

PASSWORD_VARIABLE = "SMPPGATE_PASSWORD"  # noqa: S105 (the variable's name)

# The account of etc/minimal.toml, so that a first try needs no options.
_SYSTEM_ID = "acme"
_PASSWORD = "secret"  # noqa: S105

_BINDS: dict[str, type[BindTransceiver | BindTransmitter]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
}

_UNBIND_TIMEOUT = 5.0
"""Seconds that the peer has to answer an unbind; nothing is lost if it does not."""

# Octets without the NUL: SMPP v3.4 §5.2.1 to §5.2.3, but for the password, see `runs.Password`.
_system_id = octets(15)
_password = octets(63)
_system_type = octets(12)


class NotBound(Exception):
    """A session could not be bound; the message is one line and says why."""


class UsageError(Exception):
    """Arguments that are right each by itself do not go together; the message says which."""


@frozen
class Connection:
    """Where to bind, and as whom.

    :param endpoint: Twisted client endpoint string.
    :param bind: the bind PDU, password included.
    :param version: the version of SMPP that it binds with.
    :param timers: the session's.
    """

    endpoint: str
    bind: BindTransceiver | BindTransmitter = field(repr=False)
    version: Version
    timers: Timers

    @classmethod
    def of(cls, args: argparse.Namespace) -> Connection:
        """What the options of `add_arguments` say.

        :raises UsageError: when the password in the environment cannot be one.
        """
        version = VERSIONS[args.interface_version]
        bind = _BINDS[args.bind](
            system_id=args.system_id,
            password=_password_from_environment() if args.password is None else args.password,
            system_type=args.system_type,
            interface_version=version.interface_version,
        )
        # The bind has the response timer; how long to stay is the command's own business.
        timers = Timers(session_init=0.0, inactivity=0.0, response=args.response_timeout)
        return cls(args.connect, bind, version, timers)

    @property
    def receives(self) -> bool:
        """Whether the peer may send messages and receipts over it."""
        return isinstance(self.bind, BindTransceiver)

    async def open(self, reactor: IReactorTime, session: SmppProtocol) -> None:
        """Connect ``session`` and bind it.

        :raises NotBound: when there is no connection, a refusal, or no answer.
        """
        try:
            await connectProtocol(clientFromString(reactor, self.endpoint), session)
        except (CancelledError, ConnectingCancelledError):
            raise CancelledError from None
        except Exception as error:
            # Endpoints are plugins: each fails with errors of its own.
            raise NotBound(f"cannot connect to {self.endpoint}: {_one_line(error)}") from None
        await self._bind(session)

    async def _bind(self, session: SmppProtocol) -> None:
        try:
            await session.bind(self.bind)
        except BindRefused as refusal:
            session.close(str(refusal))
            raise NotBound(f"{self.endpoint}: {refusal}") from None
        except SmppError as error:
            session.close(str(error))
            raise NotBound(f"{self.endpoint}: bind not answered: {_one_line(error)}") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Put the options that say where to bind, and as whom, into ``parser``."""
    add = parser.add_argument_group("connection and bind").add_argument
    add(
        "--connect",
        metavar="ENDPOINT",
        type=connecting_endpoint,
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
        type=positive_seconds,
        default=60.0,
        help="how long to wait for an answer (default: %(default)g)",
    )


def _add_account_arguments(add: Callable[..., object]) -> None:
    add(
        "--system-id",
        metavar="NAME",
        type=_system_id,
        default=_SYSTEM_ID,
        help="who to bind as (default: %(default)s)",
    )
    add(
        "--password",
        metavar="PASSWORD",
        type=_password,
        help="the password. Everyone on this machine can see it in the list of processes; put "
        f"it into the environment variable {PASSWORD_VARIABLE} where that matters "
        f"(default: that variable, or {_PASSWORD})",
    )
    add(
        "--system-type",
        metavar="TYPE",
        type=_system_type,
        default=b"",
        help="the system_type to bind with, where one is asked for (default: empty)",
    )


async def unbind(session: SmppProtocol, clock: IReactorTime) -> None:
    """Unbind and close, waiting for the peer no longer than it is worth."""
    await ensureDeferred(session.unbind()).addTimeout(_UNBIND_TIMEOUT, clock)


def fail(command: str, message: str, status: int = 1) -> int:
    """Say on standard error why ``smppgate COMMAND`` did not do what it should; gives ``status``.

    2 stands for arguments that cannot be, as with `argparse`.
    """
    print(f"smppgate {command}: {message}", file=sys.stderr)
    return status


def told(command_status: int) -> str:
    """A status in words: name, number, meaning; without a name the number comes first."""
    name = status_name(command_status)
    number = "" if name.startswith("0x") else f" (0x{command_status:08X})"
    return f"{name}{number}: {status_meaning(command_status)}"


def _password_from_environment() -> bytes:
    try:
        return _password(os.environ.get(PASSWORD_VARIABLE, _PASSWORD))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{PASSWORD_VARIABLE}: {error}") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
