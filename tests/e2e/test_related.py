"""What belongs together stays together, through a real gate: long messages and dialogues."""

from __future__ import annotations

import select
from collections import Counter
from pathlib import Path
from random import Random

from tests.e2e.twistd import relaying
from tests.e2e.wire import (
    DELIVER_SM,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UDHI,
    Pdu,
    Wire,
    answer,
    bound,
    message_body,
    pdu,
    readable,
    tlv,
)

MESSAGES, PARTS, TOGETHER = 1000, 5, 20

SERVICE = b"2000"
"""The number of ``acme`` that subscribers dial."""

SERVICE_OP, SESSION_INFO = 0x0501, 0x1383
BEGINS, ASKS, ANSWERS, ENDS = 1, 2, 18, 17


def long_messages(chance: Random) -> list[tuple[int, bytes]]:
    """The parts of all messages, each with its sender, some messages under way at a time.

    Both senders use the same references.
    """
    found = []
    for first in range(0, MESSAGES, TOGETHER):
        some = [(at % 2, at // 2, n) for at in range(first, first + TOGETHER) for n in range(1, 6)]
        chance.shuffle(some)
        for sender, at, number in some:
            header = bytes((5, 0, 3, at % 256, PARTS, number))
            to, source = b"4477%06d" % (at // 256), b"100%d" % sender
            found.append((sender, message_body(to, header + b"text", source, UDHI)))
    return found


def test_a_thousand_interleaved_long_messages_are_each_whole_on_one_link(tmp_path: Path) -> None:
    """Of two senders with equal references, over two sessions, out of order."""
    chance = Random(5)
    todo = long_messages(chance)
    with relaying(tmp_path, "alpha", "beta", "gamma") as (instance, links):
        esmes = [bound(instance.port), bound(instance.port)]
        places: dict[bytes, set[int]] = {}
        answered, open_, number = 0, 0, 1
        while answered < len(todo):
            while open_ < 60 and number <= len(todo):
                chance.choice(esmes).send(pdu(SUBMIT_SM, number, todo[number - 1][1]))
                number, open_ = number + 1, open_ + 1
            for wire in ready(*links, *esmes):
                got = wire.receive_message()
                if wire in esmes:
                    assert got.status == 0
                    answered, open_ = answered + 1, open_ - 1
                else:
                    # All but the number of the part.
                    message = got.body[: got.body.index(b"\5\0\3") + 5]
                    places.setdefault(message, set()).add(links.index(wire))
                    answer(wire, got)
        assert len(places) == MESSAGES
        assert Counter(map(len, places.values())) == {1: MESSAGES}
        assert {place for each in places.values() for place in each} == {0, 1, 2}


def ready(*wires: Wire) -> list[Wire]:
    """Those with something to read."""
    found, _, _ = select.select([wire.sock for wire in wires], [], [], PATIENCE)
    return [wire for wire in wires if wire.sock in found]


def step(subscriber: int, operation: int, is_end: bool = False) -> bytes:
    """The TLVs of a step; every other dialogue has a session number besides."""
    info = tlv(SESSION_INFO, bytes((subscriber, is_end))) if subscriber % 2 else b""
    return tlv(SERVICE_OP, bytes((operation,))) + info


def address(subscriber: int) -> bytes:
    return b"44770090%04d" % subscriber


def test_twenty_dialogues_over_two_smscs_and_two_sessions_stay_together(tmp_path: Path) -> None:
    chance = Random(3)
    ranges = f'address_ranges = ["{SERVICE.decode()}"]\n'
    esmes = f'[[esme]]\nsystem_id = "acme"\npassword = "secret"\n{ranges}'
    with relaying(tmp_path, "alpha", "beta", esmes=esmes) as (instance, links):
        sessions = [bound(instance.port), bound(instance.port)]
        homes = {each: chance.choice(links) for each in range(20)}
        served: dict[int, Wire] = {}
        for turn in range(4):
            for each in chance.sample(list(homes), 20):
                asked(homes[each], sessions, each, turn, served)
            for each in chance.sample(list(homes), 20):
                is_end = turn == 3
                tlvs = step(each, ENDS if is_end else ASKS, is_end)
                body = message_body(address(each), b"menu", SERVICE, tlvs=tlvs)
                esme = chance.choice(sessions)
                esme.send(pdu(SUBMIT_SM, 100 + each, body))
                link = readable(*links)
                assert link is homes[each]
                answer(link, link.receive_message())
                assert esme.receive_message().status == 0
        assert len(set(map(id, served.values()))) == 2


def asked(
    home: Wire, sessions: list[Wire], subscriber: int, turn: int, served: dict[int, Wire]
) -> None:
    """A step of a subscriber's comes to the session that had the one before."""
    tlvs = step(subscriber, ANSWERS if turn else BEGINS)
    body = message_body(SERVICE, b"1", address(subscriber), tlvs=tlvs)
    home.send(pdu(DELIVER_SM, 500 + subscriber, body))
    session = readable(*sessions)
    assert served.setdefault(subscriber, session) is session
    answer(session, session.receive_message(), b"\0")
    assert home.receive_message() == Pdu(DELIVER_SM | RESP, 0, 500 + subscriber, b"\0")


def test_the_dialogues_of_an_esme_come_back_to_the_session_that_began_them(tmp_path: Path) -> None:
    ranges = f'address_ranges = ["{SERVICE.decode()}"]\n'
    esmes = f'[[esme]]\nsystem_id = "acme"\npassword = "secret"\n{ranges}'
    with relaying(tmp_path, "alpha", "beta", esmes=esmes) as (instance, links):
        sessions = [bound(instance.port) for _ in range(3)]
        begun: dict[int, tuple[Wire, Wire]] = {}
        for each in range(9):
            esme = sessions[each % 3]
            esme.send(
                pdu(
                    SUBMIT_SM, 1, message_body(address(each), b"?", SERVICE, tlvs=step(each, ASKS))
                )
            )
            link = readable(*links)
            answer(link, link.receive_message())
            assert esme.receive_message().status == 0
            begun[each] = (esme, link)
        for each in reversed(range(9)):
            esme, link = begun[each]
            asked(link, sessions, each, 1, {each: esme})
