"""Checks of what ``[listen.tls]``, ``[smsc.tls]`` and ``[[esme]] certificate`` have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from smppgate.settings.checks import shown
from smppgate.settings.texts import FilePath, Text
from smppgate.settings.tls_context import ciphers_fault

DIGEST = "sha256:"
"""What the digest of a certificate begins with, in place of a name."""

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9_.:-]+")


@attrs.frozen
class PemFile(FilePath):
    """The path of a file of certificates or keys."""

    is_needed: bool = False

    @property
    def allowed(self) -> str:
        """What is in it."""
        return f"path of a PEM file{'' if self.is_needed else ', or empty'}"

    @property
    def is_placed(self) -> bool:
        """True."""
        return True

    def faults(self, text: str) -> Iterator[str]:
        """As of `FilePath`; ``text`` is empty where a file is needed."""
        if self.is_needed and not text:
            yield "must not be empty"
        yield from super().faults(text)


@attrs.frozen
class Ciphers(Text):
    """OpenSSL's list of ciphers, or empty."""

    @property
    def allowed(self) -> str:
        """Whose notation it is."""
        return "OpenSSL's list of ciphers, or empty"

    def faults(self, text: str) -> Iterator[str]:
        """OpenSSL knows none of them."""
        fault = ciphers_fault(text) if text else ""
        if fault:
            yield fault


@attrs.frozen
class ServerName(Text):
    """A name or an address that a certificate is for, or empty."""

    @property
    def allowed(self) -> str:
        """What it is."""
        return "name or address of a host, or empty"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has characters that no host has."""
        if text and not _HOST.fullmatch(text):
            yield f"must be the name or the address of a host, not {shown(text)}"


@attrs.frozen
class CertificateName(Text):
    """A name in a certificate, its digest, or empty."""

    @property
    def allowed(self) -> str:
        """Both forms."""
        return f"a name, `{DIGEST}` and 64 hexadecimal digits, or empty"

    def tidy(self, value: object) -> object:
        """A digest in small letters and without colons."""
        if not isinstance(value, str) or not value.lower().startswith(DIGEST):
            return value
        return DIGEST + value[len(DIGEST) :].replace(":", "").lower()

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has control characters, or is half a digest."""
        if _CONTROL.search(text):
            yield "must have no control characters"
        if text.startswith(DIGEST) and not _HEX_DIGEST.fullmatch(text[len(DIGEST) :]):
            yield f"must be {DIGEST} and 64 hexadecimal digits, not {shown(text)}"
