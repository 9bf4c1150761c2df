"""Links that are up and of no use."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.settings import EsmeSettings, GateSettings, PoolSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, response
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind, smsc
from tests.gate.sessions.test_unbinding import (
    SUBMIT,
    SUBMIT_RESP,
    answers,
    kinds,
    submits,
)

UNBIND = CommandId.UNBIND


class Links:
    """A gate with a link to each of these SMSCs, and an ESME bound as acme."""

    def __init__(
        self, *names: str, timeout: float = 10, pool: tuple[PoolSettings, ...] = (), **more: Any
    ) -> None:
        enquiries = {"enquire_link": 0, **more}
        self.gate = MemoryGateway(
            *(smsc(name, sessions=1, **enquiries) for name in names),
            esme=(EsmeSettings(system_id="acme", password="secret"),),
            pool=pool,
            gate=GateSettings(response_timeout=timeout, enquire_link=0, inactivity_timeout=0),
        )
        self.ends = [self.bound(at) for at in range(len(names))]
        self.esme = self.gate.esme(bind())
        self.esme.heard()

    def bound(self, at: int = -1) -> End:
        end = self.gate.smsc(at)
        (request,) = end.heard()
        end.answer(request, 0, b"smsc\0")
        return end

    def ask(self, number: int) -> None:
        self.esme.ask(SUBMIT, number)

    def wait(self, seconds: float) -> None:
        self.gate.reactor.pump([0.5] * round(seconds * 2))
        self.gate.turn()


def refuse(end: End, status: int) -> int:
    """Answer all messages with this status; gives how many."""
    requests = [frame for frame in end.heard() if frame.command_id == CommandId.SUBMIT_SM]
    end.send(b"".join(response(request, status) for request in requests))
    return len(requests)


def unbinds(end: End) -> list[Frame]:
    return [frame for frame in end.heard() if frame.command_id == UNBIND]


@pytest.mark.parametrize("status", [0x04, 0x0D, 0x0E, 0x0F, 0x05])
def test_a_link_whose_smsc_has_forgotten_the_bind_is_bound_anew(status: int) -> None:
    """After three messages, which another member takes; and the log says so once."""
    links = Links("alpha", "beta")
    alpha, beta = links.ends
    with Log() as log:
        links.esme.send(submits(8))
        assert refuse(alpha, status) == 4
        requests = beta.heard()
        assert len(requests) == 8
        assert len(unbinds(alpha)) == 1
        beta.send(answers(requests))
    assert kinds(links.esme.heard()) == [(SUBMIT_RESP, 0)] * 8
    assert sum("forgotten" in line and "anew" in line for line in log.lines) == 1
    links.wait(2.5)
    assert alpha.is_closed()
    links.wait(1)
    assert len(links.gate.connections) == 3


def test_without_another_member_the_answer_is_0x08() -> None:
    """Also on a link of the last SMSC, which does not work and is bound anew."""
    links = Links("alpha")
    links.esme.send(submits(3))
    assert refuse(links.ends[0], 0x04) == 3
    assert kinds(links.esme.heard()) == [(SUBMIT_RESP, 0x08)] * 3
    assert len(unbinds(links.ends[0])) == 1


def test_it_is_bound_anew_after_longer_and_longer_pauses() -> None:
    """One that forgets each bind at once is not bound anew every second."""
    links = Links("alpha", reconnect_min=1, reconnect_max=60)
    pauses = []
    for _ in range(4):
        links.esme.send(submits(3))
        (end,) = links.ends
        refuse(end, 0x04)
        (unbind,) = unbinds(end)
        end.answer(unbind)
        end.transport.lose()
        began, before = links.gate.reactor.seconds(), len(links.gate.connections)
        while len(links.gate.connections) == before:
            links.wait(0.5)
        pauses.append(links.gate.reactor.seconds() - began)
        links.ends = [links.bound()]
    assert pauses == [1, 2, 4, 8]


@pytest.mark.parametrize("command", [CommandId.ENQUIRE_LINK_RESP, CommandId.GENERIC_NACK])
def test_0x04_to_an_enquire_link_is_enough(command: int) -> None:
    links = Links("alpha", enquire_link=20)
    links.wait(20)
    (asked,) = links.ends[0].heard()
    octets = response(asked, 0x04)
    links.ends[0].send(octets[:4] + command.to_bytes(4, "big") + octets[8:])
    assert len(unbinds(links.ends[0])) == 1


def test_it_can_be_switched_off() -> None:
    """The statuses are hidden from the ESME even so, and the link comes last."""
    links = Links("alpha", "beta", rebind=False)
    alpha, beta = links.ends
    with Log() as log:
        for number in range(10):
            links.esme.send(submits(1, number + 1))
            refuse(alpha, 0x04)
    assert unbinds(alpha) == []
    assert len(beta.heard()) == 10
    assert sum("forgotten" in line for line in log.lines) == 1


def test_of_a_passed_through_bind_both_sessions_end() -> None:
    gate = MemoryGateway()
    one, own = gate.joined()
    one.send(submits(3))
    assert refuse(own, 0x0D) == 3
    assert kinds(one.heard()) == [(SUBMIT_RESP, 0x08)] * 3
    own.unbound()
    one.unbound()


# Silent SMSCs


def test_a_late_request_counts_against_the_window_once_more() -> None:
    """A window of 5 has 5 messages, also when the first of them have timed out."""
    links = Links("alpha", window=5, max_timeouts=0)
    (alpha,) = links.ends
    links.esme.send(submits(5))
    assert len(alpha.heard()) == 5
    links.wait(10)
    assert kinds(links.esme.heard()) == [(SUBMIT_RESP, 0x08)] * 5
    links.esme.send(submits(1, 10))
    assert alpha.heard() == []
    assert links.gate.router.open_exchanges == 1
    links.wait(10)
    assert kinds(links.esme.heard()) == [(SUBMIT_RESP, 0x58)]
    assert links.gate.router.open_exchanges == 0
    links.esme.send(submits(5, 20))
    assert len(alpha.heard()) == 5


def test_a_late_answer_gives_its_place_back() -> None:
    links = Links("alpha", window=5, max_timeouts=0)
    (alpha,) = links.ends
    links.esme.send(submits(5))
    asked = alpha.heard()
    links.wait(10)
    alpha.send(answers(asked[:2]))
    links.esme.send(submits(5, 10))
    assert len(alpha.heard()) == 2


def test_a_silent_link_is_bound_anew_after_five_timeouts_in_a_row() -> None:
    """It has answered nothing: it does not work, even if it is the last."""
    links = Links("alpha")
    with Log() as log:
        links.esme.send(submits(5))
        links.wait(10)
    assert len(unbinds(links.ends[0])) == 1
    assert any("5 messages in a row" in line for line in log.lines)


def test_answers_between_show_that_it_is_not_silent() -> None:
    links = Links("alpha")
    (alpha,) = links.ends
    for number in range(1, 20, 2):
        links.esme.send(submits(2, number))
        *_, last = alpha.heard()
        links.wait(5)
        alpha.send(answers([last]))
    links.wait(10)
    assert unbinds(alpha) == []


def slow(links: Links) -> End:
    """Half of alpha's window of 4 times out, and one message of three is answered."""
    alpha, *others = links.ends
    links.esme.send(submits(3 * len(links.ends)))
    *_, last = alpha.heard()
    for other in others:
        other.send(answers(other.heard()))
    links.wait(9)
    alpha.send(answers([last]))
    links.wait(1.5)
    return alpha


def test_a_link_half_full_of_late_ones_is_bound_anew_while_another_works() -> None:
    links = Links("alpha", "beta", window=4)
    assert len(unbinds(slow(links))) == 1


def test_the_last_link_that_works_is_kept() -> None:
    """It only comes last, which with one link is nothing."""
    links = Links("alpha", window=4)
    alpha = slow(links)
    assert unbinds(alpha) == []
    assert not alpha.is_closed()


def test_a_link_that_is_not_bound_anew_comes_last_until_it_answers() -> None:
    never = PoolSettings(name="all", members=("alpha", "beta"), max_errors=0)
    links = Links("alpha", "beta", pool=(never,), window=20, rebind=False)
    alpha, beta = links.ends
    links.esme.send(submits(10))
    asked = alpha.heard()
    beta.send(answers(beta.heard()))
    links.wait(10.5)
    links.esme.send(submits(6, 20))
    requests = beta.heard()
    assert (len(alpha.heard()), len(requests)) == (0, 6)
    alpha.send(answers(asked))
    beta.send(answers(requests))
    # Errors weigh for ten seconds.
    links.wait(10.5)
    links.esme.send(submits(6, 30))
    assert len(alpha.heard()) == 3
