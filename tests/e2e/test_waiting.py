"""Messages that no SMSC can take now wait for one: seen by the peers of a real gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    Smsc,
    answer,
    bound,
    message_body,
    pdu,
)

SUBMIT_RESP = SUBMIT_SM | RESP


def submits(*numbers: int) -> bytes:
    """Messages under these numbers, which are their texts too."""
    return b"".join(pdu(SUBMIT_SM, n, message_body(text=b"%05d" % n)) for n in numbers)


def text_of(request: Pdu) -> int:
    return int(request.body[-5:])


def test_an_esme_with_a_window_of_100_on_an_smsc_with_one_of_10_hears_no_error(
    tmp_path: Path,
) -> None:
    """Each answer of the SMSC brings it the next message at once: it always has 10."""
    with relaying(tmp_path, "alpha", smsc="window = 10") as (instance, [link]):
        esme = bound(instance.port)
        esme.send(submits(*range(1, 101)))
        requests = [link.receive_message() for _ in range(10)]
        assert link.is_quiet()
        for at in range(100):
            answer(link, requests[at])
            if len(requests) < 100:
                requests.append(link.receive_message())
        assert [text_of(each) for each in requests] == list(range(1, 101))
        answers = [esme.receive_message() for _ in range(100)]
        assert {each.status for each in answers} == {0}
        assert sorted(each.number for each in answers) == list(range(1, 101))
        assert link.is_quiet()


def test_accounts_take_turns_at_an_smsc_whose_window_is_full(tmp_path: Path) -> None:
    with relaying(tmp_path, "alpha", smsc="window = 1") as (instance, [link]):
        flood, quiet = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        flood.send(submits(*range(1, 51)))
        first = link.receive_message()
        quiet.send(submits(901))
        assert quiet.is_quiet()
        answer(link, first)
        second = link.receive_message()
        answer(link, second)
        assert 901 in (text_of(second), text_of(link.receive_message()))


def test_an_esme_that_unbinds_has_what_waits_served_first(tmp_path: Path) -> None:
    """The unbind_resp comes behind the last answer."""
    with relaying(tmp_path, "alpha", smsc="window = 1") as (instance, [link]):
        esme = bound(instance.port)
        esme.send(submits(1, 2, 3) + pdu(UNBIND, 4))
        for _ in range(3):
            answer(link, link.receive_message())
        heard = [esme.receive_message() for _ in range(4)]
        assert [each[:3] for each in heard] == [
            *((SUBMIT_RESP, 0, number) for number in (1, 2, 3)),
            (UNBIND | RESP, 0, 4),
        ]
        assert esme.is_closed()


def test_what_waits_of_an_esme_that_is_gone_is_not_sent(tmp_path: Path) -> None:
    with relaying(tmp_path, "alpha", smsc="window = 1") as (instance, [link]):
        esme = bound(instance.port)
        esme.send(submits(1, 2, 3))
        first = link.receive_message()
        esme.sock.close()
        instance.wait_for_log("ESME acme at", 1)
        instance.wait_for_log("gone: ")
        answer(link, first)
        other = bound(instance.port)
        other.send(submits(4))
        assert text_of(link.receive_message()) == 4


@pytest.mark.parametrize(("window", "status"), [(1, 0x58), (0, 0x14)])
def test_at_the_end_of_hold_it_is_answered(tmp_path: Path, window: int, status: int) -> None:
    """0x58 where the SMSC is full, no_member_status where it is not there."""
    port = free_port()
    with Smsc() as smsc:
        there = {"alpha": smsc.port if window else free_port()}
        config = settings(
            port, there, "no_member_status = 0x14", smsc="window = 1", pool="hold = 0.3"
        )
        with running(tmp_path, config, port) as instance:
            link = smsc.link() if window else None
            instance.wait_for_log("bound at" if window else "not reached")
            esme = bound(port)
            esme.send(submits(*range(1, window + 2)))
            assert esme.receive_message() == Pdu(SUBMIT_RESP, status, window + 1, b"")
            if link is not None:
                answer(link, link.receive_message())
                assert esme.receive_message().status == 0
                assert link.is_quiet()


def test_an_smsc_that_comes_up_within_hold_takes_what_waits(tmp_path: Path) -> None:
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}, pool="hold = 60.0")
        with running(tmp_path, config, port) as instance:
            link = smsc.link()
            instance.wait_for_log("bound at")
            link.sock.close()
            instance.wait_for_log("is without an SMSC: its messages are answered 0x08 after 60 s")
            esme = bound(port)
            esme.send(submits(1, 2))
            again = smsc.link()
            for number in (1, 2):
                request = again.receive_message()
                assert text_of(request) == number
                answer(again, request)
                assert esme.receive_message()[:3] == (SUBMIT_RESP, 0, number)


def test_a_stop_serves_what_waits(tmp_path: Path) -> None:
    """And answers 0x08 when its time is over."""
    gate = "stop_timeout = 2.0"
    with relaying(tmp_path, "alpha", gate=gate, smsc="window = 1") as (instance, [link]):
        esme = bound(instance.port)
        esme.send(submits(1, 2, 3))
        first = link.receive_message()
        instance.process.terminate()
        assert esme.receive_message().command_id == UNBIND
        answer(link, first)
        assert text_of(link.receive_message()) == 2
        assert esme.receive_message()[:3] == (SUBMIT_RESP, 0, 1)
        left = sorted(esme.receive_message()[:3] for _ in range(2))
        assert left == [(SUBMIT_RESP, 0x08, 2), (SUBMIT_RESP, 0x08, 3)]
