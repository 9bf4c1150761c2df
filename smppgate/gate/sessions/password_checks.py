"""`PasswordChecks`: compares the passwords of binds with hashes, off the reactor.

A comparison takes 50 ms or more, so what came of it is remembered: as a keyed hash of the
password, which is of no use elsewhere, in tables with a bound. Equal credentials are compared
once, however many sessions come with them. Of one system_id and one address one password is
compared at a time: the others have their turn again when it is known how that ended, as
`BindDelays` has it, so that many guesses at once are no cheaper than one after the other. A
comparison that has begun is carried to its end, and counts, also where the peer is gone by then.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from hashlib import blake2b

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.gate.sessions.ports import BindingEsme
from smppgate.notices.program import BIND_UNJUDGED, PASSWORD_UNCOMPARED
from smppgate.routing.esmes.accounts import BindRejected
from smppgate.settings.password_hash import PasswordHash
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.log import Logger

Compare = Callable[[PasswordHash, str], "Deferred[bool]"]
"""Whether a hash is that of a password; see `is_same`."""

CHECKS_AT_ONCE = 2
"""Threads that compare: each takes a core, and the memory that its hash asks for."""

MOST_WAITING = 1000
"""Binds that wait for a comparison; one more is refused. At 50 ms each the last waits 25 s."""

MOST_RIGHT, MOST_WRONG = 10_000, 1000
"""Results that are remembered. What is wrong is remembered for ESMEs that are set up with it, and
guesses must not drive out what is right."""

Pair = tuple[str, bytes]
"""Network and system_id."""

Unheard = Callable[[str, bytes], None]
"""Counts a wrong password of a peer, by its network and system_id, that is not there any more."""


@frozen(eq=False)
class _Bind:
    """A bind whose password is to be compared.

    :param pair: who guesses, if it is a guess.
    :param judge: is called with it, and with the hash that its password is of, or nothing.
    :param again: is called with it instead, where another password was compared before.
    """

    esme: BindingEsme
    frame: Frame = field(repr=False)
    pair: Pair
    password: bytes = field(repr=False)
    judge: Callable[[Frame, str], None]
    again: Callable[[Frame], None]


@define(eq=False)
class _Check:
    """A comparison, and the binds that wait for it.

    :ivar pairs: of all that have waited for it.
    """

    digest: bytes
    kept: str = field(repr=False)
    password: bytes = field(repr=False)
    binds: dict[BindingEsme, _Bind] = field(factory=dict)
    pairs: dict[Pair, None] = field(factory=dict)


class PasswordChecks:
    """Compares the passwords of binds with hashes.

    :param key: 32 random octets.
    :param unheard: see `Unheard`.
    """

    log = Logger()

    def __init__(self, compare: Compare, key: bytes, unheard: Unheard) -> None:
        self._compare = compare
        self._key = key
        self._unheard = unheard
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        # By digest: all of them, and those that have not begun, in order.
        self._checks: dict[bytes, _Check] = {}
        self._queue: OrderedDict[bytes, _Check] = OrderedDict()
        self._running = 0
        self._waiting: dict[BindingEsme, _Check] = {}
        # Binds that have their turn after a comparison of the same pair.
        self._pairs: dict[Pair, _Check] = {}
        self._behind: dict[BindingEsme, _Bind] = {}

    def __len__(self) -> int:
        """Binds that wait, and comparisons that go on."""
        return len(self._waiting) + len(self._behind) + len(self._checks)

    @property
    def remembered(self) -> int:
        """Results that are remembered."""
        return len(self._right) + len(self._wrong)

    def begin(
        self,
        esme: BindingEsme,
        frame: Frame,
        judge: Callable[[Frame, str], None],
        again: Callable[[Frame], None],
    ) -> None:
        """Call ``judge`` with the bind and the hash that its password is of, now or later.

        The hash is empty where the password is of none, or is not compared with one.

        :param again: is called instead, where the bind has to wait for its turn anew.
        """
        try:
            who = peek.credentials(frame.octets)
        except PduError:
            # It is refused for that.
            judge(frame, "")
            return
        pair = (esme.network, who.system_id)
        self._begin(_Bind(esme, frame, pair, who.password, judge, again))

    def ended(self, esme: BindingEsme) -> None:
        """A session has ended, bound or not."""
        self._behind.pop(esme, None)
        check = self._waiting.pop(esme, None)
        if check is None:
            return
        del check.binds[esme]
        if not check.binds and self._queue.pop(check.digest, None) is not None:
            self._forget(check)

    def stop(self) -> None:
        """The gate stops: binds that wait are refused."""
        # Those behind others first: without these they would have their turn.
        binds = list(self._behind.values())
        binds += [check.binds[esme] for esme, check in self._waiting.items()]
        self._behind.clear()
        for bind in binds:
            self.ended(bind.esme)
            _refuse(bind, "the gate is stopping")

    def _begin(self, bind: _Bind) -> None:
        kept = bind.esme.hash_for(bind.pair[1])
        if not kept:
            bind.judge(bind.frame, "")
            return
        digest = self._digest(kept, bind.password)
        if digest in self._right:
            self._right.move_to_end(digest)
            bind.judge(bind.frame, kept)
        elif digest in self._wrong:
            bind.judge(bind.frame, "")
        elif bind.esme.router.is_draining:
            _refuse(bind, "the gate is stopping")
        elif len(self._waiting) + len(self._behind) >= MOST_WAITING:
            _refuse(bind, "too many passwords are being compared")
        else:
            self._wait(bind, _Check(digest, kept, bind.password))

    def _wait(self, bind: _Bind, check: _Check) -> None:
        found = self._checks.get(check.digest)
        pair = bind.pair
        if found is None and pair in self._pairs:
            self._behind[bind.esme] = bind
            return
        if found is None:
            found = self._checks[check.digest] = self._queue[check.digest] = check
        found.binds[bind.esme] = bind
        self._waiting[bind.esme] = found
        if pair[0]:
            # Where addresses are not known nothing is counted either.
            found.pairs[pair] = None
            self._pairs.setdefault(pair, found)
        self._run()

    def _run(self) -> None:
        while self._queue and self._running < CHECKS_AT_ONCE:
            _, check = self._queue.popitem(last=False)
            self._running += 1
            password = check.password.decode("latin-1")
            comparing = self._compare(PasswordHash.parse(check.kept), password)
            comparing.addCallbacks(self._compared, self._failed, (check,), errbackArgs=(check,))
            comparing.addErrback(partial(self.log.tell_failure, BIND_UNJUDGED))

    def _compared(self, is_right: bool, check: _Check) -> None:
        known, most = (self._right, MOST_RIGHT) if is_right else (self._wrong, MOST_WRONG)
        known[check.digest] = None
        if len(known) > most:
            known.popitem(last=False)
        self._done(check, self._begin, is_right)

    def _failed(self, why: Failure, check: _Check) -> None:
        self.log.tell_failure(PASSWORD_UNCOMPARED, why)
        self._done(check, lambda bind: _refuse(bind, "its password could not be compared"), True)

    def _done(self, check: _Check, answer: Callable[[_Bind], None], is_right: bool) -> None:
        self._running -= 1
        binds = list(check.binds.values())
        heard = {bind.pair for bind in binds}
        for bind in binds:
            # Its answer may end another session.
            if self._waiting.pop(bind.esme, None) is not None:
                answer(bind)
        for pair in check.pairs:
            if not is_right and pair not in heard:
                self._unheard(*pair)
        self._forget(check)
        self._run()

    def _forget(self, check: _Check) -> None:
        """The comparison is over: what is behind it has its turn."""
        del self._checks[check.digest]
        for pair in check.pairs:
            if self._pairs.get(pair) is check:
                del self._pairs[pair]
        for bind in [each for each in self._behind.values() if each.pair in check.pairs]:
            if self._behind.pop(bind.esme, None) is not None:
                bind.again(bind.frame)

    def _digest(self, kept: str, password: bytes) -> bytes:
        text = kept.encode() + b"\0" + password
        return blake2b(text, digest_size=16, key=self._key).digest()


def _refuse(bind: _Bind, reason: str) -> None:
    bind.esme.refuse_bind(bind.frame, BindRejected(reason, CommandStatus.ESME_RBINDFAIL))
