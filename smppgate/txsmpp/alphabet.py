"""Text of messages: the GSM 03.38 default alphabet, and UCS-2.

The alphabet has one octet per character here, as SMSCs take it with data_coding 0; packing into
seven bits is theirs. Its tables are small enough to be written out, and `str.translate` with
them is faster than the libraries there are.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import DataCoding

_ESCAPE = 0x1B

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
    **{ord(character): octet for octet, character in enumerate(_BASIC) if octet != _ESCAPE},
    **{ord(each): f"{chr(_ESCAPE)}{chr(octet)}" for octet, each in _EXTENSION.items()},
}
_ALPHABET = frozenset(map(chr, _TO_OCTETS))

_FROM_OCTETS = {octet: _BASIC[octet] if octet < 0x80 else "\ufffd" for octet in range(0x100)}

_CODECS: dict[int, str] = {
    DataCoding.IA5: "ascii",
    DataCoding.LATIN_1: "latin-1",
    DataCoding.CYRILLIC: "iso8859-5",
    DataCoding.HEBREW: "iso8859-8",
    # A superset that also reads the surrogate pairs which phones send for emoji.
    DataCoding.UCS2: "utf-16-be",
}


def encode_text(text: str) -> tuple[int, bytes]:
    """data_coding and octets of ``text``: the GSM alphabet where it can, else UCS-2.

    Characters beyond UCS-2 become surrogate pairs; a lone surrogate becomes ``?``.
    """
    if _ALPHABET.issuperset(text):
        return DataCoding.MC_SPECIFIC, text.translate(_TO_OCTETS).encode("latin-1")
    return DataCoding.UCS2, _without_surrogates(text).encode("utf-16-be")


def decode_text(octets: bytes, data_coding: int) -> str:
    """The text that ``octets`` are under ``data_coding`` (one octet).

    Nothing is refused: octets that mean nothing become U+FFFD, and what is no text (8-bit data,
    unknown codings) is read as Latin 1, which loses none.
    """
    if _is_gsm(data_coding):
        return _decode_gsm(octets)
    return octets.decode(_CODECS.get(_kind(data_coding), "latin-1"), "replace")


def _is_gsm(data_coding: int) -> bool:
    # 0xF0 to 0xFF are the GSM message classes, 3GPP TS 23.038 §4; bit 2 says 8-bit data.
    return data_coding == DataCoding.MC_SPECIFIC or data_coding & 0xF4 == 0xF0


def _kind(data_coding: int) -> int:
    # In the upper half, data_coding is GSM's and the numbers below mean nothing.
    return data_coding if data_coding < 0x80 else DataCoding.OCTETS


def _decode_gsm(octets: bytes) -> str:
    if _ESCAPE not in octets:
        return octets.decode("latin-1").translate(_FROM_OCTETS)
    parts = []
    following = iter(octets)
    for octet in following:
        if octet == _ESCAPE:
            parts.append(_escaped(next(following, None)))
        else:
            parts.append(_FROM_OCTETS[octet])
    return "".join(parts)


def _escaped(octet: int | None) -> str:
    """The character behind an escape; an unknown one is its own, as §6.2.1.1 says."""
    if octet is None or octet == _ESCAPE:
        return " "
    return _EXTENSION.get(octet, _FROM_OCTETS[octet])


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
