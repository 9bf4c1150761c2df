"""Places of sessions among the binds of their accounts, in a store that may be slow."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.esmes.accounts import AllBindsInUse, BindRejected
from smppgate.settings import EsmeSettings, GateSettings
from smppgate.store import Limits, MemoryStore, StoreError
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BindReceiver, Unbind
from tests.gate.memory_gateway import End, MemoryGateway, bind, esme
from tests.txsmpp.pairs import numbered

ONE = EsmeSettings(system_id="acme", password="secret", max_binds=1)


class SlowStore(MemoryStore):
    """Gives places when it is told to.

    :ivar asked: accounts and limits; ``left``: accounts of which places were given back.
    """

    def __init__(self) -> None:
        super().__init__(Clock(), Limits())
        self.asked: list[tuple[bytes, int]] = []
        self.left: list[bytes] = []
        self._answers: list[Deferred[bool]] = []

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """Answers later."""
        self.asked.append((account, limit))
        answer: Deferred[bool] = Deferred()
        self._answers.append(answer)
        return answer

    def leave(self, account: bytes) -> None:
        """Notes it."""
        self.left.append(account)

    def answer(self, what: bool | Exception) -> None:
        """The first question that waits is answered."""
        waiting = self._answers.pop(0)
        if isinstance(what, Exception):
            waiting.errback(what)
        else:
            waiting.callback(what)


def slow(**more: Any) -> tuple[MemoryGateway, SlowStore]:
    store = SlowStore()
    return MemoryGateway(
        esme=(ONE,),
        kept=store,
        gate=GateSettings(accept_binds_without_smsc=True),
        **more,
    ), store


def statuses(end: End) -> list[int]:
    return [frame.command_status for frame in end.heard()]


def account(name: str = "acme", max_binds: int = 1) -> Account[Any]:
    return Account(name, AccountPolicy(max_binds=max_binds))


# By itself


def test_a_place_is_asked_for_once_and_given_back_once() -> None:
    """However often it is asked about, and given back."""
    store, again = SlowStore(), list[None]()
    places, session = BindPlaces(store), Any
    assert not places.has(session, account(), lambda: again.append(None))
    store.answer(True)
    assert again == [None]
    assert [places.has(session, account(), list) for _ in range(2)] == [True, True]
    assert (store.asked, len(places)) == ([(b"acme", 1)], 1)
    for _ in range(2):
        places.leave(session)
    assert (store.left, len(places)) == ([b"acme"], 0)


def test_a_place_that_comes_too_late_is_given_back() -> None:
    """The session has ended meanwhile, or asks anew."""
    store, again = SlowStore(), list[None]()
    places, session = BindPlaces(store), Any
    places.has(session, account(), lambda: again.append(None))
    places.leave(session)
    places.has(session, account(), list)
    store.answer(True)
    assert (again, store.left, len(places), places.waiting) == ([], [b"acme"], 0, 1)
    store.answer(True)
    assert (store.left, len(places)) == ([b"acme"], 1)


def test_none_is_free() -> None:
    """That holds for one question: the next one asks anew."""
    store = SlowStore()
    places, session = BindPlaces(store), Any
    places.has(session, account(), list)
    store.answer(False)
    with pytest.raises(AllBindsInUse, match="all 1 binds are in use"):
        places.has(session, account(), list)
    assert not places.has(session, account(max_binds=2), list)
    assert store.asked == [(b"acme", 1), (b"acme", 2)]


def test_a_store_that_fails_is_no_place() -> None:
    """The bind is refused, and says why."""
    store = SlowStore()
    places, session = BindPlaces(store), Any
    places.has(session, account(), list)
    store.answer(StoreError("it is away"))
    with pytest.raises(BindRejected, match="it is away") as refused:
        places.has(session, account(), list)
    assert refused.value.command_status == 0x0D
    places.has(session, account(), list)
    places.leave(session)
    store.answer(StoreError("it is away"))
    assert (store.left, len(places), places.waiting) == ([], 0, 0)


def test_a_place_of_another_account_is_changed_for_one_of_this() -> None:
    """A reload may let a name mean another account while a hook is asked."""
    places, session = BindPlaces(MemoryStore(Clock(), Limits())), Any
    assert places.has(session, account("acme"), list)
    assert places.has(session, account("bolt"), list)
    assert len(places) == 1
    assert places.has(object(), account("acme"), list)  # type: ignore[arg-type]


def test_a_place_can_be_waited_for() -> None:
    """Until it is there, or there is none."""
    store, done = SlowStore(), list[object]()
    places, session = BindPlaces(store), Any
    for answer in (True, False):
        Deferred.fromCoroutine(places.take(session, account())).addBoth(done.append)
        store.answer(answer)
        places.leave(session)
    assert done[0] is None
    assert done[1].check(AllBindsInUse)  # type: ignore[attr-defined]


# In a gate


def test_a_bind_waits_for_its_place() -> None:
    """What came behind it is answered afterwards."""
    gate, store = slow()
    end = gate.esme(bind())
    assert statuses(end) == []
    store.answer(True)
    gate.turn()
    assert statuses(end) == [0]
    assert len(gate.gateway.parts.esme_config.places) == 1


def test_a_bind_without_a_place_is_refused() -> None:
    gate, store = slow()
    end = gate.esme(bind())
    store.answer(False)
    gate.turn()
    assert statuses(end) == [0x0D]
    assert end.is_closed()
    assert store.left == []


def test_a_session_that_is_lost_before_its_place_comes_gives_it_back() -> None:
    """Once."""
    gate, store = slow()
    end = gate.esme(bind())
    end.transport.lose()
    gate.turn()
    store.answer(True)
    gate.turn()
    assert store.left == [b"acme"]


def test_what_has_changed_meanwhile_counts() -> None:
    """An account that an operator has closed, a gate that stops: the place is given back."""
    gate, store = slow()
    end = gate.esme(bind())
    gate.gateway.account("acme").close()
    store.answer(True)
    gate.turn()
    assert (statuses(end), store.left) == ([0x0D], [b"acme"])


@pytest.mark.parametrize("how", ["unbind", "lost", "kicked"])
def test_a_bound_session_gives_its_place_back_once(how: str) -> None:
    gate, store = slow()
    end = gate.esme(bind())
    store.answer(True)
    gate.turn()
    end.heard()
    if how == "unbind":
        end.ask(Unbind())
    elif how == "kicked":
        (session,) = gate.gateway.esme_sessions()
        gate.gateway.session(session.id).kick()
        gate.turn()
    end.transport.lose()
    gate.turn()
    gate.reactor.advance(10.0)
    assert store.left == [b"acme"]


def test_stale_sessions_here_give_way_when_another_process_finds_no_place() -> None:
    """As the store tells."""
    store = MemoryStore(Clock(), Limits())
    gate = MemoryGateway(
        esme=(ONE,), gate=GateSettings(enquire_link=0, accept_binds_without_smsc=True), kept=store
    )
    end = gate.esme(bind())
    assert statuses(end) == [0]
    store._tell_full(b"nobody")
    store._tell_full(b"acme")
    gate.turn()
    assert [frame.command_id for frame in end.heard()] == [CommandId.ENQUIRE_LINK]
    gate.reactor.advance(5.1)
    gate.turn()
    assert end.is_closed()


def test_as_many_sessions_are_bound_as_may_be() -> None:
    """Of whatever kind; one that has ended makes room for another."""
    two = evolve(ONE, max_binds=2)
    gate = MemoryGateway(
        esme=(two, evolve(two, system_id="bolt")),
        gate=GateSettings(accept_binds_without_smsc=True, stale_bind_timeout=0),
    )
    receiver = BindReceiver(system_id=b"acme", password=b"secret", interface_version=0x34)
    first = gate.esme(numbered(receiver, 1))
    assert [statuses(end) for end in (first, gate.esme(bind()), gate.esme(bind()))] == [
        [0],
        [0],
        [0x0D],
    ]
    assert statuses(gate.esme(bind(system_id=b"bolt"))) == [0]
    first.transport.lose()
    gate.turn()
    assert [statuses(gate.esme(bind())) for _ in range(2)] == [[0], [0x0D]]


def judged(gate: MemoryGateway) -> tuple[End, Frame]:
    """The SMSC's end of a bind that is passed through, and the bind."""
    link = gate.smsc()
    (request,) = link.heard()
    return link, request


