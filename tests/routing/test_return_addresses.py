"""Where a receipt is brought to: the session that submitted, another of its account, nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.accounts import Account, Accounts
from smppgate.routing.return_addresses import NOBODY, ReturnAddresses
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.pdu import DataSm
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said


class Bound:
    """Two accounts, ``acme`` and ``other``, and the sessions bound to them."""

    def __init__(self) -> None:
        self.acme, self.other = fakes.account("acme"), fakes.account("other")
        self.addresses = ReturnAddresses(Accounts([self.acme, self.other]))

    def bind(
        self, account: Account[FakeSession], state: State = State.BOUND_TRX
    ) -> tuple[FakeSession, int]:
        session = FakeSession(state=state)
        account.add(session)
        return session, self.addresses.assign(account, session)

    def unbind(self, account: Account[FakeSession], session: FakeSession, address: int) -> None:
        account.remove(session)
        self.addresses.release(address)


def test_the_session_itself_comes_first() -> None:
    """Also when others of its account could take it, and whoever's turn it is."""
    gate = Bound()
    pairs = [gate.bind(gate.acme) for _ in range(3)]
    for _ in range(3):
        assert [gate.addresses.find(address) for _, address in pairs] == [s for s, _ in pairs]


def test_a_transmitter_gets_nothing_and_a_receiver_of_its_account_does() -> None:
    gate = Bound()
    _, address = gate.bind(gate.acme, State.BOUND_TX)
    receiver, _ = gate.bind(gate.acme, State.BOUND_RX)
    assert gate.addresses.find(address) is receiver


def test_a_full_session_is_passed_over_for_another_of_its_account() -> None:
    gate = Bound()
    full, address = gate.bind(gate.acme)
    second, _ = gate.bind(gate.acme)
    full.window = 0
    assert gate.addresses.find(address) is second


def test_after_the_session_another_of_its_account_gets_it() -> None:
    """Also one that was bound only afterwards: the account stays known."""
    gate = Bound()
    session, address = gate.bind(gate.acme)
    gate.unbind(gate.acme, session, address)
    assert gate.addresses.find(address) is None
    later, _ = gate.bind(gate.acme)
    assert gate.addresses.find(address) is later


def test_no_other_account_ever_gets_it() -> None:
    gate = Bound()
    session, address = gate.bind(gate.acme)
    gate.bind(gate.other)
    gate.unbind(gate.acme, session, address)
    assert gate.addresses.find(address) is None


def test_nobody_is_not_an_account() -> None:
    """An origin without a return address must not pass for a session of the first account."""
    gate = Bound()
    gate.bind(gate.acme)
    gate.bind(gate.other)
    assert gate.addresses.find(NOBODY) is None


def test_nobody_is_found_in_a_gate_without_accounts() -> None:
    accounts: Accounts[FakeSession] = Accounts([])
    assert ReturnAddresses(accounts).find(NOBODY) is None


def test_addresses_are_held_for_bound_sessions_only() -> None:
    gate = Bound()
    first, address = gate.bind(gate.acme)
    gate.bind(gate.other)
    assert len(gate.addresses) == 2
    gate.unbind(gate.acme, first, address)
    gate.unbind(gate.acme, first, address)
    assert len(gate.addresses) == 1


@given(st.integers(1, 40), st.data())
def test_an_address_leads_to_its_own_account_for_ever(count: int, data: st.DataObject) -> None:
    """Sessions of any accounts in any order; then all are gone and each account has a new one."""
    accounts = [fakes.account(f"esme{number}") for number in range(count)]
    addresses = ReturnAddresses(Accounts(accounts))
    whose: dict[int, Account[FakeSession]] = {}
    for number in data.draw(st.lists(st.integers(0, count - 1), max_size=30)):
        session = FakeSession()
        whose[addresses.assign(accounts[number], session)] = accounts[number]
        addresses.release(next(iter(whose)))
    for address in whose:
        addresses.release(address)
    later = {account.system_id: FakeSession() for account in accounts}
    for account in accounts:
        account.add(later[account.system_id])
    for address, account in whose.items():
        assert addresses.find(address) is later[account.system_id]


