"""`Envelopes`: whom messages of other nodes are for."""

from __future__ import annotations

from typing import NamedTuple

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import fields
from smppgate.txsmpp.versions import Version, version_of

MOST_ADDRESSES = 10_000
"""Envelopes that are known: sessions have one each, and remote links."""


class Address(NamedTuple):
    """Whom an envelope is for: a session, or the SMSC with the name ``member``."""

    account: bytes
    token: bytes
    version: Version
    member: str


class Envelopes:
    """Knows the addresses of envelopes: each is looked at once, however many messages have it."""

    def __init__(self) -> None:
        self._addresses: dict[bytes, Address] = {}

    def address(self, inside: bytes) -> Address:
        """Whom an envelope with these fields is for.

        :raises PduError: when they cannot be read.
        """
        address = self._addresses.get(inside)
        if address is None:
            if len(self._addresses) >= MOST_ADDRESSES:
                self._addresses.clear()
            address = self._addresses[inside] = _address(inside)
        return address


def _address(inside: bytes) -> Address:
    found = dict(fields(inside))
    version = version_of(int.from_bytes(found.get(f.VERSION, b"\x34"), "big"))
    account, token = found.get(f.ACCOUNT, b""), found.get(f.SESSION, b"")
    return Address(account, token, version, found.get(f.MEMBER, b"").decode("latin-1"))
