"""Binds are admitted to an account, or refused with a status that says why."""

from __future__ import annotations

import hmac
from ipaddress import ip_network
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.esmes.accounts import Accounts, AllBindsInUse, BindRejected
from smppgate.routing.esmes.peer import Networks, Peer
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import FakeSession

BINDS = {
    "transmitter": CommandId.BIND_TRANSMITTER,
    "receiver": CommandId.BIND_RECEIVER,
    "transceiver": CommandId.BIND_TRANSCEIVER,
}
PASSWORD = b"p4ssw0rd-in-no-text"


def accounts(**changes: Any) -> Accounts[FakeSession]:
    return Accounts([fakes.account(password=PASSWORD, **changes)])


def acme(of: Accounts[FakeSession]) -> Account[FakeSession]:
    account = of.named(b"acme")
    assert account is not None
    return account


def rejected(
    of: Accounts[FakeSession],
    command_id: int = CommandId.BIND_TRANSCEIVER,
    system_id: bytes = b"acme",
    password: bytes = PASSWORD,
) -> BindRejected:
    with pytest.raises(BindRejected) as caught:
        of.admit(command_id, system_id, password)
    return caught.value


@pytest.mark.parametrize("command_id", BINDS.values(), ids=BINDS)
def test_system_id_and_password_admit_to_the_account(command_id: int) -> None:
    account = fakes.account(password=PASSWORD)
    admitted = Accounts([fakes.account("other"), account]).admit(command_id, b"acme", PASSWORD)
    assert admitted is account


@pytest.mark.parametrize("system_id", [b"", b"acm", b"ACME", b"acme ", b"\xff\xfe"])
def test_an_unknown_system_id_is_refused_with_0x0f(system_id: bytes) -> None:
    assert rejected(accounts(), system_id=system_id).command_status == 0x0F


@pytest.mark.parametrize(
    "password", [b"", PASSWORD[:-1], PASSWORD + b"x", PASSWORD.upper(), b"\xff"]
)
def test_a_wrong_password_is_refused_with_0x0e(password: bytes) -> None:
    assert rejected(accounts(), password=password).command_status == 0x0E


@pytest.mark.parametrize(("kind", "command_id"), BINDS.items(), ids=BINDS)
def test_a_kind_of_bind_that_is_not_allowed_is_refused_with_0x0d(
    kind: str, command_id: int
) -> None:
    others = frozenset(BINDS) - {kind}
    assert rejected(accounts(binds=others), command_id).command_status == 0x0D
    for other in others:
        accounts(binds=others).admit(BINDS[other], b"acme", PASSWORD)


def test_a_wrong_password_is_refused_before_limits_are_looked_at() -> None:
    """Without the password, a peer learns no more of the account than that it exists."""
    of = accounts(binds=frozenset())
    assert rejected(of, password=b"guess").command_status == 0x0E


@given(
    st.sampled_from(sorted(BINDS.values())),
    st.sampled_from([b"acme", b"other"]),
    st.sampled_from([PASSWORD, b"guess"]),
    st.frozensets(st.sampled_from(sorted(BINDS))),
)
def test_no_refusal_is_taken_for_success(
    command_id: int, system_id: bytes, password: bytes, binds: frozenset[str]
) -> None:
    """Kannel counts 0x05, ESME_RALYBND, as a bind that worked."""
    answered = CommandStatus.ESME_ROK
    try:
        accounts(binds=binds).admit(command_id, system_id, password)
    except BindRejected as rejection:
        answered = CommandStatus(rejection.command_status)
    assert answered in {0x00, 0x0F, 0x0E, 0x0D}
    is_known = system_id == b"acme" and password == PASSWORD
    allowed = {BINDS[kind] for kind in binds}
    assert (answered == CommandStatus.ESME_ROK) == (is_known and command_id in allowed)


def test_the_password_is_in_no_text() -> None:
    of = accounts()
    account = acme(of)
    account.add(FakeSession())
    refused = (
        AllBindsInUse(2),
        rejected(of, password=PASSWORD + b"x"),
        rejected(of, system_id=b"other"),
        rejected(accounts(binds=frozenset())),
    )
    for text in (repr(account), str(account), repr(of), *map(str, refused), *map(repr, refused)):
        assert PASSWORD.decode() not in text


