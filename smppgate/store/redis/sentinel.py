"""Where the master is: always at one place, or where Sentinels say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from smppgate.store.records import StoreError
from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import Asker, Endpoints, open_asker
from smppgate.store.redis.greeting import Unfit, log_in, told
from smppgate.store.redis.pipe import LATE
from smppgate.store.redis.ports import Refused, Unreached

PATIENCE = 0.5
"""Seconds until the next Sentinel is asked."""


class Source(Protocol):
    """Knows where the master is."""

    async def find(self) -> Address:
        """Its address.

        Raises `Unreached` where that is not known at present, `Unfit` where an operator must act.
        """


class Fixed:
    """A master that is always at one place."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def __str__(self) -> str:
        return str(self._address)

    async def find(self) -> Address:
        """There."""
        return self._address


class Sentinels:
    """Asks one Sentinel after the other, first the one that has answered last.

    :param name: under which they know the master.
    :param access: how to come in. They have no databases.
    :param reserve: how to come in where they ask for a password, and ``access`` has none: most
        have none of their own, or that of the servers.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        name: str,
        clock: IReactorTime,
        connect: Endpoints,
        access: Access | None = None,
        reserve: Access | None = None,
    ) -> None:
        self._addresses = list(addresses)
        self._name = name
        self._clock = clock
        self._connect = connect
        self._access = access or Access()
        self._reserve = reserve or Access()

    def __str__(self) -> str:
        return f"{self._name} of the Sentinels"

    async def find(self) -> Address:
        """Where the first that answers says it is.

        :raises Unreached: says what each of them has answered.
        :raises Unfit: the same, where each of them refuses this node.
        """
        failures: dict[Address, Exception] = {}
        for address in tuple(self._addresses):
            try:
                asking = Deferred.fromCoroutine(self._ask(address))
                found = await asking.addTimeout(PATIENCE, self._clock)
            except (StoreError, TimeoutError) as error:
                failures[address] = error
                continue
            self._addresses.remove(address)
            self._addresses.insert(0, address)
            return found
        raise self._nowhere(failures)

    def _nowhere(self, failures: Mapping[Address, Exception]) -> StoreError:
        reasons = (
            f"{address}: {LATE if isinstance(error, TimeoutError) else error}"
            for address, error in failures.items()
        )
        text = f"no Sentinel says where {self._name} is: {'; '.join(reasons)}"
        is_refused = all(isinstance(error, Unfit) for error in failures.values())
        return Unfit(text) if is_refused else Unreached(text)

    async def _ask(self, address: Address) -> Address:
        asker = await open_asker(self._connect(address), self._clock, PATIENCE, _Deaf())
        try:
            await self._log_in(asker)
            found = await self._asked(asker)
        finally:
            asker.abort()
        if found is None:
            raise Refused(f"knows no master {self._name}")
        host, port = found
        return Address(host.decode(), int(port))

    async def _log_in(self, asker: Asker) -> None:
        try:
            await log_in(asker, self._access)
        except Unfit:
            if self._access.password or not self._reserve.password:
                raise
            await log_in(asker, self._reserve)

    async def _asked(self, asker: Asker) -> list[bytes] | None:
        words = (b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", self._name.encode())
        try:
            found: list[bytes] | None = await asker.ask(*words)
        except Refused as error:
            raise told(error) from error
        return found


class _Deaf:
    """Each answer of a Sentinel is waited for where it is asked."""

    def late(self) -> None:
        """See `smppgate.store.redis.pipe.Told`."""

    def refused(self, error: str) -> None:
        """See `smppgate.store.redis.pipe.Told`."""

    def lacking(self) -> None:
        """See `smppgate.store.redis.pipe.Told`."""

    def lost(self) -> None:
        """See `smppgate.store.redis.pipe.Told`."""
