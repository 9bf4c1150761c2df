"""Binds whose passwords are compared with hashes, on a gateway in memory."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.gate.sessions import esme, password_checks
from smppgate.settings import EsmeSettings, GateSettings, ListenSettings
from smppgate.settings.password_hash import PasswordHash, is_same
from smppgate.txsmpp.constants import RESPONSE_BIT
from smppgate.txsmpp.pdu import Unbind
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind
from tests.txsmpp.pairs import numbered

SECRET, OTHER = "secret", "another"

# As `smppgate passwd` makes them, and much cheaper.
HASH = "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$1pazaWFI7iSXJLTjb4ccsw"
OTHER_HASH = "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$V8lDTL3sTiK9zXGV/NHL8Q"

OK, WRONG, FAILED = 0, 0x0E, 0x0D


class Compare:
    """Compares when it is told to, in the order in which it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Deferred[bool]]] = []
        self.passwords: list[str] = []
        self._kept: list[PasswordHash] = []

    def __call__(self, kept: PasswordHash, password: str) -> Deferred[bool]:
        self.passwords.append(password)
        self._kept.append(kept)
        self.asked.append((password, Deferred()))
        return self.asked[-1][1]

    def done(self, count: int = 1) -> None:
        """So many comparisons are over."""
        for _ in range(count):
            (password, comparing), kept = self.asked.pop(0), self._kept.pop(0)
            comparing.callback(is_same(kept, password))


class Gate(MemoryGateway):
    """A gate whose account knows a hash, and whose comparisons take time."""

    def __init__(self, gate: dict[str, Any] | None = None, **more: Any) -> None:
        self.slow = Compare()
        super().__init__(
            esme=(EsmeSettings(system_id="acme", **{"password_hash": HASH, **more}),),
            gate=GateSettings(**(gate or {"bind_delay": 0.0})),
            compare=self.slow,
        )

    @property
    def checks(self) -> Any:
        return self.gateway.parts.password_checks

    def change(self, **esme: Any) -> None:
        """Reload with another account."""
        settings = self.gateway.settings

        (account,) = settings.esme
        self.gateway.reload(evolve(settings, esme=(evolve(account, **esme),)))
        self.turn()


def statuses(end: End) -> list[int]:
    """Of the answers that it has heard since the last look."""
    return [frame.command_status for frame in end.heard() if frame.command_id & RESPONSE_BIT]


def wrong(text: str = "wrong") -> bytes:
    return bind(text.encode())


def test_the_hashes_are_those() -> None:
    assert is_same(PasswordHash.parse(HASH), SECRET)
    assert is_same(PasswordHash.parse(OTHER_HASH), OTHER)


def test_a_bind_waits_for_the_comparison() -> None:
    """And has one answer, which the next with the same password has at once."""
    gate = Gate()
    end = gate.esme(bind())
    assert statuses(end) == []
    gate.slow.done()
    assert statuses(end) == [OK]
    assert statuses(gate.esme(bind())) == [OK]
    assert gate.slow.passwords == [SECRET]
    assert len(gate.checks) == 0


