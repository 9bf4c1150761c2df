"""`BindPlaces`: the places that sessions have among the ``max_binds`` of their accounts.

Only the store counts them, for all processes together. A bind is given a place before it is
answered, and the place is given back once: when the bind is refused after all, when its session is
unbound or ends, and at once where it has ended before the store has answered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.gate.sessions.ports import BindingEsme
from smppgate.notices.program import BIND_UNJUDGED
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.accounts import AllBindsInUse, BindRejected
from smppgate.store import IStore
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.log import Logger


@define(eq=False)
class _Question:
    """The store is asked for a place.

    :ivar again: called when it has answered; None while it may still do so at once.
    """

    name: bytes
    limit: int
    again: Callable[[], None] | None = None


class BindPlaces:
    """Has places for sessions, and gives them back. ``len()``: how many it has.

    :param store: see `smppgate.store.interface.IAdmission`.
    """

    log = Logger()

    def __init__(self, store: IStore) -> None:
        self._store = store
        self._held: dict[BindingEsme, bytes] = {}
        self._questions: dict[BindingEsme, _Question] = {}
        # Answers that were no place, until they are heard.
        self._refusals: dict[BindingEsme, BindRejected] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def waiting(self) -> int:
        """Binds that wait for an answer of the store."""
        return len(self._questions)

    def has(self, esme: BindingEsme, account: Account[Any], again: Callable[[], None]) -> bool:
        """Whether ``esme`` has a place of ``account``; from now on it has, if there is one.

        :param again: is called where it is not known yet and False is returned, as soon as this
            method can say more. Not if ``esme`` has left before.
        :raises BindRejected: there is no place; `AllBindsInUse` where all are taken.
        """
        name = account.system_id.encode("latin-1")
        if not self._knows(esme, name):
            self._ask(esme, _Question(name, account.policy.max_binds))
        question = self._questions.get(esme)
        if question is None:
            return self._knows(esme, name)
        question.again = again
        return False

    async def take(self, esme: BindingEsme, account: Account[Any]) -> None:
        """Have a place of ``account`` for ``esme``, which is waited for.

        :raises BindRejected: there is none.
        """
        known: Deferred[None] = Deferred()
        while not self.has(esme, account, partial(known.callback, None)):
            await known
            known = Deferred()

    def leave(self, esme: BindingEsme) -> None:
        """``esme`` needs no place any more, whether it has one or not."""
        self._questions.pop(esme, None)
        self._refusals.pop(esme, None)
        name = self._held.pop(esme, None)
        if name is not None:
            self._store.leave(name)

    def _knows(self, esme: BindingEsme, name: bytes) -> bool:
        refusal = self._refusals.pop(esme, None)
        if refusal is not None:
            raise refusal
        return self._held.get(esme) == name

    def _ask(self, esme: BindingEsme, question: _Question) -> None:
        # It may have one of another account: a reload lets names mean others.
        self.leave(esme)
        self._questions[esme] = question
        asking = self._store.admit(question.name, question.limit)
        asking.addErrback(partial(self._failed, esme, question))
        asking.addCallback(partial(self._answered, esme, question))
        asking.addErrback(partial(self.log.tell_failure, BIND_UNJUDGED))

    def _answered(self, esme: BindingEsme, question: _Question, has_place: bool) -> None:
        if self._questions.get(esme) is not question:
            if has_place:
                self._store.leave(question.name)
            return
        del self._questions[esme]
        if has_place:
            self._held[esme] = question.name
        else:
            self._refusals.setdefault(esme, AllBindsInUse(question.limit))
        if question.again is not None:
            question.again()

    def _failed(self, esme: BindingEsme, question: _Question, why: Failure) -> bool:
        if self._questions.get(esme) is question:
            text = f"it cannot be found out whether a bind is free: {why.getErrorMessage()}"
            self._refusals[esme] = BindRejected(text, CommandStatus.ESME_RBINDFAIL)
        return False