@pytest.mark.parametrize("system_id", [b"acme", b"unknown"])
def test_known_and_unknown_system_ids_cost_the_same_comparison(
    system_id: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One `hmac.compare_digest` with the password of the bind."""
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def counting(expected: bytes, given: bytes) -> bool:
        compared.append(given)
        return compare(expected, given)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    rejected(accounts(), system_id=system_id, password=b"guess")
    assert compared == [b"guess"]


def test_accounts_are_found_by_their_exact_system_ids() -> None:
    account = fakes.account("acme")
    of = Accounts([account])
    assert of.named(b"acme") is account
    assert of.named(b"ACME") is None
    assert of.named(b"*") is None


# Binds that an SMSC judges, and accounts derived from the wildcard


def asks(system_id: str = "acme", **changes: Any) -> Account[FakeSession]:
    """An account whose binds an SMSC judges."""
    account = fakes.account(system_id, b"")
    account.change(attrs.evolve(account.policy, asks_smsc=True, **changes))
    return account


def admitted(of: Accounts[FakeSession], system_id: bytes = b"stranger") -> Account[FakeSession]:
    return of.admit(CommandId.BIND_TRANSCEIVER, system_id, b"any")


def test_a_password_that_an_smsc_judges_is_not_judged_here() -> None:
    account = asks()
    assert admitted(Accounts([account]), b"acme") is account


def test_names_fold_as_accounts_come_change_and_go() -> None:
    """A bind is admitted as it would be to the accounts that are there now."""
    account, other = asks(folds_case=True), asks("other")
    of = Accounts([other])
    assert rejected(of, system_id=b"ACME").command_status == 0x0F
    of.add(account)
    assert admitted(of, b"ACME") is account
    of.change(account, attrs.evolve(account.policy, folds_case=False))
    assert rejected(of, system_id=b"ACME").command_status == 0x0F
    of.change(other, attrs.evolve(other.policy, folds_case=True))
    assert admitted(of, b"OTHER") is other
    of.remove(other)
    assert rejected(of, system_id=b"OTHER").command_status == 0x0F


def test_the_kind_of_a_bind_is_judged_here_all_the_same() -> None:
    of = Accounts([asks(binds=frozenset({"receiver"}))])
    assert rejected(of).command_status == 0x0D


def test_a_system_id_without_an_account_is_admitted_to_one_like_the_wildcards() -> None:
    account, wildcard = fakes.account("acme", PASSWORD), asks("*")
    of = Accounts([wildcard, account])
    assert of.admit(CommandId.BIND_RECEIVER, b"acme", PASSWORD) is account
    assert rejected(of, password=b"guess").command_status == 0x0E
    stranger = admitted(of)
    assert stranger.system_id == "stranger"
    assert stranger.policy is wildcard.policy


def test_a_wildcard_with_a_password_admits_with_that_password_only() -> None:
    of = Accounts([fakes.account("*", PASSWORD)])
    assert of.admit(CommandId.BIND_RECEIVER, b"stranger", PASSWORD).system_id == "stranger"
    assert rejected(of, system_id=b"stranger", password=b"guess").command_status == 0x0E


@pytest.mark.parametrize("system_id", [b"*", b"", b"a\nb", b"\x1b[2J", b"caf\xe9", b"a\x7f"])
def test_the_wildcard_refuses_system_ids_that_are_not_plain_text(system_id: bytes) -> None:
    """They would go into the log; and ``*`` is the wildcard's own."""
    assert rejected(Accounts([asks("*")]), system_id=system_id).command_status == 0x0F


def test_sessions_of_one_system_id_share_an_account_while_one_of_them_is_bound() -> None:
    of = Accounts([asks("*")])
    account, first, second = admitted(of), FakeSession(), FakeSession(state=State.BOUND_TX)
    account.add(first)
    assert admitted(of) is account
    account.add(second)
    account.remove(first)
    assert of.named(b"stranger") is account
    account.remove(second)
    assert of.named(b"stranger") is None
    assert admitted(of) is not account


def test_derived_accounts_of_different_system_ids_share_no_sessions() -> None:
    of = Accounts([asks("*", max_binds=1)])
    one, other, session = admitted(of, b"one"), admitted(of, b"other"), FakeSession()
    one.add(session)
    other.add(FakeSession())
    assert one.receiver() is session
    assert of.named(b"one") is one
    assert of.named(b"other") is other


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.booleans()), max_size=30))
def test_a_derived_account_is_known_exactly_while_it_has_sessions(
    events: list[tuple[bytes, bool]],
) -> None:
    """Also if binds were admitted to it and no session was added."""
    of = Accounts([asks("*", max_binds=100)])
    bound: dict[bytes, list[FakeSession]] = {b"a": [], b"b": [], b"c": []}
    for name, binds in events:
        account = admitted(of, name)
        if binds:
            bound[name].append(FakeSession())
            account.add(bound[name][-1])
        elif bound[name]:
            account.remove(bound[name].pop())
        assert {n for n in bound if of.named(n) is not None} == {n for n in bound if bound[n]}
        assert len(of._derived) <= sum(map(len, bound.values()))


