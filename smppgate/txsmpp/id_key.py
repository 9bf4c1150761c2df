"""A message_id as an SMSC gave it, and the form of it under which it is looked up.

SMSCs have been seen to give ids with blanks around them, without the NUL, and longer than the
specification's 64 octets; a PDU can hold one of 65 535. Whatever a table keeps is of a known size.
"""

from __future__ import annotations

from hashlib import blake2b

from smppgate.txsmpp.frame import HEADER_SIZE, spliced

LONGEST_ID = 64
"""Octets of a message_id without its NUL, SMPP v3.4 §5.2.23."""

_KEPT = 21
"""Octets of a long id that stay readable; a mark and 42 octets of a digest follow them."""


def id_key(message_id: bytes) -> bytes:
    """``message_id`` up to its first NUL, without blanks around it, in 64 octets or less.

    Of a longer one its beginning and a digest of all of it: the same for the same id, whether it
    stood in a resp, a TLV or a text. ``id_key(id_key(x)) == id_key(x)``.
    """
    key = message_id.partition(b"\0")[0].strip()
    if len(key) <= LONGEST_ID:
        return key
    digest = blake2b(key, digest_size=LONGEST_ID - _KEPT - 1 >> 1).hexdigest()
    return b"%b#%b" % (key[:_KEPT], digest.encode())


def given_id(octets: bytes) -> bytes:
    """The message_id in a whole submit_sm_resp or data_sm_resp, without blanks around it.

    One whose NUL is missing ends with the PDU; ``b""`` where the body is missing or begins with
    NUL. It is as long as the SMSC has made it; see `id_key`.
    """
    return octets[HEADER_SIZE:].partition(b"\0")[0].strip()


def with_given_id(octets: bytes, message_id: bytes) -> bytes:
    """A whole submit_sm_resp or data_sm_resp with this id, of 1 to 64 octets without its NUL.

    It takes the place of the one that is there with the blanks around that. It has a NUL behind
    it also where that had none; all that follows stays.
    """
    end = octets.find(0, HEADER_SIZE)
    if end < 0:
        return spliced(octets, HEADER_SIZE, len(octets), message_id + b"\0")
    return spliced(octets, HEADER_SIZE, end, message_id)
