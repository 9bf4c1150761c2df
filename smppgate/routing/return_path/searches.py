"""`Search`: under which ids the return path of a receipt is looked for, the surest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from smppgate.routing.return_path.records import folded_key
from smppgate.routing.smscs.letter_case import folded
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.txsmpp.located_receipt import LocatedReceipt, Recognition

MOST_IDS = 4
"""Ids of one receipt that are looked up: each is looked for in dozens of notations."""

Lookup = Callable[[bytes], bytes | None]
"""Gives the value under a key; None where there is none, or it is not known yet."""


class Match(NamedTuple):
    """A return path that was found: the SMSC's id that it is kept under, and its record."""

    message_id: bytes
    value: bytes


class Search(NamedTuple):
    """The ids that a receipt's message may have been given, in the order of trust.

    ``named`` are the ids in the receipt; ``trusted`` those of ``ids`` that leave no doubt; the
    others are guesses. ``folded`` are keys of records that name an id in both cases, see
    `Notations`.
    """

    center: MessageCenter
    named: tuple[bytes, ...]
    ids: tuple[bytes, ...]
    trusted: tuple[bytes, ...]
    folded: tuple[bytes, ...]

    @classmethod
    def of(cls, center: MessageCenter, receipt: LocatedReceipt, guesses: bool) -> Search:
        """The search for the return path of ``receipt`` in ``center``.

        :param guesses: whether ids in all notations are tried, as when no answer is awaited that
            might give the very id. Never for what is known to be a receipt by its text alone:
            anybody with a telephone can write such a text.
        """
        notations = center.notations
        named = receipt.ids[:MOST_IDS]
        guesses = guesses and receipt.recognition is not Recognition.TEXT
        exact = tuple(filter(notations.takes, named))
        trusted = tuple(
            dict.fromkeys((*exact, *(i for each in named for i in notations.trusted(each))))
        )
        ids = trusted
        keys: tuple[bytes, ...] = ()
        if guesses:
            others = (i for each in named for i in notations.others(each))
            ids = tuple(dict.fromkeys((*trusted, *others)))
        if notations.folds or (guesses and notations.finds_folded):
            keys = tuple(folded_key(center.prefix, folded(each)) for each in named)
        return cls(center, named, ids, trusted, keys)

    @property
    def keys(self) -> list[bytes]:
        """All keys that may lead to the return path."""
        prefix = self.center.prefix
        return [*(prefix + message_id for message_id in self.ids), *self.folded]

    @property
    def awaited(self) -> list[bytes]:
        """The keys of an answer to come that is certainly the receipt's."""
        prefix = self.center.prefix
        return [*(prefix + message_id for message_id in self.trusted), *self.folded]

    def choose(self, lookup: Lookup) -> Match | None:
        """The first of the ids that has a return path; exact ones come first.

        A guess is taken if the SMSC is not known to write ids in one notation only.
        """
        notations, prefix = self.center.notations, self.center.prefix
        for message_id in self.ids:
            value = lookup(prefix + message_id)
            if value is None:
                continue
            named = self._named_as(message_id)
            if message_id not in self.trusted and not notations.may_guess(named, message_id):
                return None
            notations.learned(named, message_id)
            return Match(message_id, value)
        return None

    def certain(self) -> Search:
        """The same without guesses."""
        return self._replace(ids=self.trusted, folded=())

    def unfolded(self, lookup: Lookup) -> Search | None:
        """The search for the ids that records under ``folded`` name; None where there are none."""
        ids = tuple(dict.fromkeys(filter(None, map(lookup, self.folded))))
        return self._replace(ids=ids, trusted=ids, folded=()) if ids else None

    def _named_as(self, message_id: bytes) -> bytes:
        """The id in the receipt that is a notation of this: text and TLV may differ."""
        if message_id in self.named:
            return message_id
        notations = self.center.notations
        for each in self.named:
            if message_id in notations.sought(each) or folded(each) == folded(message_id):
                return each
        return message_id
