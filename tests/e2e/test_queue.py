"""Messages for ESMEs that are away: kept, whatever happens to the gate, and brought in order."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    DELIVER_SM,
    RESP,
    UDHI,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    message_body,
    pdu,
    receipt_body,
    submitted,
)

DELIVER_RESP = DELIVER_SM | RESP
OUTBIND = 0x0B

OK, FULL, THROTTLED, AWAY = 0x00, 0x14, 0x58, 0x64

MESSAGES = 600

ACME = """
[[esme]]
system_id = "acme"
password = "secret"
address_ranges = ["4477009*"]
window = 20
queue = true
"""


def texts(count: int, first: int = 1) -> list[bytes]:
    """That many messages."""
    return [b"message %05d" % number for number in range(first, first + count)]


def put(link: Wire, messages: list[bytes]) -> list[int]:
    """The SMSC sends all of these in one go; gives the statuses of its answers."""
    link.send(
        b"".join(
            pdu(DELIVER_SM, number, message_body(text=text))
            for number, text in enumerate(messages, 1)
        )
    )
    statuses = dict(link.receive_message()[2:0:-1] for _ in messages)
    return [statuses[number] for number in range(1, len(messages) + 1)]


def text_of(got: Pdu) -> bytes:
    """The text of a `message_body`."""
    return got.body[len(message_body(text=b"")) :]


def received(esme: Wire, count: int) -> list[Pdu]:
    """So many messages that the ESME gets."""
    messages = [esme.receive_message() for _ in range(count)]
    assert {message.command_id for message in messages} == {DELIVER_SM}
    return messages


def take(esme: Wire, count: int, status: int = OK) -> list[bytes]:
    """The ESME gets so many messages, and answers each as it comes; gives their texts."""
    got = []
    for _ in range(count):
        (message,) = received(esme, 1)
        got.append(text_of(message))
        answer(esme, message, b"\0", status)
    return got


def test_nothing_that_was_answered_ok_is_lost_by_kill_9(tmp_path: Path) -> None:
    """In order, none missing and none twice."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port}, esmes=ACME)
        with running(tmp_path, config, port) as doomed:
            assert put(smsc.link(), texts(MESSAGES)) == [OK] * MESSAGES
            doomed.kill()
        with running(tmp_path, config, port) as gate:
            smsc.link()
            esme = bound(port)
            assert take(esme, MESSAGES) == texts(MESSAGES)
            assert esme.is_quiet()
            gate.stop()
            assert "Traceback" not in gate.log
        with running(tmp_path, config, port):
            smsc.link()
            assert bound(port).is_quiet()


