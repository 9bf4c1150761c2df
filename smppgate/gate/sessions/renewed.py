"""`Renewed`: what is made of the files of certificates, and again where those have changed."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from smppgate.notices.esmes import CERTIFICATE_UNUSABLE
from smppgate.settings.certificates import read_files
from smppgate.txsmpp.log import Logger

M = TypeVar("M")


class Renewed(ABC, Generic[M]):
    """What is made of the files of certificates, and made again where those have changed.

    Connections from then on have what is new; those that are there keep theirs. Where the files
    cannot be used, what there was stays, and the log says why.

    :param title: what it belongs to, for the log.
    :ivar shown: whose certificates were read, and until when they are valid.
    """

    log = Logger()

    def __init__(self, title: str) -> None:
        self.title = title
        self.shown = ""
        self._made: M | None = None
        self._digest = b""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of its files."""

    @abstractmethod
    def _make(self) -> M:
        """What is to be made of the files as they are now."""

    @abstractmethod
    def _describe(self) -> str:
        """Whose certificates are in the files now, and until when they are valid."""

    @abstractmethod
    def _fault(self, error: Exception) -> str:
        """Which file cannot be used and why, in words."""

    def renew(self) -> None:
        """Read the files again if they have changed."""
        try:
            is_new = self._read()
        except Exception as error:
            # OpenSSL, cryptography and Twisted raise exceptions of many classes.
            reason = self._fault(error)
            self.log.tell(CERTIFICATE_UNUSABLE, endpoint=self.title, reason=reason)
            return
        if is_new:
            self._tell_new()

    def _read(self) -> bool:
        """Read the files, if they have changed; gives whether they have."""
        # First of all: files that change while they are read differ from it at the next look.
        digest = digest_of(self.names())
        if digest == self._digest:
            return False
        made, shown = self._make(), self._describe()
        self._made, self.shown, self._digest = made, shown, digest
        return True

    def _tell_new(self) -> None:
        self.log.info(
            "new certificate of {endpoint}: {certificate}",
            endpoint=self.title,
            certificate=self.shown,
        )


def digest_of(names: tuple[str, ...]) -> bytes:
    """A digest of what is in the files of these names.

    :raises OSError: where one cannot be read.
    """
    digest = hashlib.sha256()
    for name, contents in read_files(names).items():
        digest.update(b"%s %d " % (name.encode(errors="surrogateescape"), len(contents)))
        digest.update(contents)
    return digest.digest()