def passing() -> tuple[MemoryGateway, SlowStore, End]:
    """A gate where a bind is at the SMSC, of an account with one place."""
    store = SlowStore()
    gate = MemoryGateway(esme=(esme(max_binds=1),), kept=store)
    end = gate.esme(bind())
    store.answer(True)
    gate.turn()
    # Guesses take no places.
    assert store.left == [b"acme"]
    store.left.clear()
    return gate, store, end


def test_a_bind_that_an_smsc_has_accepted_gets_a_place_then() -> None:
    """It is answered when it has one."""
    gate, store, end = passing()
    link, request = judged(gate)
    link.answer(request, 0, b"smsc\0")
    assert end.heard() == []
    store.answer(True)
    gate.turn()
    assert statuses(end) == [0]
    end.transport.lose()
    gate.turn()
    assert store.left == [b"acme"]


def test_a_bind_that_an_smsc_has_accepted_may_find_no_place() -> None:
    """Its session with the SMSC ends."""
    gate, store, end = passing()
    link, request = judged(gate)
    link.answer(request, 0, b"smsc\0")
    store.answer(False)
    gate.turn()
    assert (statuses(end), store.left) == ([0x0D], [])
    assert link.is_closed()


def test_an_esme_that_is_lost_while_its_place_is_asked_for_leaves_nothing() -> None:
    """Neither a place nor a session with the SMSC."""
    gate, store, end = passing()
    link, request = judged(gate)
    link.answer(request, 0, b"smsc\0")
    end.transport.lose()
    gate.turn()
    store.answer(True)
    gate.turn()
    assert store.left == [b"acme"]
    assert link.is_closed()


def test_a_bind_that_an_smsc_refuses_asks_for_no_place() -> None:
    """Beyond the question whether there is one at all."""
    gate, store, end = passing()
    link, request = judged(gate)
    link.answer(request, 0x0E)
    assert statuses(end) == [0x0E]
    assert (len(store.asked), store.left) == (1, [])
