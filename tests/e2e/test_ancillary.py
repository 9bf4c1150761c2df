"""query_sm, cancel_sm, replace_sm: to the SMSC that has the message, from its owner only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.twistd import ACCOUNTS, free_port, relaying, running, settings
from tests.e2e.wire import (
    BROADCAST_SM,
    CANCEL_BROADCAST_SM,
    CANCEL_SM,
    QUERY_BROADCAST_SM,
    QUERY_SM,
    REPLACE_SM,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    answer,
    bound,
    id_of,
    message_body,
    pdu,
    readable,
    submitted,
    tlv,
)

ADDRESS = b"\1\1" + b"1234\0"

UNKNOWN = 0x0C


def query_body(message_id: bytes) -> bytes:
    """The body of a query_sm, and of a query_broadcast_sm."""
    return message_id + b"\0" + ADDRESS


def cancel_body(message_id: bytes) -> bytes:
    """The body of a cancel_sm."""
    return b"CMT\0" + message_id + b"\0" + ADDRESS + b"\1\x014477009001\0"


def replace_body(message_id: bytes) -> bytes:
    """The body of a replace_sm."""
    return message_id + b"\0" + ADDRESS + b"\0\0" + b"\1\0\5" + b"other"


BODIES: dict[int, Callable[[bytes], bytes]] = {
    QUERY_SM: query_body,
    CANCEL_SM: cancel_body,
    REPLACE_SM: replace_body,
}


def resp_body(command: int, message_id: bytes) -> bytes:
    """The body of the answer to an operation."""
    return message_id + b"\0" + b"2611231750000+00\0" + b"\2\0" if command == QUERY_SM else b""


def check_owner(esme: Wire, link: Wire, others: list[Wire], given: bytes, own: bytes) -> None:
    """Each operation gets to this SMSC under its own id, and the answer back under the given."""
    for number, (command, body) in enumerate(BODIES.items(), 50):
        esme.send(pdu(command, number, body(given)))
        asked = link.receive_message()
        assert (asked.command_id, asked.body) == (command, body(own))
        answer(link, asked, resp_body(command, own))
        got = esme.receive_message()
        assert got == Pdu(command | RESP, 0, number, resp_body(command, given))
    assert all(other.is_quiet() for other in others)


def check_stranger(esme: Wire, links: list[Wire], given: bytes) -> None:
    """Each is turned down as for an id that nobody has, and no SMSC hears of it."""
    for number, (command, body) in enumerate(BODIES.items(), 70):
        esme.send(pdu(command, number, body(given)))
        assert esme.receive_message() == Pdu(command | RESP, UNKNOWN, number, b"")
    assert all(link.is_quiet() for link in links)


@pytest.mark.parametrize("size", [1, 8, 58, 59, 60, 64])
@pytest.mark.parametrize("message_ids", ["tagged", "original"])
def test_the_owner_and_nobody_else_has_a_say_about_a_message(
    tmp_path: Path, size: int, message_ids: str
) -> None:
    """With ids of any length, and after a restart of the gate too."""
    own = (b"0123456789abcdefABCDEF" * 3)[:size]
    port = free_port()
    with Smsc() as alpha, Smsc() as beta:
        ports = {"alpha": alpha.port, "beta": beta.port}
        config = settings(port, ports, gate=f'message_ids = "{message_ids}"')
        with running(tmp_path, config, port) as instance:
            links = [alpha.link(), beta.link()]
            instance.wait_for_log("bound at", 2)
            esme, stranger = bound(port), bound(port, b"bolt", b"hidden")
            esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
            link = readable(*links)
            answer(link, link.receive_message(), own + b"\0")
            given = id_of(esme.receive_message())
            owner, other = links.index(link), links[1 - links.index(link)]
            check_owner(esme, link, [other], given, own)
            # Another session of the account may ask as well.
            check_owner(bound(port), link, [other], given, own)
            check_stranger(stranger, links, given)
            instance.kill()
        with running(tmp_path, config, port) as instance:
            links = [alpha.link(), beta.link()]
            instance.wait_for_log("bound at", 2)
            esme, stranger = bound(port), bound(port, b"bolt", b"hidden")
            check_stranger(stranger, links, given)
            check_owner(esme, links[owner], [links[1 - owner]], given, own)


def test_equal_ids_of_two_smscs_are_told_apart_by_the_tag(tmp_path: Path) -> None:
    """Each question goes to the SMSC that gave the id."""
    with relaying(tmp_path, "alpha", "beta") as (instance, links):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()) + pdu(SUBMIT_SM, 2, message_body()))
        for link in links:
            answer(link, link.receive_message(), b"7\0")
        assert {id_of(esme.receive_message()) for _ in links} == {b"alpha7", b"beta7"}
        check_owner(esme, links[0], [links[1]], b"alpha7", b"7")
        check_owner(esme, links[1], [links[0]], b"beta7", b"7")


def test_unknown_ids_are_turned_down_by_the_gate(tmp_path: Path) -> None:
    """No tag, a tag with an id that nobody was given, an alias that never was."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        submitted(esme, link, b"4F")
        for unknown in (b"4F", b"alpha", b"alpha4E", b"_1", b"_", b"gamma4F", b"x" * 64):
            check_stranger(esme, [link], unknown)


