"""Mobile-originated messages: by range to a cluster, by load to one of its sessions."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    RESP,
    UDHI,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
    readable,
    tlv,
)

UNDELIVERABLE = 0x64


def account(name: str, *ranges: str, more: str = "") -> str:
    """An account's table; its password is its name."""
    return (
        f'[[esme]]\nsystem_id = "{name}"\npassword = "{name}"\n'
        f"address_ranges = {list(ranges)}\n{more}\n"
    )


def entered(port: int, name: bytes, address_range: bytes = b"") -> Wire:
    """A session of that account."""
    return bound(port, name, name, address_range=address_range)


def refused(link: Wire, destination: bytes) -> int:
    """Send a message for this number, which comes back; gives the status."""
    link.send(pdu(DELIVER_SM, 99, message_body(destination)))
    got = link.receive_message()
    assert (got.command_id, got.number) == (DELIVER_SM | RESP, 99)
    return got.status


def takes(esmes: Iterable[Wire], link: Wire, body: bytes) -> Wire:
    """Which of these a message reaches; it is answered."""
    link.send(pdu(DELIVER_SM, 3, body))
    esme = readable(*esmes)
    got = esme.receive_message()
    assert got.body == body
    answer(esme, got, b"\0")
    assert link.receive_message() == Pdu(DELIVER_SM | RESP, 0, 3, b"\0")
    return esme


def test_the_most_specific_range_wins(tmp_path: Path) -> None:
    """The number itself, then the longest prefix, then expressions in the file's order."""
    esmes = "".join(
        (
            account("first", "^44[0-9]{3,9}$"),
            account("second", "^44.*$"),
            account("short", "4477*"),
            account("long", "4477009*"),
            account("exact", "4477009001"),
            account("rest", "*"),
        )
    )
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        sessions = {
            name: entered(instance.port, name)
            for name in (b"first", b"second", b"short", b"long", b"exact", b"rest")
        }
        for number, name in (
            (b"4477009001", b"exact"),
            (b"44770090011", b"long"),
            (b"4477009002", b"long"),
            (b"4477008", b"short"),
            (b"4478001", b"rest"),
            (b"331", b"rest"),
        ):
            assert takes(sessions.values(), link, message_body(number)) is sessions[name], number


def test_expressions_are_asked_in_the_order_of_the_file(tmp_path: Path) -> None:
    """After exact numbers and prefixes, and as a whole."""
    esmes = account("first", "^44[0-9]{3,9}$") + account("second", "^44.*$")
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        first, second = entered(instance.port, b"first"), entered(instance.port, b"second")
        assert takes((first, second), link, message_body(b"44123")) is first
        assert takes((first, second), link, message_body(b"4412")) is second
        assert refused(link, b"33") == UNDELIVERABLE


def test_the_resp_goes_back_on_the_link_that_the_message_came_on(tmp_path: Path) -> None:
    """Under that SMSC's number, and with an empty message_id whatever the ESME says."""
    with Smsc() as alpha, Smsc() as beta:
        port = free_port()
        config = settings(port, {"alpha": alpha.port, "beta": beta.port}, smsc="sessions = 2")
        with running(tmp_path, config, port) as instance:
            links = [alpha.link(), alpha.link(), beta.link(), beta.link()]
            instance.wait_for_log("bound at", 4)
            esme = bound(port)
            for serial, link in enumerate(links):
                # The same number on all of them.
                link.send(pdu(DELIVER_SM, 7, message_body(text=b"%d" % serial)))
            got = [esme.receive_message() for _ in links]
            assert len({message.number for message in got}) == len(links)
            for message, resp in zip(reversed(got), (b"\0", b"id\0", b"", b"\0"), strict=True):
                serial = int(message.body[-1:])
                status = 0 if serial else 0x45
                esme.send(pdu(DELIVER_SM | RESP, message.number, resp, status))
                back = links[serial].receive_message()
                assert back[:3] == (DELIVER_SM | RESP, status, 7)
                assert back.body in (b"\0", b"")
            assert all(link.is_quiet() for link in links)


