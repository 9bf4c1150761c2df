"""Rates, as the peers of a real gate see them: never more than promised, however slow the machine.

What arrives is timed when it is read, which is after it was sent: so it may seem to come late, and
never too early.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.reloading import changing
from tests.e2e.test_waiting import answer, submits, text_of
from tests.e2e.twistd import relaying
from tests.e2e.wire import QUERY_SM, RESP, SUBMIT_SM, Smsc, Wire, bound, pdu

SUBMIT_RESP = SUBMIT_SM | RESP


def accounts(acme: str) -> str:
    """The accounts acme, with more lines, and bolt."""
    names = {"acme": "secret", "bolt": "hidden"}
    tables = [
        f'[[esme]]\nsystem_id = "{name}"\npassword = "{password}"\n'
        for name, password in names.items()
    ]
    return tables[0] + acme + "\n" + tables[1]


def taken(link: Wire, count: int) -> list[tuple[int, float]]:
    """Take so many messages; gives their texts, and when each was here."""
    found = []
    for _ in range(count):
        request = link.receive_message()
        found.append((text_of(request), time.monotonic()))
        answer(link, request, b"id%d\0" % request.number)
    return found


def test_an_smsc_sees_no_more_than_its_rate_and_nobody_hears_an_error(tmp_path: Path) -> None:
    """120 messages at 50 a second."""
    smsc = "rate = 50\nwindow = 20"
    with relaying(tmp_path, "alpha", smsc=smsc) as (instance, [link]):
        esme, begin = bound(instance.port), time.monotonic()
        esme.send(submits(*range(1, 101)))
        first = taken(link, 20)
        esme.send(submits(*range(101, 121)))
        found = first + taken(link, 100)
        assert [text for text, _ in found] == list(range(1, 121))
        for place, (_, at) in enumerate(found, 1):
            assert place <= 50 * (at - begin) + 5 + 1
        assert {esme.receive_message().status for _ in range(120)} == {0}


def test_a_rate_of_a_half_sends_a_message_every_two_seconds(tmp_path: Path) -> None:
    with relaying(tmp_path, "alpha", smsc="rate = 0.5") as (instance, [link]):
        esme, begin = bound(instance.port), time.monotonic()
        esme.send(submits(1, 2))
        assert [text for text, _ in taken(link, 2)] == [1, 2]
        assert time.monotonic() - begin > 1.9
        assert [esme.receive_message().status for _ in range(2)] == [0, 0]


def test_each_link_has_its_rate_and_a_query_needs_none(tmp_path: Path) -> None:
    with relaying(tmp_path, "alpha", smsc="link_rate = 0.01") as (instance, [link]):
        esme = bound(instance.port)
        esme.send(submits(1, 2))
        taken(link, 1)
        told = esme.receive_message()
        esme.send(pdu(QUERY_SM, 3, told.body + b"\0\0\0"))
        query = link.receive_message()
        assert query.command_id == QUERY_SM
        assert link.is_quiet()


def test_what_an_account_sends_over_its_rate_delays_no_other(tmp_path: Path) -> None:
    """It waits, and is answered 0x58 at the end of hold."""
    esmes = accounts("rate = 0.01\nburst = 2")
    with relaying(tmp_path, "alpha", esmes=esmes, pool="hold = 1.0") as (instance, [link]):
        acme, bolt = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        acme.send(submits(1, 2, 3, 4))
        assert [text for text, _ in taken(link, 2)] == [1, 2]
        bolt.send(submits(5))
        assert [text for text, _ in taken(link, 1)] == [5]
        assert bolt.receive_message().status == 0
        heard = [acme.receive_message() for _ in range(4)]
        assert [(each.number, each.status) for each in heard] == [
            (1, 0),
            (2, 0),
            (3, 0x58),
            (4, 0x58),
        ]
        assert link.is_quiet()


@pytest.mark.parametrize("rate", ["rate", "session_rate"])
def test_with_reject_what_is_over_the_rate_is_answered_at_once(tmp_path: Path, rate: str) -> None:
    esmes = accounts(f'{rate} = 0.01\nburst = 2\nover_rate = "reject"')
    with relaying(tmp_path, "alpha", esmes=esmes) as (instance, [link]):
        esme, other = bound(instance.port), bound(instance.port)
        esme.send(submits(1, 2, 3))
        heard = esme.receive_message()
        assert (heard.number, heard.status) == (3, 0x58)
        other.send(submits(4))
        assert [text for text, _ in taken(link, 2)] == [1, 2]
        if rate == "rate":
            assert other.receive_message().status == 0x58
        else:
            assert [text for text, _ in taken(link, 1)] == [4]


def test_a_reload_gives_other_rates_to_what_waits(tmp_path: Path) -> None:
    with Smsc() as alpha:

        def limited(document: Any) -> None:
            document.smsc["alpha"]["rate"] = 0.01
            document.esme["acme"]["rate"] = 0.01
            document.pool["main"]["hold"] = 60.0

        with changing(tmp_path, "run", limited, alpha=alpha) as gate:
            link = alpha.link()
            gate.gate.wait_for_log("alpha transceiver 1 bound at")
            esme = bound(gate.gate.port)
            esme.send(submits(1, 2, 3))
            assert [text for text, _ in taken(link, 1)] == [1]
            assert link.is_quiet()
            document = gate.document
            document.esme["acme"]["rate"] = 0
            gate.reload('[[esme]] "acme": rate 0.01 -> 0.0')
            assert link.is_quiet()
            document.smsc["alpha"]["rate"] = 100.0
            gate.reload('[[smsc]] "alpha": rate 0.01 -> 100.0')
            assert [text for text, _ in taken(link, 2)] == [2, 3]
            assert [esme.receive_message().status for _ in range(3)] == [0, 0, 0]


def test_an_smsc_that_throttles_is_slowed_and_its_esmes_hear_nothing(tmp_path: Path) -> None:
    """What it has throttled is sent to it again, in front of what waits."""
    smsc = "adaptive_rate = true\nwindow = 2"
    with relaying(tmp_path, "alpha", smsc=smsc, pool="hold = 20.0") as (instance, [link]):
        esme = bound(instance.port)
        esme.send(submits(1, 2, 3))
        for status in (0x58, 0x14):
            answer(link, link.receive_message(), b"", status)
        assert [text for text, _ in taken(link, 3)] == [1, 2, 3]
        heard = [esme.receive_message() for _ in range(3)]
        assert [(each.number, each.status) for each in heard] == [(1, 0), (2, 0), (3, 0)]