def test_an_accounts_messages_can_be_asked_about_without_a_receipt(tmp_path: Path) -> None:
    """Unless it never does, by `queries = false`: then they cost no write."""
    esmes = """
[[esme]]
system_id = "acme"
password = "secret"
[[esme]]
system_id = "bolt"
password = "hidden"
queries = false
"""
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        asking, silent = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        for esme, own in ((asking, b"1"), (silent, b"2")):
            esme.send(pdu(SUBMIT_SM, 1, message_body()))
            answer(link, link.receive_message(), own + b"\0")
            assert id_of(esme.receive_message()) == b"alpha" + own
        check_owner(asking, link, [], b"alpha1", b"1")
        check_stranger(silent, [link], b"alpha2")


def test_a_cancel_without_id_goes_to_every_smsc(tmp_path: Path) -> None:
    """It succeeds if one does; else it fails with an SMSC's error."""
    esmes = ACCOUNTS.replace('"acme"', '"acme"\ncancel_all = true')
    with relaying(tmp_path, "alpha", "beta", esmes=esmes) as (instance, links):
        esme = bound(instance.port)
        for number, statuses, told in (
            (1, (0x11, 0), 0),
            (2, (0, 0x11), 0),
            (3, (0, 0), 0),
            (4, (0x11, 0x11), 0x11),
        ):
            esme.send(pdu(CANCEL_SM, number, cancel_body(b"")))
            for link, status in zip(links, statuses, strict=True):
                asked = link.receive_message()
                assert (asked.command_id, asked.body) == (CANCEL_SM, cancel_body(b""))
                answer(link, asked, b"", status)
            assert esme.receive_message() == Pdu(CANCEL_SM | RESP, told, number, b"")
        assert esme.is_quiet()


def test_a_cancel_without_id_is_not_for_everybody(tmp_path: Path) -> None:
    """It would cancel messages of other accounts: 0x0C, and no SMSC hears of it."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        for command in (CANCEL_SM, CANCEL_BROADCAST_SM):
            esme.send(pdu(command, 1, cancel_body(b"")))
            assert esme.receive_message() == Pdu(command | RESP, 0x0C, 1, b"")
        assert link.is_quiet()


def test_a_query_while_its_smsc_is_away_is_for_later(tmp_path: Path) -> None:
    """Not for another SMSC, and not an error that says that there is no such message."""
    with relaying(tmp_path, "alpha", "beta") as (instance, links):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()))
        link = readable(*links)
        answer(link, link.receive_message(), b"7\0")
        given = id_of(esme.receive_message())
        other = links[1 - links.index(link)]
        link.sock.close()
        instance.wait_for_log(" gone: ")
        esme.send(pdu(QUERY_SM, 2, query_body(given)))
        assert esme.receive_message() == Pdu(QUERY_SM | RESP, 0x08, 2, b"")
        assert other.is_quiet()


def test_an_smscs_own_error_is_the_owners_to_hear(tmp_path: Path) -> None:
    """With whatever body it has."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        esme.send(pdu(QUERY_SM, 2, query_body(given)))
        answer(link, link.receive_message(), b"", 0x67)
        assert esme.receive_message() == Pdu(QUERY_SM | RESP, 0x67, 2, b"")


def test_a_broadcast_is_sent_queried_replaced_and_cancelled_by_its_owner(tmp_path: Path) -> None:
    """SMPP 5.0 on both sides; the ids are the gate's on one and the SMSC's on the other."""

    def broadcast_body(message_id: bytes) -> bytes:
        areas = tlv(0x0606, b"\0area") + tlv(0x0601, b"\0\0\1")
        timing = tlv(0x0604, b"\0\1") + tlv(0x0605, b"\x08\0\x05")
        return b"\0" + ADDRESS + message_id + b"\0" + b"\0\0\0\0\0\0" + areas + timing

    def cancel(message_id: bytes) -> bytes:
        return b"\0" + message_id + b"\0" + ADDRESS

    with relaying(tmp_path, "alpha", smsc='interface_version = "5.0"') as (instance, (link,)):
        esme = bound(instance.port, version=0x50)
        stranger = bound(instance.port, b"bolt", b"hidden", version=0x50)
        esme.send(pdu(BROADCAST_SM, 1, broadcast_body(b"")))
        asked = link.receive_message()
        assert (asked.command_id, asked.body) == (BROADCAST_SM, broadcast_body(b""))
        answer(link, asked, b"4F\0")
        congestion = tlv(0x0428, b"\0")
        assert esme.receive_message() == Pdu(BROADCAST_SM | RESP, 0, 1, b"alpha4F\0" + congestion)
        state = tlv(0x0427, b"\2") + tlv(0x0606, b"\0area") + tlv(0x0608, b"\x64")
        for number, (command, body, told) in enumerate(
            (
                (QUERY_BROADCAST_SM, query_body, b"4F\0" + state),
                (BROADCAST_SM, broadcast_body, b"50\0"),
                (CANCEL_BROADCAST_SM, cancel, b""),
            ),
            2,
        ):
            stranger.send(pdu(command, number, body(b"alpha4F")))
            assert stranger.receive_message()[:3] == (command | RESP, UNKNOWN, number)
            esme.send(pdu(command, number, body(b"alpha4F")))
            asked = link.receive_message()
            assert (asked.command_id, asked.body) == (command, body(b"4F"))
            answer(link, asked, told)
            expected = b"alpha" + told if told else b""
            expected += congestion if command == BROADCAST_SM else b""
            assert esme.receive_message() == Pdu(command | RESP, 0, number, expected)
        assert link.is_quiet()
