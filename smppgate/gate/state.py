"""LOCAL STUB of the gate's state: the lead's own takes its place."""

from __future__ import annotations

from attrs import frozen


@frozen
class AccountState:
    """An account."""

    name: str


@frozen
class SmscState:
    """An SMSC."""

    name: str


@frozen
class State:
    """The gate."""

    accounts: tuple[AccountState, ...]
    smscs: tuple[SmscState, ...]
