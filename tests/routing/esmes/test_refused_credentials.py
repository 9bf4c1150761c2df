"""Credentials that were refused are refused again for a while, and nothing is kept of them."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.esmes.refused_credentials import LASTING, RefusedCredentials
from smppgate.txsmpp.constants import CommandStatus

SECONDS, MOST = 30.0, 4

WRONG_PASSWORD, UNKNOWN_NAME = CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID

names = st.binary(max_size=15).map(lambda name: name.replace(b"\0", b"x"))
passwords = st.binary(max_size=64).map(lambda password: password.replace(b"\0", b"x"))


def test_a_refusal_is_believed_for_its_time_and_not_a_moment_longer() -> None:
    refused = RefusedCredentials()
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, WRONG_PASSWORD, 100.0)
    assert refused.status(digest, 100.0) == WRONG_PASSWORD
    assert refused.status(digest, 129.9) == WRONG_PASSWORD
    assert refused.status(digest, 130.0) is None
    assert len(refused) == 0


def test_asking_does_not_make_a_refusal_last() -> None:
    """An ESME that tries each second is let through to the SMSC when the time is over."""
    refused = RefusedCredentials()
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, UNKNOWN_NAME, 0.0)
    told = [refused.status(digest, float(second)) for second in range(40)]
    assert told == [UNKNOWN_NAME] * 30 + [None] * 10


def test_the_latest_refusal_counts() -> None:
    refused = RefusedCredentials()
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, UNKNOWN_NAME, 0.0)
    refused.add(digest, WRONG_PASSWORD, 20.0)
    assert refused.status(digest, 49.0) == WRONG_PASSWORD
    assert len(refused) == 1


@given(st.integers(0, 0xFFFFFFFF))
def test_only_what_speaks_of_the_credentials_is_remembered(status: int) -> None:
    """Not a fault of the SMSC's that may be over in a second."""
    refused = RefusedCredentials()
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, status, 0.0)
    remembered = refused.status(digest, 0.0)
    assert remembered == (status if status in (0x0E, 0x0F) else None)


@given(st.tuples(names, passwords), st.tuples(names, passwords))
def test_other_credentials_are_not_refused(
    one: tuple[bytes, bytes], other: tuple[bytes, bytes]
) -> None:
    """Neither another password of the same name, nor the same octets divided otherwise."""
    refused = RefusedCredentials()
    refused.add(refused.digest(*one), WRONG_PASSWORD, 0.0)
    told = refused.status(refused.digest(*other), 0.0)
    assert told == (WRONG_PASSWORD if one == other else None)


def test_nothing_is_kept_that_a_password_could_be_found_from() -> None:
    """The digest is another in each process, so that no table of passwords leads back."""
    digests = {RefusedCredentials().digest(b"acme", b"SECRET-1") for _ in range(5)}
    assert len(digests) == 5
    refused = RefusedCredentials()
    refused.add(refused.digest(b"acme", b"SECRET-1"), WRONG_PASSWORD, 0.0)
    assert b"SECRET-1" not in pickle.dumps(vars(refused))


class Remembering(RuleBasedStateMachine):
    """Against a list of everything that was ever refused."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = RefusedCredentials(SECONDS, MOST)
        self.now = 0.0
        self.told: list[tuple[bytes, int, float]] = []

    @rule(
        name=st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"]), status=st.integers(0x0C, 0x10)
    )
    def refuse(self, name: bytes, status: int) -> None:
        """An SMSC says no."""
        digest = self.refused.digest(name, b"wrong")
        self.refused.add(digest, status, self.now)
        if status in LASTING:
            self.told = [known for known in self.told if known[0] != digest]
            self.told.append((digest, status, self.now))

    @rule(seconds=st.floats(0.0, 20.0))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def believes_the_newest_that_are_not_over(self) -> None:
        """As many as it may, each as long as it should."""
        believed = {
            digest: status for digest, status, at in self.told[-MOST:] if at + SECONDS > self.now
        }
        for digest, _, _ in self.told:
            assert self.refused.status(digest, self.now) == believed.get(digest)
        assert len(self.refused) <= MOST


TestRemembering = Remembering.TestCase