# Hashes, addresses and certificates

HASH = "$scrypt$ln=14,r=8,p=1$salt$hash"
HERE, ELSEWHERE = Peer("10.0.0.7"), Peer("192.0.2.7")
NETWORKS = Networks((ip_network("10.0.0.0/8"),))


def guarded(**changes: Any) -> Accounts[Any]:
    """An account with a password, and with other rules beside."""
    return Accounts([Account("acme", AccountPolicy(password=PASSWORD, **changes))])


def with_hash(**changes: Any) -> Accounts[Any]:
    policy = AccountPolicy(password_hash=HASH, **changes)
    return Accounts([Account("acme", policy)])


def status_of(of: Accounts[Any], *more: Any, password: bytes = b"any") -> int:
    """The status that a bind of acme is answered."""
    try:
        of.admit(CommandId.BIND_TRANSCEIVER, b"acme", password, *more)
    except BindRejected as error:
        return int(error.command_status)
    return 0


@pytest.mark.parametrize(
    ("proven", "status"), [(HASH, 0), ("", 0x0E), (HASH[:-1], 0x0E), (HASH + "x", 0x0E)]
)
def test_a_hash_is_proven_elsewhere(proven: str, status: int) -> None:
    """The password itself lets nobody in, an empty one neither."""
    for password in (b"", b"any", HASH.encode()):
        assert status_of(with_hash(), HERE, proven, password=password) == status


def test_a_proof_is_none_for_an_account_without_a_hash() -> None:
    assert status_of(accounts(), HERE, HASH) == 0x0E
    assert status_of(accounts(), HERE, "") == 0x0E
    assert status_of(accounts(), HERE, "", password=PASSWORD) == 0


def test_which_hash_a_bind_is_compared_with() -> None:
    """None where it is refused in any case, or judged by an SMSC."""
    assert with_hash().hash_for(b"acme", HERE) == HASH
    assert with_hash().hash_for(b"other", HERE) == ""
    assert with_hash(asks_smsc=True).hash_for(b"acme", HERE) == ""
    assert with_hash(allow=NETWORKS).hash_for(b"acme", HERE) == HASH
    assert with_hash(allow=NETWORKS).hash_for(b"acme", ELSEWHERE) == ""
    assert accounts().hash_for(b"acme", HERE) == ""


@pytest.mark.parametrize("password", [PASSWORD, b"wrong", b""])
@pytest.mark.parametrize("asks_smsc", [True, False])
def test_a_stranger_is_refused_whatever_its_password(password: bytes, asks_smsc: bool) -> None:
    """Also where an SMSC would judge it."""
    for changes in ({"allow": NETWORKS}, {"certificate": "acme.example"}):
        of = guarded(asks_smsc=asks_smsc, **changes)
        assert status_of(of, ELSEWHERE, password=password) == 0x0E
    of = guarded(allow=NETWORKS, certificate="acme.example")
    peer = Peer("10.0.0.7", frozenset({"acme.example"}))
    assert status_of(of, peer, password=PASSWORD) == 0