def test_killed_while_it_stores(tmp_path: Path) -> None:
    """Whatever had its answer is there; what had none may be."""
    port = free_port()
    acknowledged: set[int] = set()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port}, esmes=ACME)
        with running(tmp_path, config, port) as doomed:
            link = smsc.link()
            for number, text in enumerate(texts(MESSAGES), 1):
                link.send(pdu(DELIVER_SM, number, message_body(text=text)))
            acknowledged.update(link.receive_message().number for _ in range(MESSAGES // 3))
            doomed.kill()
            with suppress(ConnectionError):
                while True:
                    acknowledged.add(link.receive_message().number)
        with running(tmp_path, config, port):
            smsc.link()
            esme = bound(port)
            got = take(esme, max(acknowledged))
            assert got == texts(max(acknowledged))


def test_killed_while_it_delivers(tmp_path: Path) -> None:
    """Only what was answered just before the end may come twice."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port}, esmes=ACME)
        with running(tmp_path, config, port) as doomed:
            put(smsc.link(), texts(MESSAGES))
            first = take(bound(port), MESSAGES // 2)
            doomed.kill()
        with running(tmp_path, config, port):
            smsc.link()
            esme = bound(port)
            second = [*take(esme, MESSAGES - len(first))]
            while second[-1] != texts(MESSAGES)[-1]:
                second += take(esme, 1)
            assert esme.is_quiet()
    assert first == texts(MESSAGES // 2)
    assert second == texts(len(second), MESSAGES + 1 - len(second))


def test_what_comes_during_delivery_comes_behind(tmp_path: Path) -> None:
    """The session is bound, and messages for it still wait their turn."""
    with relaying(tmp_path, "alpha", esmes=ACME) as (gate, (link,)):
        put(link, texts(100))
        esme = bound(gate.port)
        messages = received(esme, 20)
        assert put(link, texts(100, 101)) == [OK] * 100
        for message in messages:
            answer(esme, message, b"\0")
        assert [text_of(m) for m in messages] + take(esme, 180) == texts(200)


def test_an_orderly_stop_keeps_what_is_left(tmp_path: Path) -> None:
    """What is under way gets the time to be answered."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port}, esmes=ACME)
        with running(tmp_path, config, port) as gate:
            put(smsc.link(), texts(50))
            assert take(bound(port), 30) == texts(30)
            gate.stop()
            assert "Traceback" not in gate.log
        with running(tmp_path, config, port):
            smsc.link()
            esme = bound(port)
            left = take(esme, 20)
            while left[-1] != texts(50)[-1]:
                left += take(esme, 1)
            assert left == texts(len(left), 51 - len(left))


def test_a_full_queue_and_none(tmp_path: Path) -> None:
    """0x14 for what is too much; 0x64 where there is no queue."""
    esmes = ACME + "queue_size = 5\n"
    with relaying(tmp_path, "alpha", esmes=esmes) as (gate, (link,)):
        assert put(link, texts(7)) == [OK] * 5 + [FULL] * 2
        assert take(bound(gate.port), 5) == texts(5)


def test_without_a_queue_the_smsc_is_told_to_come_again(tmp_path: Path) -> None:
    """The account has none by default."""
    with relaying(tmp_path, "alpha") as (_, (link,)):
        assert put(link, texts(2)) == [AWAY] * 2


def test_a_receipt_waits_too_and_has_the_id_the_esme_knows(tmp_path: Path) -> None:
    """It is for whoever submitted, wherever that is."""
    with relaying(tmp_path, "alpha", esmes=ACME) as (gate, (link,)):
        with bound(gate.port) as esme:
            given = submitted(esme, link, b"4711")
        gate.wait_for_log("gone: ")
        link.send(pdu(DELIVER_SM, 9, receipt_body(b"4711")))
        assert link.receive_message() == Pdu(DELIVER_RESP, OK, 9, b"\0")
        esme = bound(gate.port)
        assert esme.receive_message().body == receipt_body(given)


def test_an_esme_that_is_throttled_gets_it_again(tmp_path: Path) -> None:
    """In its place, after a pause."""
    with relaying(tmp_path, "alpha", esmes=ACME.replace("20", "1")) as (gate, (link,)):
        put(link, texts(3))
        esme = bound(gate.port)
        assert take(esme, 1) == texts(1)
        assert take(esme, 1, THROTTLED) == texts(1, 2)
        assert take(esme, 2) == texts(2, 2)


def test_the_parts_of_one_message_go_to_one_session(tmp_path: Path) -> None:
    """One that has room waits, rather than get a part that is of no use to it."""
    parts = [bytes((5, 0, 3, reference, 2, part)) for reference in (1, 2) for part in (1, 2)]
    with relaying(tmp_path, "alpha", esmes=ACME.replace("20", "1")) as (gate, (link,)):
        for number, udh in enumerate(parts):
            link.send(pdu(DELIVER_SM, number, message_body(text=udh + b"text", esm_class=UDHI)))
            assert link.receive_message().status == OK
        first = bound(gate.port)
        (one,) = received(first, 1)
        second = bound(gate.port)
        assert second.is_quiet()
        answer(first, one, b"\0")
        (two,) = received(first, 1)
        (three,) = received(second, 1)
        assert first.is_quiet()
        answer(second, three, b"\0")
        (four,) = received(second, 1)
        assert [text_of(part)[:6] for part in (one, two, three, four)] == parts


@pytest.mark.parametrize("restarts", [False, True])
def test_an_esme_that_is_away_is_asked_by_outbind(tmp_path: Path, restarts: bool) -> None:
    """It binds on the gate's connection and gets what waits."""
    port = free_port()
    with Smsc() as smsc, Smsc() as esme_listener:
        asked = ACME + (
            f'outbind = "tcp:127.0.0.1:{esme_listener.port}"\noutbind_password = "opensesame"\n'
        )
        config = settings(port, {"alpha": smsc.port}, esmes=ACME if restarts else asked)
        with running(tmp_path, config, port) as gate:
            assert put(smsc.link(), texts(30)) == [OK] * 30
            if not restarts:
                check_outbind(esme_listener)
                return
            gate.kill()
        with running(tmp_path, settings(port, {"alpha": smsc.port}, esmes=asked), port):
            smsc.link()
            check_outbind(esme_listener)


def check_outbind(listener: Smsc) -> None:
    """The gate connects, asks, and delivers once somebody is bound."""
    esme = listener.accept()
    assert esme.receive() == Pdu(OUTBIND, 0, 1, b"gate1\0opensesame\0")
    esme.send(pdu(BIND_RECEIVER, 1, bind_body(b"acme", b"secret")))
    assert esme.receive()[:3] == (BIND_RECEIVER | RESP, OK, 1)
    assert take(esme, 30) == texts(30)
    assert esme.is_quiet()
