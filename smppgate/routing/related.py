"""`Related`: messages that belong together, and where the first of them went.

Parts of one long message name it by account, addresses, reference and number of parts. The session
is not among them: ESMEs spread parts over their binds. Steps of a dialogue name it by account and
subscriber, see `dialogue_keys`; so no ESME can have the dialogues of another.
"""

from __future__ import annotations

from collections.abc import Iterable

from smppgate.routing.affinity import Affinity, dialogue_keys, parts_key
from smppgate.routing.sessions import EsmeSession, Requester, SmscSession
from smppgate.routing.smscs.anchor import Anchor
from smppgate.txsmpp import peek
from smppgate.txsmpp.dialogues import Step
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.segments import relation_of

LINGER = 5.0
"""Seconds that a dialogue is known after its last step, which may be turned down and come anew."""


class Dialogue(Anchor):
    """A dialogue: the SMSC and link that the subscriber's steps come on, and the ESME's session.

    :ivar session: the session that serves it; None before that is known.
    """

    __slots__ = ("session",)

    def __init__(self) -> None:
        super().__init__()
        self.session: Requester | None = None

    def heard(self, link: SmscSession) -> None:
        """A step of the subscriber's came on ``link``: the answer goes back there."""
        self.add(link.smsc, link if link.submits else None)


class Related:
    """Long messages to SMSCs, and dialogues in both directions.

    :param lifetime: seconds that each is known after the last message that belongs to it.
    """

    def __init__(self, lifetime: float) -> None:
        self._messages: Affinity[Anchor] = Affinity(lifetime)
        self._dialogues: Affinity[Dialogue] = Affinity(lifetime)

    def __len__(self) -> int:
        return len(self._messages) + len(self._dialogues)

    @property
    def octets(self) -> int:
        """What all of them occupy."""
        return self._messages.octets + self._dialogues.octets

    @property
    def most_octets(self) -> int:
        """The most that they may."""
        return self._messages.most_octets + self._dialogues.most_octets

    def change(self, lifetime: float) -> None:
        """Know each so long from now on."""
        self._messages.lifetime = self._dialogues.lifetime = lifetime

    def anchor(self, origin: Requester, octets: bytes, now: float) -> Anchor | None:
        """Where a message of an ESME's belongs.

        None where no others belong to it, or it has no name.
        """
        relation = relation_of(octets)
        if relation is None:
            return None
        try:
            source, destination = peek.addresses(octets)
        except PduError:
            return None
        if isinstance(relation, Step):
            return self._asked(origin, destination, relation, now)
        key = parts_key(source, destination, relation, origin.system_id)
        if key is None or relation.total == 1:
            return None
        anchor = self._messages.get(key, now)
        if anchor is None:
            anchor = Anchor()
            self._messages.put(key, anchor, now)
        return anchor

    def _asked(
        self, origin: Requester, subscriber: bytes, step: Step, now: float
    ) -> Dialogue | None:
        keys = dialogue_keys(origin.system_id, subscriber, step)
        if not keys:
            return None
        dialogue = self._known(keys, now) or Dialogue()
        if dialogue.session is None or dialogue.session.has_ended:
            dialogue.session = origin
        self._keep(keys, dialogue, step, now)
        return dialogue

    def dialogue(
        self, accounts: Iterable[bytes], subscriber: bytes, step: Step, now: float
    ) -> Dialogue | None:
        """The dialogue of one of ``accounts`` that a step of the subscriber's belongs to."""
        every = (dialogue_keys(account, subscriber, step) for account in accounts)
        return next(filter(None, (self._known(keys, now) for keys in every)), None)

    def serves(
        self,
        session: EsmeSession,
        dialogue: Dialogue | None,
        subscriber: bytes,
        step: Step,
        now: float,
    ) -> Dialogue | None:
        """``session`` gets a step of ``dialogue``, or of a new one; None where it has no name."""
        keys = dialogue_keys(session.system_id, subscriber, step)
        if not keys:
            return None
        dialogue = dialogue or Dialogue()
        dialogue.session = session
        self._keep(keys, dialogue, step, now)
        return dialogue

    def _known(self, keys: Iterable[bytes], now: float) -> Dialogue | None:
        return next(filter(None, (self._dialogues.get(key, now) for key in keys)), None)

    def _keep(self, keys: Iterable[bytes], dialogue: Dialogue, step: Step, now: float) -> None:
        for key in keys:
            self._dialogues.put(key, dialogue, now)
            if step.is_last:
                self._dialogues.end(key, now, LINGER)
