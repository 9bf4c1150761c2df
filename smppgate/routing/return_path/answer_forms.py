"""`AnswerForm`: the form of one SMSC's answers for one session."""

from __future__ import annotations

from attrs import frozen

from smppgate.routing.return_path.message_ids import longest_taggable
from smppgate.routing.return_path.records import MANY, ORIGINAL, TAGGED, ReturnPath
from smppgate.routing.return_path.submitters import Addressee
from smppgate.routing.smscs.smsc import Smsc


@frozen(eq=False)
class AnswerForm:
    """The form of one SMSC's answers for one session. Made once, used for every message.

    :param tag: octets to put in front of the id.
    :param longest: octets that an id may have for that; a longer one needs an alias.
    :param keeps: whether the session is an account's, so that return paths can lead to it.
    :param always: whether a message that asked for no receipt has a return path too.
    :param path: the octets to keep for a message.
    :param path_to_many: the same for a message that several receipts may come for.
    :param is_plain: whether return paths lead to the session, and its ids have the tag.
    """

    tag: bytes
    longest: int
    keeps: bool
    always: bool
    path: bytes
    path_to_many: bytes
    is_plain: bool

    @classmethod
    def of(cls, origin: Addressee, smsc: Smsc, tags: bool) -> AnswerForm:
        """The form of answers of ``smsc`` for ``origin``, with or without its tag."""
        kind, tag = (TAGGED, smsc.tag) if tags else (ORIGINAL, b"")
        path = ReturnPath(origin.system_id, smsc.tag, origin.token, kind)
        return cls(
            tag,
            longest_taggable(tag, origin.version),
            keeps=bool(origin.system_id),
            always=origin.queries,
            path=path.octets(),
            path_to_many=path._replace(kind=kind + MANY).octets(),
            is_plain=bool(origin.system_id and tag),
        )