@given(st.lists(st.integers(0, 2), min_size=2, max_size=50))
def test_no_two_sessions_have_the_same_address(numbers: list[int]) -> None:
    """Nor has any that of nobody."""
    accounts = [fakes.account(f"esme{number}") for number in range(3)]
    addresses = ReturnAddresses(Accounts(accounts))
    given_out = [addresses.assign(accounts[number], FakeSession()) for number in numbers]
    assert len({*given_out, NOBODY}) == len(numbers) + 1


def test_more_accounts_than_addresses_can_tell_apart_are_an_error() -> None:
    class Many(Accounts[FakeSession]):
        def __len__(self) -> int:
            return 1 << 20

    with pytest.raises(ValueError, match="accounts"):
        ReturnAddresses(Many([]))


# Through a whole router


def test_a_receipt_goes_to_the_session_that_submitted() -> None:
    gate = Gate()
    sessions = [gate.esme() for _ in range(3)]
    link = gate.link()
    for at, session in enumerate(sessions):
        gate.submitted(session, link, b"%d" % at)
    for at in (2, 0, 1):
        gate.deliver(link, fakes.receipt(b"%d" % at, number=at))
    assert [len(session.requests) for session in sessions] == [1, 1, 1]
    assert b"id:1" in sessions[1].requests[0].octets


def test_the_answer_to_a_receipt_goes_to_its_smsc_under_its_number() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link)
    gate.deliver(link, fakes.receipt(b"id", number=77))
    gate.answer(esme, 0, b"\0")
    assert link.answers == [fakes.raw(CommandId.DELIVER_SM_RESP, 0, 77, b"\0")]
    assert link.unanswered == 0


def test_a_receipt_comes_home_over_any_link_of_its_smsc() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link)
    gate.deliver(gate.link(state=State.BOUND_RX), fakes.receipt(b"id"))
    assert len(esme.requests) == 1


def test_a_receipt_in_a_data_sm_comes_home() -> None:
    gate = Gate()
    esme, link = gate.esme(gate.other), gate.link()
    gate.submitted(esme, link)
    text = b"id:id sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
    payload = len(text).to_bytes(2, "big") + text
    octets = fakes.frame_of(DataSm(destination_addr=b"1000", esm_class=fakes.RECEIPT)).octets
    frame = fakes.raw(CommandId.DATA_SM, 0, 5, octets[16:] + b"\x04\x24" + payload)
    gate.deliver(link, frame)
    assert len(esme.requests) == 1


def test_after_its_session_another_of_the_account_gets_the_receipt() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link)
    gate.lose(esme)
    second = gate.esme()
    gate.deliver(link, fakes.receipt(b"id"))
    assert len(second.requests) == 1


def test_another_account_never_gets_the_receipt() -> None:
    """Not even one that serves the number it is sent to: the SMSC keeps it."""
    gate = Gate()
    esme, link, other = gate.esme(), gate.link(), gate.esme(gate.other)
    gate.submitted(esme, link)
    gate.lose(esme)
    gate.deliver(link, fakes.receipt(b"id", b"2000", number=9))
    assert other.requests == []
    assert said(link) == [(9, 0x64)]
    assert gate.router.statistics().undeliverable == 1


@pytest.mark.parametrize("status", [0x45, 0x64])
def test_what_an_esme_says_of_a_receipt_is_the_smscs_to_hear(status: int) -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.esme()
    gate.submitted(esme, link)
    gate.deliver(link, fakes.receipt(b"id", number=9))
    gate.answer(esme, status)
    assert said(link) == [(9, status)]


def test_a_receipt_for_an_unknown_id_goes_by_its_number() -> None:
    """The same id of another SMSC is unknown too."""
    gate = Gate()
    esme, other = gate.esme(), gate.esme(gate.other)
    gate.submitted(esme, gate.link())
    gate.deliver(gate.link(gate.beta), fakes.receipt(b"id", b"2000"))
    assert (len(esme.requests), len(other.requests)) == (0, 1)


def test_a_receipt_without_an_id_goes_by_its_number() -> None:
    gate = Gate()
    esme = gate.esme()
    gate.deliver(gate.link(), fakes.deliver(b"1000", text=b"?", esm_class=fakes.RECEIPT))
    assert len(esme.requests) == 1
