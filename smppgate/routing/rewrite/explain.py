"""What rules make of a message, said by what makes it: each rule, and each change of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from attrs import frozen

from smppgate.routing.rewrite.rules import Rule, message_of
from smppgate.txsmpp.editing import Located
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.printable import printable

_TEXTS = frozenset(("service_type", "source_addr", "destination_addr", "validity_period"))


class Changed(NamedTuple):
    """A field or TLV ``before`` and ``after`` a rule, in words; empty where there is none."""

    field: str
    before: str
    after: str


@frozen
class Asked:
    """A rule that was asked.

    :ivar faults: why it does not hold, by key of the setting; empty where it holds.
    :ivar changes: what it has changed.
    """

    rule: Rule
    faults: Mapping[str, str]
    changes: tuple[Changed, ...] = ()


@frozen
class Made:
    """What rules have made of a message.

    :ivar asked: the rules, in order; the last of them is the one that ``fault`` is about.
    :ivar status: the command_status of the message where it cannot be sent as a rule has made it,
        and ``fault`` why; else 0 and empty.
    """

    octets: bytes
    asked: tuple[Asked, ...] = ()
    status: int = 0
    fault: str = ""


def explain(
    rules: Iterable[Rule], account: bytes, octets: bytes, wall: float, smsc: str = ""
) -> Made:
    """What ``rules`` make of a message; no rule counts it. See `Chain.apply`."""
    asked = []
    for rule in rules:
        faults = rule.faults(message_of(account, octets, wall), smsc)
        if faults:
            asked.append(Asked(rule, faults))
            continue
        try:
            made = rule.applied(octets)
        except PduError as error:
            return Made(octets, (*asked, Asked(rule, {})), error.command_status, str(error))
        asked.append(Asked(rule, {}, tuple(_changes(rule, octets, made))))
        octets = made
    return Made(octets, tuple(asked))


def _changes(rule: Rule, before: bytes, after: bytes) -> Iterator[Changed]:
    old, new = Located(before), Located(after)
    for name in old.spans:
        if old.value(name) != new.value(name):
            yield Changed(name, _text(name, old.value(name)), _text(name, new.value(name)))
    values, others = _tlvs(old), _tlvs(new)
    for tag in dict.fromkeys((*values, *others)):
        was, now = values.get(tag, ""), others.get(tag, "")
        if was != now:
            yield Changed(f"TLV 0x{tag:04X}", was, now)
    for status, told in rule.statuses.items():
        yield Changed("command_status", f"0x{status:02X}", f"0x{told:02X}")


def _tlvs(located: Located) -> dict[int, str]:
    """Tag → values of the TLVs with it, in hexadecimal."""
    found: dict[int, str] = {}
    for tag, _, value in located.tlvs:
        text = value.hex() or "empty"
        found[tag] = f"{found[tag]}, {text}" if tag in found else text
    return found


def _text(name: str, value: bytes) -> str:
    if name in _TEXTS:
        return printable(value.decode("latin-1")) or "empty"
    return str(int.from_bytes(value, "big"))
