"""Text of messages: the GSM 03.38 default alphabet, and UCS-2.

The alphabet has one octet per character here, as SMSCs take it with data_coding 0; packing into
seven bits is theirs. Its tables are small enough to be written out, and `str.translate` with
them is faster than the libraries there are.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import DataCoding

ESCAPE = 0x1B
"""In the GSM alphabet: the octet behind it means something else."""

# 3GPP TS 23.038 §6.2.1, octets 0x00 to 0x7F in order. 0x1B is no character.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

# 3GPP TS 23.038 §6.2.1.1, what an octet means behind 0x1B.
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

# Octets are written as the characters of the same number, which Latin 1 then makes octets.
_TO_OCTETS: dict[int, int | str] = {
    **{ord(character): octet for octet, character in enumerate(_BASIC) if octet != ESCAPE},
    **{ord(each): f"{chr(ESCAPE)}{chr(octet)}" for octet, each in _EXTENSION.items()},
}
_ALPHABET = frozenset(map(chr, _TO_OCTETS))

_FROM_OCTETS = {octet: _BASIC[octet] if octet < 0x80 else "\ufffd" for octet in range(0x100)}

_CODECS: dict[int, str] = {
    DataCoding.IA5: "ascii",
    DataCoding.LATIN_1: "latin-1",
    DataCoding.CYRILLIC: "iso8859-5",
    DataCoding.HEBREW: "iso8859-8",
}


# data_coding of message class 0, 3GPP TS 23.038 §4; that for the GSM alphabet is in SMPP v3.4
# §5.2.19 too.
_GSM_CLASS, _UCS2_CLASS = 0xF0, 0x18


def encode_text(text: str, message_class: int | None = None) -> tuple[int, bytes]:
    """data_coding and octets of ``text``: the GSM alphabet where it can, else UCS-2.

    Characters beyond UCS-2 become surrogate pairs; a lone surrogate becomes ``?``.

    :param message_class: 0 to 3 where data_coding says one: 0 is shown at once and not kept, a
        "flash" message; 1 is kept in the telephone, 2 on the SIM, 3 elsewhere.
    :raises TypeError: when ``text`` is no ``str``.
    :raises ValueError: for another message class.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, not {type(text).__name__}")
    if message_class is not None and not 0 <= message_class <= 3:
        raise ValueError(f"a message class is 0 to 3, not {message_class}")
    is_narrow = _ALPHABET.issuperset(text)
    if message_class is None:
        data_coding = int(DataCoding.MC_SPECIFIC if is_narrow else DataCoding.UCS2)
    else:
        data_coding = (_GSM_CLASS if is_narrow else _UCS2_CLASS) | message_class
    if is_narrow:
        return data_coding, text.translate(_TO_OCTETS).encode("latin-1")
    return data_coding, _without_surrogates(text).encode("utf-16-be")


def decode_text(octets: bytes, data_coding: int) -> str:
    """The text that ``octets`` are under ``data_coding`` (one octet).

    Nothing is refused: octets that mean nothing become U+FFFD, and what is no text (8-bit data,
    unknown codings) is read as Latin 1, which loses none.
    """
    if is_gsm(data_coding):
        return _decode_gsm(octets)
    if is_ucs2(data_coding):
        # A superset that also reads the surrogate pairs which phones send for emoji.
        return octets.decode("utf-16-be", "replace")
    return octets.decode(_CODECS.get(data_coding, "latin-1"), "replace")


def is_gsm(data_coding: int) -> bool:
    """Whether ``data_coding`` (one octet) is the GSM alphabet, with or without a message class."""
    # 0xF0 to 0xFF and 0x10 to 0x1F are message classes; the bits behind that say the alphabet.
    return (
        data_coding == DataCoding.MC_SPECIFIC
        or data_coding & 0xF4 == 0xF0
        or data_coding & 0xFC == 0x10
    )


def is_ucs2(data_coding: int) -> bool:
    """Whether ``data_coding`` (one octet) is UCS-2, with or without a message class."""
    return data_coding == DataCoding.UCS2 or data_coding & 0xFC == _UCS2_CLASS


def _decode_gsm(octets: bytes) -> str:
    if ESCAPE not in octets:
        return octets.decode("latin-1").translate(_FROM_OCTETS)
    parts = []
    following = iter(octets)
    for octet in following:
        if octet == ESCAPE:
            parts.append(_escaped(next(following, None)))
        else:
            parts.append(_FROM_OCTETS[octet])
    return "".join(parts)


def _escaped(octet: int | None) -> str:
    """The character behind an escape; an unknown one is its own, as §6.2.1.1 says."""
    if octet is None or octet == ESCAPE:
        return " "
    return _EXTENSION.get(octet, _FROM_OCTETS[octet])


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
