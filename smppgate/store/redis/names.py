"""`Names`: the keys under which all lies in Redis, behind the prefix.

| key | type | what |
|---|---|---|
| ``p:KEY`` | string | a return path: the 6 octets of its stamp, then its value |
| ``q:ACCOUNT`` | stream | messages: ``NUMBER-0`` each, ``m`` the message, ``x`` when it expires |
| ``x:ACCOUNT`` | sorted set | when each of them expires: number by milliseconds |
| ``c:ACCOUNT`` | hash | the lease on the queue, and the number of its last message |
| ``w:ACCOUNT`` | hash | who waits for the lease: rank and turn by node |
| ``queues`` | set | the accounts that have messages |
| ``n:NODE`` | string | a node that lives; expires when it does not say so again |
| ``b:NAME`` | hash | places: count by node; of accounts, and of SMSCs behind a ``\\0`` |
| ``b:`` | hash | since when nodes tell, and the number of the last call of each |
| ``full`` | sorted set | accounts of which a session got no place, by when |
| ``r:NAME`` | hash | a limit that is divided: wish and part by node |
| ``r:`` | sorted set | limits that nodes should ask for, by when |
| ``numbers`` | string | the last number that was given out |

What a script does with them is said at its top.
"""

from __future__ import annotations


class Names:
    """The keys that begin with ``prefix``."""

    def __init__(self, prefix: bytes) -> None:
        self.path = prefix + b"p:"
        """Comes before the key of a return path."""
        self.queues = prefix + b"queues"
        self.full = prefix + b"full"
        self.numbers = prefix + b"numbers"
        self.node_prefix = prefix + b"n:"
        """Comes before the name of a node."""
        self._prefix = prefix

    def node(self, node: bytes) -> bytes:
        """That of a node that lives."""
        return self.node_prefix + node

    def messages(self, account: bytes) -> bytes:
        """That of the messages in the queue of ``account``."""
        return self._prefix + b"q:" + account

    def expiries(self, account: bytes) -> bytes:
        """That of when they expire."""
        return self._prefix + b"x:" + account

    def claim(self, account: bytes) -> bytes:
        """That of the claim on the queue."""
        return self._prefix + b"c:" + account

    def waiting(self, account: bytes) -> bytes:
        """That of who waits for the claim."""
        return self._prefix + b"w:" + account

    def places(self, name: bytes) -> bytes:
        """That of the places that nodes have."""
        return self._prefix + b"b:" + name

    def limit(self, name: bytes) -> bytes:
        """That of a limit which is divided."""
        return self._prefix + b"r:" + name