def test_sessions_join_as_they_bind_and_leave_as_they_end(tmp_path: Path) -> None:
    """Transmitters never get anything; the account's others share."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        transmitter = bound(instance.port, command=BIND_TRANSMITTER)
        assert refused(link, b"4477009001") == UNDELIVERABLE
        first = bound(instance.port, command=BIND_RECEIVER)
        assert takes((transmitter, first), link, message_body()) is first
        second = bound(instance.port)
        seen = {takes((first, second), link, message_body()) for _ in range(4)}
        assert seen == {first, second}
        first.sock.close()
        instance.wait_for_log("ESME acme at")
        for _ in range(3):
            assert takes((transmitter, second), link, message_body()) is second
        second.sock.close()
        instance.wait_for_log("ESME acme at", 2)
        assert refused(link, b"4477009001") == UNDELIVERABLE
        assert transmitter.is_quiet()


def test_a_range_of_several_accounts_is_shared_by_weight(tmp_path: Path) -> None:
    """With nothing unanswered, in turns of the weights."""
    esmes = account("light", "44*", more="weight = 1") + account("heavy", "44*", more="weight = 3")
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        light, heavy = entered(instance.port, b"light"), entered(instance.port, b"heavy")
        taken = [takes((light, heavy), link, message_body(b"441")) for _ in range(40)]
        assert 8 <= taken.count(light) <= 12


def test_the_session_with_the_most_room_in_its_window_is_next(tmp_path: Path) -> None:
    """A full one is passed over; when all are full the message comes back."""
    esmes = account("narrow", "44*", more="window = 1") + account("wide", "44*", more="window = 4")
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        narrow, wide = entered(instance.port, b"narrow"), entered(instance.port, b"wide")
        for number in range(5):
            link.send(pdu(DELIVER_SM, number, message_body(b"441")))
        waiting = [wide.receive_message() for _ in range(4)]
        waiting.append(narrow.receive_message())
        assert refused(link, b"441") == UNDELIVERABLE
        answer(narrow, waiting[-1], b"\0")
        assert link.receive_message().status == 0
        assert takes((narrow, wide), link, message_body(b"441")) is narrow


def _udh8(serial: int) -> bytes:
    text = b"\5\0\3" + bytes([77, 3, serial]) + b"part"
    return message_body(text=text, esm_class=UDHI)


def _udh16(serial: int) -> bytes:
    text = b"\6\x08\4" + struct.pack(">HBB", 777, 3, serial) + b"part"
    return message_body(text=text, esm_class=UDHI)


def _sar(serial: int) -> bytes:
    tlvs = tlv(0x020C, b"\0\x4d") + tlv(0x020E, b"\3") + tlv(0x020F, bytes([serial]))
    return message_body(text=b"part", tlvs=tlvs)


@pytest.mark.parametrize("part", [_udh8, _udh16, _sar])
def test_the_parts_of_one_message_go_to_one_session(
    tmp_path: Path, part: Callable[[int], bytes]
) -> None:
    """While other messages between them go to each in turn; parts in any order."""
    with relaying(tmp_path, "alpha", "beta") as (instance, links):
        esmes = [bound(instance.port) for _ in range(4)]
        seen, others = set(), set()
        for serial, link in ((2, links[0]), (1, links[1]), (3, links[0])):
            seen.add(takes(esmes, link, part(serial)))
            others |= {takes(esmes, link, message_body()) for _ in range(2)}
        assert len(seen) == 1
        assert len(others) > 1


def test_a_bind_may_name_the_numbers_it_serves(tmp_path: Path) -> None:
    """Where the account allows it; they are its session's as long as it is bound."""
    esmes = account("acme", more="bind_ranges = true") + account("bolt")
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        assert refused(link, b"4477009001") == UNDELIVERABLE
        entered(instance.port, b"bolt", b"^4477")
        assert refused(link, b"4477009001") == UNDELIVERABLE
        plain = entered(instance.port, b"acme")
        serving = entered(instance.port, b"acme", b"^4477[0-9]*$")
        for _ in range(3):
            assert takes((plain, serving), link, message_body(b"4477009001")) is serving
        assert refused(link, b"4478") == UNDELIVERABLE
        serving.sock.close()
        instance.wait_for_log("ESME acme at")
        assert refused(link, b"4477009001") == UNDELIVERABLE


@pytest.mark.parametrize(
    "address_range", [b"4477009001", b"+4477009001", b"4477*,4477009001", b"^4477009001$"]
)
def test_a_bind_cannot_name_the_numbers_of_another_account(
    tmp_path: Path, address_range: bytes
) -> None:
    """Exactly or by the same prefix; it is bound, and the log says what it does not get."""
    esmes = account("acme", more="bind_ranges = true") + account("bolt", "4477009001", "4477*")
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        stranger, owner = (
            entered(instance.port, b"acme", address_range),
            entered(instance.port, b"bolt"),
        )
        for destination in (b"4477009001", b"4477009002"):
            for _ in range(3):
                assert takes((stranger, owner), link, message_body(destination)) is owner
        instance.wait_for_log("the ranges of another account")


@pytest.mark.parametrize("address_range", [b"^(4+)+$", b"(", b"[", b"^.*1.*2.*3.*$"])
def test_an_address_range_that_is_no_safe_expression_is_refused(
    tmp_path: Path, address_range: bytes
) -> None:
    """At the bind, with a bind_resp; never 0x05, 0x0E or 0x0F."""
    with relaying(tmp_path, "alpha", esmes=account("acme", more="bind_ranges = true")) as (
        instance,
        _,
    ):
        esme = connect(instance.port)
        body = bind_body(b"acme", b"acme", address_range=address_range)
        esme.send(pdu(BIND_TRANSCEIVER, 4, body))
        got = esme.receive()
        assert (got.command_id, got.number) == (BIND_TRANSCEIVER | RESP, 4)
        assert got.status not in (0, 0x05, 0x0E, 0x0F)
        assert esme.is_closed()


def test_messages_of_one_number_keep_their_order(tmp_path: Path) -> None:
    """A hundred in one segment reach the only session as they were sent."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        bodies = [message_body(text=b"%03d" % serial) for serial in range(100)]
        link.send(b"".join(pdu(DELIVER_SM, n, body) for n, body in enumerate(bodies)))
        assert [esme.receive_message().body for _ in bodies] == bodies
