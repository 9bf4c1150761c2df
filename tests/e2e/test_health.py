"""SMSCs that fail or freeze: what the ESMEs of a real gate notice of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.program import RunningProgram, launched, until_done
from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    ENQUIRE_LINK,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Smsc,
    Wire,
    bound,
    message_body,
    pdu,
)

SUBMIT_FAILED, SYSTEM_ERROR = 0x45, 0x08


def submits(*numbers: int) -> bytes:
    """Messages under these numbers."""
    return b"".join(pdu(SUBMIT_SM, n, message_body(text=b"%05d" % n)) for n in numbers)


def serve(link: Wire, status: int = 0, every: int = 1) -> None:
    """Answer what comes over ``link``, until it is closed: one in ``every`` with this status."""
    messages = count(1)
    with suppress(OSError, AssertionError):
        while True:
            got = link.receive()
            if got.command_id == SUBMIT_SM:
                now = 0 if next(messages) % every else status
                body = b"" if now else b"%x\0" % got.number
                link.send(pdu(SUBMIT_SM | RESP, got.number, body, now))
            elif got.command_id in (ENQUIRE_LINK, UNBIND):
                link.send(pdu(got.command_id | RESP, got.number))


def served(link: Wire, status: int = 0, every: int = 1) -> None:
    """Have a thread that does so."""
    threading.Thread(target=serve, args=(link, status, every), daemon=True).start()


def sends(esme: Wire, number: int, window: int = 50) -> list[int]:
    """Send messages, so many at a time; gives the statuses that they were answered with."""
    statuses: list[int] = []
    sent = min(window, number)
    esme.send(submits(*range(1, sent + 1)))
    while len(statuses) < number:
        statuses.append(esme.receive_message().status)
        if sent < number:
            sent += 1
            esme.send(submits(sent))
    return statuses


@pytest.mark.parametrize("balance", ["least_outstanding", "round_robin", "p2c", "peak_ewma"])
def test_of_an_smsc_that_fails_at_once_esmes_hear_little(tmp_path: Path, balance: str) -> None:
    """Of 2 000 messages 100 at the most, though it answers soonest."""
    pool = f'balance = "{balance}"'
    with relaying(tmp_path, "alpha", "beta", pool=pool) as (instance, [alpha, beta]):
        served(alpha, SUBMIT_FAILED)
        served(beta)
        statuses = sends(bound(instance.port), 2000)
        assert set(statuses) == {0, SUBMIT_FAILED}
        assert statuses.count(SUBMIT_FAILED) <= 100
        instance.wait_for_log("pool default: SMSC alpha is ejected for 30 s: ")


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("balance", ["least_outstanding", "round_robin"])
def test_an_smsc_that_fails_one_time_in_five_is_ejected_and_returns(
    tmp_path: Path, others: int, balance: str
) -> None:
    """The ESME hears nothing of it: each message that it fails is tried again elsewhere."""
    names = ["alpha", "beta", "gamma"][: 1 + others]
    pool = f'eject_time = 0.5\nbalance = "{balance}"'
    with relaying(tmp_path, *names, pool=pool) as (instance, [alpha, *rest]):
        served(alpha, SYSTEM_ERROR, every=5)
        for link in rest:
            served(link)
        esme = bound(instance.port)
        for _ in range(20):
            assert set(sends(esme, 100)) == {0}
            if "SMSC alpha is ejected for 0.5 s: " in instance.log:
                break
        instance.wait_for_log("SMSC alpha is ejected for 0.5 s: ")
        instance.wait_for_log("SMSC alpha is back: its time is over")


def test_what_all_smscs_answer_is_heard_at_once(tmp_path: Path) -> None:
    """Messages do not wait for members that are ejected."""
    with relaying(tmp_path, "alpha", "beta", pool="hold = 60") as (instance, [alpha, beta]):
        served(alpha, SYSTEM_ERROR)
        served(beta, SYSTEM_ERROR)
        assert set(sends(bound(instance.port), 300)) == {SYSTEM_ERROR}


@contextmanager
def _simulator(folder: Path, name: str) -> Iterator[tuple[int, RunningProgram]]:
    """An SMSC that is a process of its own; gives its port."""
    port = free_port()
    own = folder / name
    own.mkdir()
    command = [sys.executable, "-m", "smppgate", "simulate", "--listen", f"tcp:{port}"]
    with until_done(RunningProgram(launched(own, command)), "listens on") as program:
        yield port, program


def test_an_smsc_that_freezes_is_out_of_rotation_and_back_when_it_goes_on(tmp_path: Path) -> None:
    """Long before its requests time out, or enquire_link finds out."""
    port = free_port()
    with _simulator(tmp_path, "a") as (frozen_port, frozen), Smsc() as other:
        smscs = {"alpha": frozen_port, "beta": other.port}
        config = settings(port, smscs, smsc="window = 10", pool='balance = "round_robin"')
        with running(tmp_path, config, port) as instance:
            served(other.link())
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            assert set(sends(esme, 100)) == {0}
            os.kill(frozen.process.pid, signal.SIGSTOP)
            try:
                esme.send(submits(*range(101, 121)))
                heard = 0
                while "is ejected for 30 s: no answer to" not in instance.log:
                    esme.send(submits(200 + heard))
                    assert esme.receive_message().status == 0
                    heard += 1
            finally:
                os.kill(frozen.process.pid, signal.SIGCONT)
            instance.wait_for_log("SMSC alpha is back: it answers again")


def test_an_smsc_that_was_cut_because_it_froze_starts_slowly_when_it_is_bound_again(
    tmp_path: Path,
) -> None:
    """With one request, which is too few for an ejection. It has a tenth of its weight then."""
    pool = 'balance = "round_robin"\nslow_start = 100000'
    port = free_port()
    with Smsc() as alpha, Smsc() as beta:
        config = settings(port, {"alpha": alpha.port, "beta": beta.port}, pool=pool).replace(
            'name = "alpha"', 'name = "alpha"\nenquire_link = 0.3\nenquire_link_timeout = 0.3', 1
        )
        with running(tmp_path, config, port) as instance:
            frozen = alpha.link()
            served(beta.link())
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            esme.send(submits(1, 2))
            assert sorted(esme.receive_message().number for _ in range(2)) == [1, 2]
            again = alpha.link()
            instance.wait_for_log("bound at", 3)
            frozen.sock.close()
            numbers = range(3, 58)
            esme.send(submits(*numbers))
            got = [again.receive_message() for _ in range(5)]
            assert again.is_quiet()
            for each in got:
                again.send(pdu(SUBMIT_SM | RESP, each.number, b"id\0"))
            assert {esme.receive_message().status for _ in numbers} == {0}


def test_what_a_link_is_lost_with_is_sent_again_where_the_pool_says_so(tmp_path: Path) -> None:
    pool = 'on_link_loss = "resubmit"'
    with relaying(tmp_path, "alpha", "beta", pool=pool) as (instance, [alpha, beta]):
        esme = bound(instance.port)
        esme.send(submits(1, 2))
        texts = {link.receive_message().body[-5:] for link in (alpha, beta)}
        assert texts == {b"00001", b"00002"}
        alpha.sock.close()
        again = beta.receive_message()
        beta.send(pdu(SUBMIT_SM | RESP, again.number, b"id2\0"))
        assert esme.receive_message().status == 0
