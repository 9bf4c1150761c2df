"""State as lines, whatever its attributes."""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

from smppgate.daemon.state_lines import state_lines


class Word(Enum):
    """A state."""

    READY = "ready"

    def __str__(self) -> str:
        return self.value


@frozen
class Session:
    address: str
    open: int


@frozen
class Account:
    name: str
    state: Word
    sessions: tuple[Session, ...] = ()
    ranges: tuple[str, ...] = ()
    password: str = field(default="SECRET", repr=False)


@frozen
class Store:
    latency: float
    fault: str | None = None


@frozen
class State:
    version: str
    accounts: tuple[Account, ...]
    store: Store
    pools: dict[str, Store]


def test_each_object_is_a_line_that_begins_with_the_way_to_it() -> None:
    state = State(
        version="0.2.0",
        accounts=(
            Account("acme", Word.READY, (Session("192.0.2.1", 3), Session("192.0.2.2", 0))),
            Account("bolt", Word.READY, ranges=("44*", "49*")),
        ),
        store=Store(0.001234567),
        pools={"default": Store(1.0, "full")},
    )
    assert list(state_lines(state)) == [
        "state: version=0.2.0",
        "accounts acme: name=acme state=ready",
        "accounts acme sessions 1: address=192.0.2.1 open=3",
        "accounts acme sessions 2: address=192.0.2.2 open=0",
        "accounts bolt: name=bolt state=ready ranges=44*,49*",
        "store: latency=0.00123457 fault=None",
        "pools default: latency=1 fault=full",
    ]


@frozen
class Odd:
    octets: bytes
    counts: dict[str, int]
    words: frozenset[str]
    nothing: tuple[int, ...] = ()


def test_values_of_other_kinds_are_shown_too() -> None:
    odd = Odd(b"id", {"a": 1, "b": 2}, frozenset({"y", "x"}))
    assert list(state_lines(odd)) == ["state: octets=id counts=a:1,b:2 words=x,y"]
