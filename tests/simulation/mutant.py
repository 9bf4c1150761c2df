"""`Mutant`: a deliberate fault of the gate, and `mutant`, which enters one.

A mutant is a name, a sentence that says what is wrong with the gate while it is in, and what it
puts in place of what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import frozen
from twisted.python.failure import Failure


@frozen
class Mutant:
    """One fault.

    :param owner: what has the attribute `attribute`.
    :param make: from what is there to what is there instead.
    :param moods: which every seed has when it is looked for, as it would hardly be found without.
    """

    name: str
    sentence: str
    owner: Any
    attribute: str
    make: Callable[[Any], Any]
    moods: tuple[str, ...] = ()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The gate has the fault meanwhile."""
        is_own = self.attribute in vars(self.owner)
        before = vars(self.owner)[self.attribute] if is_own else None
        replacement = self.make(getattr(self.owner, self.attribute))
        setattr(self.owner, self.attribute, replacement)
        try:
            yield
        finally:
            if is_own:
                setattr(self.owner, self.attribute, before)
            else:
                delattr(self.owner, self.attribute)


MUTANTS: dict[str, Mutant] = {}

_files: set[str] = set()
"""Where mutants are made."""


class StaleMutant(Exception):
    """A mutant uses names that the gate does not have any more: it proves nothing."""

    @staticmethod
    def is_cause_of(failure: Failure) -> bool:
        """Whether something has failed in a mutant's own code, and for want of a name."""
        frames = failure.frames
        is_own = bool(frames) and frames[-1][1] in _files
        if "<locals>" in failure.getErrorMessage() and failure.check(TypeError):
            # The gate calls what is made there, a function in a function, with other arguments.
            return True
        return is_own and failure.check(AttributeError, NameError, TypeError) is not None


def mutant(
    owner: Any, attribute: str, sentence: str, *moods: str, table: dict[str, Mutant] = MUTANTS
) -> Callable[[Any], Any]:
    """Enter the decorated function, which makes the replacement, under its own name in ``table``.

    Those of `MUTANTS` are of the world of one gate.
    """

    def enter(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = make.__name__.strip("_").replace("_", "-")
        table[name] = Mutant(name, sentence, owner, attribute, make, moods)
        _files.add(make.__code__.co_filename)
        return make

    return enter
