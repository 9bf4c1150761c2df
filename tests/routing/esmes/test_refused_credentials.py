"""Refused credentials are refused again for a while, and passwords are not kept."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.esmes.refused_credentials import LASTING, RefusedCredentials
from smppgate.txsmpp.constants import CommandStatus

SECONDS, MOST = 30.0, 4

KEY = bytes(range(32))

WRONG_PASSWORD, UNKNOWN_NAME = CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID

names = st.binary(max_size=15).map(lambda name: name.replace(b"\0", b"x"))
passwords = st.binary(max_size=64).map(lambda password: password.replace(b"\0", b"x"))


def test_a_refusal_counts_for_its_time_and_no_longer() -> None:
    refused = RefusedCredentials(KEY)
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, WRONG_PASSWORD, 100.0)
    assert refused.status(digest, 100.0) == WRONG_PASSWORD
    assert refused.status(digest, 129.9) == WRONG_PASSWORD
    assert refused.status(digest, 130.0) is None
    assert len(refused) == 0


def test_a_look_up_does_not_lengthen_the_time_of_a_refusal() -> None:
    """An ESME that tries each second is let through to the SMSC when the time is over."""
    refused = RefusedCredentials(KEY)
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, UNKNOWN_NAME, 0.0)
    statuses = [refused.status(digest, float(second)) for second in range(40)]
    assert statuses == [UNKNOWN_NAME] * 30 + [None] * 10


def test_the_latest_refusal_counts() -> None:
    refused = RefusedCredentials(KEY)
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, UNKNOWN_NAME, 0.0)
    refused.add(digest, WRONG_PASSWORD, 20.0)
    assert refused.status(digest, 49.0) == WRONG_PASSWORD
    assert len(refused) == 1


@given(st.integers(0, 0xFFFFFFFF))
def test_only_statuses_about_the_credentials_are_kept(status: int) -> None:
    """A fault of the SMSC may be over in a second."""
    refused = RefusedCredentials(KEY)
    digest = refused.digest(b"acme", b"wrong")
    refused.add(digest, status, 0.0)
    remembered = refused.status(digest, 0.0)
    assert remembered == (status if status in (0x0E, 0x0F) else None)


@given(st.tuples(names, passwords), st.tuples(names, passwords))
def test_other_credentials_are_not_refused(
    one: tuple[bytes, bytes], other: tuple[bytes, bytes]
) -> None:
    """Neither another password with the same system_id, nor the same octets divided otherwise."""
    refused = RefusedCredentials(KEY)
    refused.add(refused.digest(*one), WRONG_PASSWORD, 0.0)
    status = refused.status(refused.digest(*other), 0.0)
    assert status == (WRONG_PASSWORD if one == other else None)


def test_the_digest_depends_on_the_key_and_the_password_is_not_kept() -> None:
    """Without the key, a table of passwords does not lead from a digest to its password."""
    keys = [bytes([octet]) * 32 for octet in range(5)]
    assert len({RefusedCredentials(key).digest(b"acme", b"SECRET-1") for key in keys}) == 5
    refused = RefusedCredentials(KEY)
    refused.add(refused.digest(b"acme", b"SECRET-1"), WRONG_PASSWORD, 0.0)
    assert b"SECRET-1" not in pickle.dumps(vars(refused))


class Remembering(RuleBasedStateMachine):
    """Beside a list of all refusals."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = RefusedCredentials(KEY, SECONDS, MOST)
        self.now = 0.0
        self.refusals: list[tuple[bytes, int, float]] = []

    @rule(
        name=st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"]), status=st.integers(0x0C, 0x10)
    )
    def refuse(self, name: bytes, status: int) -> None:
        """An SMSC refuses a bind."""
        digest = self.refused.digest(name, b"wrong")
        self.refused.add(digest, status, self.now)
        if status in LASTING:
            self.refusals = [each for each in self.refusals if each[0] != digest]
            self.refusals.append((digest, status, self.now))

    @rule(seconds=st.floats(0.0, 20.0))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def the_newest_refusals_count_until_their_time_is_over(self) -> None:
        newest = self.refusals[-MOST:]
        counting = {digest: status for digest, status, at in newest if at + SECONDS > self.now}
        for digest, _, _ in self.refusals:
            assert self.refused.status(digest, self.now) == counting.get(digest)
        assert len(self.refused) <= MOST


TestRemembering = Remembering.TestCase
