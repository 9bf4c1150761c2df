"""The attacks: what each of them sends from both sides of a gate."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count
from typing import Final

from attrs import field, frozen

from benchmarks import wire
from benchmarks.attack_peers import Flood, Reply, silent

_NUMBER = "447700000000"
_AWAY = "447799999999"
"""A number of an account that has a queue and is not bound."""

_LONG = 60_000
_WINDOW = 50

_ALERT_NOTIFICATION = 0x102
_QUERY_SM = 0x03
_RECEIPTED_MESSAGE_ID, _MESSAGE_PAYLOAD = 0x001E, 0x0424
_UDHI, _RECEIPT = 0x40, 0x04

# How many return paths there are is the affair of the settings and not of an attacker, and so is
# how much of its file SQLite has in memory.
_IN_MEMORY = 'kind = "memory"\nreturn_paths = 1000'
_RESP = wire.RESPONSE


def _nothing() -> Flood:
    yield from ()


@frozen
class Attack:
    """One attack.

    ``esme`` and ``smsc`` make what a session of that side sends when it is bound, ``esme_reply``
    and ``smsc_reply`` answer what the gate sends. ``esmes`` sessions of ``system_id`` bind, and
    read if ``reads``. ``guesses`` connections bind in vain, with ``behind`` after each bind.
    ``store`` is the gate's ``[store]``, ``settles`` the seconds until there is all of the attack.
    """

    name: str
    esme: Callable[[], Flood] = _nothing
    smsc: Callable[[], Flood] = _nothing
    esme_reply: Reply = silent
    smsc_reply: Reply = silent
    system_id: str = "esme0"
    esmes: int = 2
    reads: bool = True
    guesses: int = 0
    behind: bytes = field(default=b"", repr=False)
    store: str = _IN_MEMORY
    settles: float = 10.0


def _tlv(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


def _message(
    command_id: int,
    number: int,
    *,
    source: bytes = b"1234",
    destination: bytes = _NUMBER.encode(),
    esm_class: int = 0,
    text: bytes = b"",
    tlvs: bytes = b"",
) -> bytes:
    addresses = b"\0\1\1" + source + b"\0\1\1" + destination + b"\0"
    flags = bytes((esm_class, 0, 0, 0, 0, 1, 0, 0, 0, len(text)))
    return wire.pdu(command_id, number, addresses + flags + text + tlvs)


def _unique(number: int, size: int) -> bytes:
    return b"%012d" % number + b"A" * (size - 12)


def _submits() -> Flood:
    """A window of messages; `_submit_again` keeps it full."""
    for number in range(1, _WINDOW + 1):
        yield _message(wire.SUBMIT_SM, number, text=b"hello")


def _submit_again(pdu: bytes, command_id: int) -> bytes:
    if command_id == wire.SUBMIT_SM | _RESP:
        return _message(wire.SUBMIT_SM, int.from_bytes(pdu[12:16]), text=b"hello")
    if command_id == wire.DELIVER_SM:
        return _taken(pdu, command_id)
    return b""


def _taken(pdu: bytes, command_id: int) -> bytes:
    """Answer a request with ESME_ROK."""
    if command_id & _RESP:
        return b""
    return wire.pdu(command_id | _RESP, int.from_bytes(pdu[12:16]), b"\0")


def _with_ids(make: Callable[[int], bytes]) -> Reply:
    """Answer each submit_sm with an id of this kind; the octets are all of the body."""
    numbers = count(1)

    def reply(pdu: bytes, command_id: int) -> bytes:
        if command_id != wire.SUBMIT_SM:
            return b""
        body = make(next(numbers))
        return wire.pdu(wire.SUBMIT_SM | _RESP, int.from_bytes(pdu[12:16]), body)

    return reply


def _receipt_text(message_id: bytes) -> bytes:
    return b"id:" + message_id + b" sub:001 dlvrd:001 stat:DELIVRD err:000 text:"


def _each(make: Callable[[int], bytes], count_at_once: int = 1) -> Callable[[], Flood]:
    def flood() -> Flood:
        for first in count(1, count_at_once):
            yield b"".join(make(first + n) for n in range(count_at_once))

    return flood


def _early_receipt(number: int) -> bytes:
    tlvs = _tlv(_MESSAGE_PAYLOAD, _receipt_text(_unique(number, 20)) + b"x" * 50_000)
    return _message(wire.DELIVER_SM, number, esm_class=_RECEIPT, tlvs=tlvs)


def _small_early_receipt(number: int) -> bytes:
    text = _receipt_text(_unique(number, 40))
    return _message(wire.DELIVER_SM, number, esm_class=_RECEIPT, text=text)


def _receipt_with_long_id(number: int) -> bytes:
    message_id = _unique(number, _LONG)
    tlvs = _tlv(_RECEIPTED_MESSAGE_ID, message_id)
    return _message(wire.DELIVER_SM, number, esm_class=_RECEIPT, tlvs=tlvs)


def _receipt_text_with_long_id(number: int) -> bytes:
    tlvs = _tlv(_MESSAGE_PAYLOAD, _receipt_text(_unique(number, _LONG)))
    return _message(wire.DELIVER_SM, number, esm_class=_RECEIPT, tlvs=tlvs)


def _part(number: int) -> bytes:
    header = bytes((6, 8, 4, number >> 8 & 255, number & 255, 3, 1))
    return _message(
        wire.DELIVER_SM, number, source=_unique(number, 60), esm_class=_UDHI, text=header + b"part"
    )


def _part_from_far(number: int) -> bytes:
    header = bytes((5, 0, 3, number & 255, 3, 1))
    return _message(
        wire.DELIVER_SM,
        number,
        source=_unique(number, _LONG),
        esm_class=_UDHI,
        text=header + b"part",
    )


def _long_destination(number: int) -> bytes:
    return _message(wire.DELIVER_SM, number, destination=b"1" * _LONG + b"%012d" % number)


def _long_addresses(number: int) -> bytes:
    long = _unique(number, _LONG // 2)
    return _message(wire.SUBMIT_SM, number & 0xFFFFFF, source=long, destination=long, text=b"x")


def _large_mo(number: int, destination: str = _NUMBER) -> bytes:
    tlvs = _tlv(_MESSAGE_PAYLOAD, b"x" * _LONG)
    return _message(wire.DELIVER_SM, number, destination=destination.encode(), tlvs=tlvs)


def _alert(number: int) -> bytes:
    return wire.pdu(_ALERT_NOTIFICATION, number, b"\1\1" + b"1" * 900 + b"\0\1\1esme\0")


ATTACKS: Final = (
    Attack(
        "message ids of 60 kB",
        esme=_submits,
        esme_reply=_submit_again,
        smsc_reply=_with_ids(lambda number: _unique(number, _LONG) + b"\0"),
    ),
    Attack(
        "unfinished message ids",
        esme=_submits,
        esme_reply=_submit_again,
        smsc_reply=_with_ids(lambda number: _unique(number, _LONG)),
    ),
    Attack(
        "message ids that are none",
        esme=_submits,
        esme_reply=_submit_again,
        smsc_reply=_with_ids(lambda number: b"\xff\x01 ," + _unique(number, 60) + b" \0\0"),
    ),
    Attack("early receipts of 50 kB", esme=_submits, smsc=_each(_early_receipt)),
    Attack("early receipts", esme=_submits, smsc=_each(_small_early_receipt, 100)),
    Attack("receipts with ids of 60 kB", esme=_submits, smsc=_each(_receipt_with_long_id)),
    Attack(
        "receipts with ids of 60 kB in the text",
        esme=_submits,
        smsc=_each(_receipt_text_with_long_id),
    ),
    Attack("message parts", smsc=_each(_part, 100), esme_reply=_taken),
    Attack("message parts from addresses of 60 kB", smsc=_each(_part_from_far), esme_reply=_taken),
    Attack("destinations of 60 kB", smsc=_each(_long_destination), esme_reply=_taken),
    Attack("submits with addresses of 60 kB", esme=_each(_long_addresses), esmes=10),
    Attack(
        "alert_notification to a session that does not read",
        system_id="passed",
        smsc=_each(_alert, 50),
        reads=False,
    ),
    Attack("messages of 60 kB to sessions that do not read", smsc=_each(_large_mo), reads=False),
    Attack(
        "messages of 60 kB into a queue",
        esmes=0,
        smsc=_each(lambda number: _large_mo(number, _AWAY)),
        store="",
    ),
    Attack(
        "queries with ids of 60 kB",
        esme=_each(
            lambda number: wire.pdu(_QUERY_SM, number, _unique(number, _LONG) + b"\0\0\0\0")
        ),
    ),
    Attack(
        "queries of sessions that do not read",
        esme=_each(lambda number: wire.pdu(_QUERY_SM, number, b"zz9%012d\0\0\0\0" % number), 1000),
        esmes=10,
        reads=False,
    ),
    Attack(
        "enquire_link of sessions that do not read",
        esme=_each(lambda number: wire.pdu(wire.ENQUIRE_LINK, number), 1000),
        esmes=10,
        reads=False,
    ),
    Attack(
        "unknown commands of 60 kB",
        esme=_each(lambda number: wire.pdu(0x0ABC, number, bytes(_LONG))),
        esmes=10,
    ),
    Attack("refused messages", esme=_each(lambda n: _message(wire.SUBMIT_SM, n), 500), esmes=10),
    Attack("guessed passwords", esmes=0, guesses=200),
    Attack(
        "guessed passwords with messages behind",
        esmes=1,
        guesses=1000,
        settles=25.0,
        behind=_message(wire.SUBMIT_SM, 7, text=b"hello" * 20) * 1000,
    ),
)
