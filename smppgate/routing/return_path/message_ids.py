"""The id that an ESME sees ⇄ the SMSC and the id behind it.

An id is made unique by the tag of its SMSC in front. No tag is the beginning of another, so there
is no need for a separator, and ids stay words of letters and digits for whoever parses receipts
with a pattern. What cannot be tagged, because the id would be too long or must be a number for a
peer of SMPP 3.3, gets an alias: a number of the gate's, with ``_`` in front for all but 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable

from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.versions import V3_3, V3_4, Version

LONGEST_ID = V3_4.message_id_size - 1
"""Octets of a message_id without its NUL, SMPP v3.4 §5.2.23."""

LONGEST_TAG = 5
"""Octets of a tag: ids of up to 59 octets can be tagged."""

_ALIAS_MARK = b"_"
_MOST_3_3 = 1 << 32


class MessageIds:
    """Tags, and what they stand for.

    :param smscs: all SMSCs, with different tags.
    """

    def __init__(self, smscs: Iterable[Smsc]) -> None:
        self._by_tag = {smsc.tag: smsc for smsc in smscs}
        self._sizes = tuple(sorted({len(tag) for tag in self._by_tag if tag}))

    def tagged(self, tag: bytes) -> Smsc | None:
        """The SMSC of that tag."""
        return self._by_tag.get(tag)

    def split(self, message_id: bytes) -> tuple[Smsc, bytes] | None:
        """SMSC and its own id, of an id that begins with a tag; None for any other."""
        for size in self._sizes:
            smsc = self._by_tag.get(message_id[:size])
            if smsc is not None:
                return smsc, message_id[size:]
        return None


def longest_taggable(tag: bytes, version: Version) -> int:
    """Octets that an SMSC's id may have to be tagged for a peer of ``version``; -1 for none."""
    # A number with something in front is no number.
    return -1 if version.hex_message_ids else LONGEST_ID - len(tag)


def longest_untouched(version: Version) -> int:
    """Octets that an SMSC's id may have to go to a peer of ``version`` as it is."""
    return version.message_id_size - 1


def alias(number: int, version: Version) -> bytes:
    """The ``number``-th alias, as a peer of ``version`` can take it."""
    if version is V3_3:
        return b"%08X" % (number % _MOST_3_3)
    return _ALIAS_MARK + b"%x" % number


def alias_in(message_id: bytes, version: Version) -> bytes:
    """The alias that a peer of ``version`` may mean; empty where it can mean none.

    For 3.3 it is a number: zeros in front and the case of letters do not matter.
    """
    if message_id.startswith(_ALIAS_MARK):
        return message_id
    size = V3_3.message_id_size - 1
    if version is V3_3 and len(message_id) <= size:
        return message_id.upper().rjust(size, b"0")
    return b""
