"""`Calls`: the numbers of a node's calls to one server, by which both see what was lost.

A node tells a server what it has, and the server remembers the number of the node's last call. A
call that comes late, after one that was made later on another connection, does nothing. And where
the server remembers less than it has answered, it has been restarted without what it had, or
another has taken its place that did not have all, or it has held this node for dead: all is told
anew.

A server gives no node more for `SETTLING` after nodes began to tell, which they do again after
each `SILENCE`: after a restart or a pause it does not know yet what the others have.
"""

from __future__ import annotations

from attrs import define

SETTLING = 2000
"""Milliseconds that nodes have to tell what they have. They look every half second."""

SILENCE = 1000
"""Milliseconds after which a server that was told nothing does not know which nodes live.

Twice as long as from one look to the next, and half of `SETTLING`: a server that was frozen again
while nodes told does not take those for dead that could not reach it.
"""


@define
class Calls:
    """Those of one node to one server, one after the other."""

    _made: int = 0
    _answered: int = 0

    def next(self) -> int:
        """The number of one call more, from 1 on."""
        self._made += 1
        return self._made

    def is_late(self, before: int) -> bool:
        """Whether the latest call has come after one of a higher number, ``before``.

        It is so, too, where an earlier process went by the same name; the next is higher.
        """
        if before < self._made:
            return False
        self._made = self._answered = before
        return True

    def has_lost(self, before: int) -> bool:
        """Whether the server, for which ``before`` was the last call, does not have all of it."""
        was, self._answered = self._answered, self._made
        return before < was
