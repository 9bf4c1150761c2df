"""The id that an ESME is given ⇄ the SMSC and its own id.

The tag of its SMSC in front makes an id unique. No tag is the beginning of another, so a separator
is not needed, and ids stay words of letters and digits for ESMEs that parse receipts with a
pattern. An id that cannot be tagged, because it would be too long or because a peer of SMPP 3.3
takes numbers only, gets an alias: a number of the gate's, with ``_`` in front except for 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable

from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.id_key import LONGEST_ID
from smppgate.txsmpp.versions import V3_3, Version

_ALIAS_PREFIX = b"_"

# Aliases for a peer of SMPP 3.3 are numbers of 32 bits, and begin again after that many.
_ALIASES_IN_3_3 = 1 << 32


class MessageIds:
    """Tag → SMSC.

    :param smscs: all SMSCs. Their tags differ, and no tag is the beginning of another.
    """

    def __init__(self, smscs: Iterable[Smsc]) -> None:
        self._by_tag = {smsc.tag: smsc for smsc in smscs}
        self._measure()

    def add(self, smsc: Smsc) -> None:
        """Know the ids of ``smsc`` from now on."""
        self._by_tag[smsc.tag] = smsc
        self._measure()

    def remove(self, smsc: Smsc) -> None:
        """Know the ids of ``smsc`` no more."""
        if self._by_tag.get(smsc.tag) is smsc:
            del self._by_tag[smsc.tag]
        self._measure()

    def _measure(self) -> None:
        self._sizes = tuple(sorted({len(tag) for tag in self._by_tag if tag}))

    def tagged(self, tag: bytes) -> Smsc | None:
        """The SMSC with this tag; None if no SMSC has it."""
        return self._by_tag.get(tag)

    def split(self, message_id: bytes) -> tuple[Smsc, bytes] | None:
        """The SMSC and its own id, for an id that begins with a tag; None for any other."""
        for size in self._sizes:
            smsc = self._by_tag.get(message_id[:size])
            if smsc is not None:
                return smsc, message_id[size:]
        return None


def in_name_of(tag: bytes, message_id: bytes) -> bytes:
    """An id that no ESME was given, with the tag of the SMSC that wrote it.

    It has at most the specification's 64 octets: of a longer one the end is lost.
    """
    return (tag + message_id)[:LONGEST_ID]


def longest_taggable(tag: bytes, version: Version) -> int:
    """Octets that an SMSC's id may have to be tagged for a peer of ``version``; -1 for none."""
    # In 3.3 an id is a number, and with a tag in front it is not.
    return -1 if version.hex_message_ids else longest_untouched(version) - len(tag)


def longest_untouched(version: Version) -> int:
    """Octets that an SMSC's id may have to be given to a peer of ``version`` as it is."""
    return version.message_id_size - 1


def alias(number: int, version: Version) -> bytes:
    """The ``number``-th alias, in the form for a peer of ``version``."""
    if version is V3_3:
        return b"%08X" % (number % _ALIASES_IN_3_3)
    return _ALIAS_PREFIX + b"%x" % number


def alias_in(message_id: bytes, version: Version) -> bytes:
    """The alias that ``message_id`` from a peer of ``version`` may be; empty if it is none.

    In 3.3 an alias is a number: zeros in front and the case of letters do not matter.
    """
    if message_id.startswith(_ALIAS_PREFIX):
        return message_id
    size = V3_3.message_id_size - 1
    if version is V3_3 and len(message_id) <= size:
        return message_id.upper().rjust(size, b"0")
    return b""