def test_the_certificate_of_a_peer_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the comparison, and not again after it."""
    read: list[Any] = []

    def names_of(transport: Any) -> frozenset[str]:
        read.append(transport)
        return frozenset({"acme.example"})

    monkeypatch.setattr(esme, "names_of", names_of)
    gate = Gate(certificate="acme.example")
    end = gate.esme(bind())
    gate.slow.done()
    assert statuses(end) == [OK]
    assert len(read) == 1


def test_a_wrong_password_is_refused_and_known_too() -> None:
    gate = Gate()
    end = gate.esme(wrong())
    gate.slow.done()
    assert statuses(end) == [WRONG]
    assert statuses(gate.esme(wrong())) == [WRONG]
    assert gate.slow.passwords == ["wrong"]


def test_equal_credentials_are_compared_once() -> None:
    """Of an ESME that binds all its sessions at once."""
    gate = Gate()
    ends = [gate.esme(bind()) for _ in range(5)]
    gate.slow.done()
    assert [statuses(end) for end in ends] == [[OK]] * 5
    assert gate.slow.passwords == [SECRET]


def test_two_for_the_last_place() -> None:
    """The first has it."""
    gate = Gate(max_binds=1)
    ends = [gate.esme(bind()) for _ in range(2)]
    gate.slow.done()
    assert [statuses(end) for end in ends] == [[OK], [FAILED]]


def test_guesses_from_one_address_are_compared_one_after_the_other() -> None:
    """Each counts, so that many at once have to wait as those that come in turn."""
    gate = Gate({"bind_delay": 60.0})
    ends = [gate.esme(wrong(f"guess{number}")) for number in range(6)]
    assert gate.slow.passwords == ["guess0"]
    for _ in range(3):
        assert len(gate.slow.asked) == 1
        gate.slow.done()
    assert gate.slow.asked == []
    told = [statuses(end) for end in ends]
    assert told == [[WRONG]] * 3 + [[]] * 3
    gate.reactor.advance(0.6)
    assert gate.slow.passwords == [f"guess{number}" for number in range(4)]


def test_the_right_one_behind_a_guess_has_its_turn() -> None:
    gate = Gate()
    guess, right = gate.esme(wrong()), gate.esme(bind())
    gate.slow.done()
    assert (statuses(guess), statuses(right)) == ([WRONG], [])
    gate.slow.done()
    assert statuses(right) == [OK]


def test_others_go_on_beside_it() -> None:
    """Two comparisons at once, and no more."""
    listen = (ListenSettings(endpoint="tcp:2775", bind_rate=0),)
    slow = Compare()
    names = ("acme", "bank", "corp")
    esmes = tuple(EsmeSettings(system_id=name, password_hash=HASH) for name in names)
    gate = MemoryGateway(listen=listen, esme=esmes, compare=slow)
    ends = [gate.esme(bind(f"pw{name}".encode(), system_id=name.encode())) for name in names]
    assert slow.passwords == ["pwacme", "pwbank"]
    slow.done()
    assert slow.passwords == ["pwacme", "pwbank", "pwcorp"]
    slow.done(2)
    assert [statuses(end) for end in ends] == [[WRONG]] * 3


def test_a_session_that_is_gone_leaves_nothing() -> None:
    """Its comparison is carried to its end, and what came of it is known."""
    gate = Gate()
    end, behind = gate.esme(bind()), gate.esme(wrong())
    behind.transport.lose()
    end.transport.lose()
    gate.slow.done()
    assert len(gate.checks) == 0
    assert statuses(gate.esme(bind())) == [OK]


def test_a_guess_whose_peer_hangs_up_counts() -> None:
    """Else guesses would be free for those that do not wait for the answer."""
    gate = Gate({"bind_delay": 60.0})
    for number in range(3):
        gate.esme(wrong(f"guess{number}")).transport.lose()
        gate.slow.done()
    end = gate.esme(bind())
    assert gate.slow.asked == []
    gate.reactor.advance(0.6)
    gate.slow.done()
    assert statuses(end) == [OK]


def test_a_comparison_that_has_not_begun_is_dropped_with_its_session() -> None:
    """Those behind it have their turn."""
    gate = Gate()
    slow = gate.slow
    gate.checks._running = password_checks.CHECKS_AT_ONCE
    first, second = gate.esme(wrong()), gate.esme(bind())
    first.transport.lose()
    gate.checks._running = 0
    gate.checks._run()
    assert slow.passwords == [SECRET]
    slow.done()
    assert statuses(second) == [OK]
    assert len(gate.checks) == 0


def test_another_hash_meanwhile_is_compared_too() -> None:
    """A bind is judged by what holds when it is answered."""
    gate = Gate()
    end, other = gate.esme(bind()), gate.esme(wrong(OTHER))
    gate.change(password_hash=OTHER_HASH)
    gate.slow.done()
    assert (statuses(end), statuses(other)) == ([], [])
    gate.slow.done(2)
    assert (statuses(end), statuses(other)) == ([WRONG], [OK])


def test_a_plain_password_meanwhile() -> None:
    gate = Gate()
    end = gate.esme(bind())
    gate.change(password_hash=None, password="plain")
    gate.slow.done()
    assert statuses(end) == [WRONG]


def test_a_hash_that_is_taken_back_is_no_longer_enough() -> None:
    """What was right of the old one says nothing of the new one."""
    gate = Gate()
    gate.esme(bind())
    gate.slow.done()
    gate.change(password_hash=OTHER_HASH)
    end = gate.esme(bind())
    gate.slow.done()
    assert statuses(end) == [WRONG]


def test_one_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 0x0D: it may try again."""
    monkeypatch.setattr(password_checks, "MOST_WAITING", 2)
    gate = Gate()
    ends = [gate.esme(bind()) for _ in range(3)]
    assert [statuses(end) for end in ends] == [[], [], [FAILED]]
    gate.slow.done()
    assert [statuses(end) for end in ends] == [[OK], [OK], []]


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses do not drive out what is right."""
    monkeypatch.setattr(password_checks, "MOST_WRONG", 3)
    gate = Gate()
    gate.esme(bind())
    gate.slow.done()
    for number in range(10):
        gate.esme(wrong(f"guess{number}"))
        gate.slow.done()
    assert gate.checks.remembered == 4
    assert statuses(gate.esme(bind())) == [OK]


def test_a_comparison_that_fails_says_nothing_of_the_password() -> None:
    gate = Gate()
    end = gate.esme(bind())
    with Log() as log:
        gate.slow.asked.pop()[1].errback(MemoryError())
    assert statuses(end) == [FAILED]
    assert any("a password could not be compared" in line for line in log.lines)
    assert len(gate.checks) == 0
    assert gate.checks.remembered == 0


def test_a_stop_refuses_those_that_wait() -> None:
    """Each once, also where its comparison is over meanwhile."""
    gate = Gate()
    ends = [gate.esme(bind()), gate.esme(wrong())]
    gate.gateway.stopService()
    gate.turn()
    gate.slow.done()
    assert [statuses(end) for end in ends] == [[FAILED]] * 2
    assert gate.slow.asked == []


def test_a_stop_refuses_those_whose_comparison_has_not_begun() -> None:
    """Those behind them too, once."""
    gate = Gate()
    gate.checks._running = password_checks.CHECKS_AT_ONCE
    ends = [gate.esme(wrong()), gate.esme(bind()), gate.esme(bind())]
    gate.gateway.stopService()
    gate.turn()
    assert [statuses(end) for end in ends] == [[FAILED]] * 3
    assert len(gate.checks) == 0


def test_what_comes_behind_a_bind_waits_for_it() -> None:
    gate = Gate()
    end = gate.esme(bind() + numbered(Unbind(), 9))
    assert statuses(end) == []
    gate.slow.done()
    assert statuses(end) == [OK, OK]
    assert end.is_closed()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"allow": ("192.0.2.0/24",)}, "its address is not among those"),
        ({"certificate": "acme.example"}, "it has not the client certificate"),
    ],
)
@pytest.mark.parametrize("password", [b"secret", b"wrong", b""])
@pytest.mark.parametrize("kind", ["password", "password_hash"])
def test_a_stranger_hears_the_same_whatever_its_password(
    more: dict[str, Any], reason: str, password: bytes, kind: str
) -> None:
    """At once, and as of a wrong password; the log says why."""
    gate = Gate(**{"password_hash": None, kind: HASH if "hash" in kind else SECRET}, **more)
    with Log() as log:
        end = gate.esme(bind(password))
        assert statuses(end) == [WRONG]
    assert gate.slow.passwords == []
    assert any(reason in line for line in log.lines)


def test_a_peer_in_the_network_binds() -> None:
    """Peers in memory are at 192.168.1.1."""
    gate = Gate(password_hash=None, password=SECRET, allow=("10.0.0.0/8", "192.168.0.0/16"))
    assert statuses(gate.esme(bind())) == [OK]


def test_an_allowance_that_ends_leaves_sessions_that_are_bound() -> None:
    gate = Gate(password_hash=None, password=SECRET)
    end = gate.esme(bind())
    assert statuses(end) == [OK]
    gate.change(allow=("10.0.0.0/8",))
    assert not end.is_closed()
    assert statuses(gate.esme(bind())) == [WRONG]
