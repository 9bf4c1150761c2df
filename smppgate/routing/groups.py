"""SMSCs that share message ids: several links to one message center."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from smppgate.routing.dialects import Dialect

if TYPE_CHECKING:
    from smppgate.routing.pools import Member


class Group:
    """One space of message ids, and the notations it uses for them.

    A receipt may come over any member, whichever took the message.

    :param name: as configured.
    :param receipt_ids: a `Dialect`'s kind.
    """

    __slots__ = ("dialect", "members", "name", "prefix", "reserved")

    def __init__(self, name: str, receipt_ids: str = "auto") -> None:
        self.name = name
        self.dialect = Dialect(receipt_ids)
        self.members: list[Member] = []
        self.reserved: set[Member] = set()
        """Those of one ESME session each, which nobody else may send to."""
        self.prefix = name.encode("latin-1") + b"\0"
        """What the keys of its routes begin with."""

    def __repr__(self) -> str:
        return f"<Group {self.name} of {len(self.members)}>"

    @property
    def is_awaited(self) -> bool:
        """Whether any member has yet to answer something."""
        return any(member.outstanding for member in chain(self.members, self.reserved))
