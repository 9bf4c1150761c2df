"""Which SMSC of a pool gets a message: seen by the peers of a real gate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.twistd import ACCOUNTS, relaying
from tests.e2e.wire import (
    ENQUIRE_LINK,
    RESP,
    SUBMIT_SM,
    Wire,
    answer,
    bound,
    message_body,
    pdu,
    readable,
)

CONGESTION = b"\x04\x28\0\1"


def submit(number: int, destination: bytes = b"4477009001") -> bytes:
    return pdu(SUBMIT_SM, number, message_body(destination))


def pool(more: str) -> str:
    """The accounts, and a pool with these lines."""
    return f'{ACCOUNTS}\n[[pool]]\nname = "main"\n{more}\n'


def test_a_backup_takes_over_when_the_only_member_is_lost_and_not_when_it_is_full(
    tmp_path: Path,
) -> None:
    """What waits for the member goes to the backup then."""
    esmes = pool('members = ["alpha"]\nbackup = ["beta"]')
    with relaying(tmp_path, "alpha", "beta", esmes=esmes, smsc="window = 1") as (
        instance,
        [alpha, beta],
    ):
        esme = bound(instance.port)
        esme.send(submit(1) + submit(2))
        answer(alpha, alpha.receive_message())
        assert esme.receive_message().number == 1
        assert alpha.receive_message().command_id == SUBMIT_SM
        esme.send(submit(3))
        assert beta.is_quiet()
        alpha.sock.close()
        # The one that was under way is answered, and not sent again.
        assert esme.receive_message()[1:3] != (0, 1)
        answer(beta, beta.receive_message())
        assert (esme.receive_message().number, beta.is_quiet()) == (3, True)


def test_messages_to_one_number_go_to_one_smsc_by_hash(tmp_path: Path) -> None:
    esmes = pool('members = ["alpha", { smsc = "beta", weight = 1 }]\nbalance = "hash"')
    with relaying(tmp_path, "alpha", "beta", esmes=esmes) as (instance, links):
        esme = bound(instance.port)
        numbers = [b"44770090%02d" % number for number in range(20)]
        homes: list[list[set[bytes]]] = []
        for _ in range(2):
            esme.send(b"".join(submit(at + 1, each) for at, each in enumerate(numbers)))
            # They are relayed by then.
            assert esme.is_quiet()
            homes.append([_destinations(link) for link in links])
            for _ in numbers:
                assert esme.receive_message().status == 0
        assert homes[0] == homes[1]
        assert all(homes[0])
        assert set.union(*homes[0]) == set(numbers)


@pytest.mark.parametrize("balance", ["round_robin", "least_outstanding", "hash"])
def test_messages_that_come_one_by_one_are_shared_out_by_weight(
    tmp_path: Path, balance: str
) -> None:
    """3:1; by hash as nearly as 400 numbers are spread."""
    members = '{ smsc = "alpha", weight = 3 }, "beta"'
    esmes = pool(f'members = [{members}]\nbalance = "{balance}"')
    with relaying(tmp_path, "alpha", "beta", esmes=esmes) as (instance, links):
        esme, taken = bound(instance.port), Counter[int]()
        for number in range(400):
            esme.send(submit(number + 1, b"44770090%04d" % number))
            link = readable(*links)
            taken[links.index(link)] += 1
            answer(link, link.receive_message())
            assert esme.receive_message().status == 0
        assert abs(taken[0] - 300) <= (20 if balance == "hash" else 2)


@pytest.mark.parametrize("balance", ["least_outstanding", "p2c"])
def test_an_smsc_that_says_it_is_congested_gets_less(tmp_path: Path, balance: str) -> None:
    """One says 90 of 100, the other 10."""
    esmes = pool(f'members = ["alpha", "beta"]\nbalance = "{balance}"')
    smsc = 'interface_version = "5.0"\nwindow = 20'
    with relaying(tmp_path, "alpha", "beta", esmes=esmes, smsc=smsc) as (instance, links):
        esme, taken = bound(instance.port), Counter[int]()
        for number in range(1, 21):
            esme.send(submit(number))
            link = readable(*links)
            place = links.index(link)
            taken[place] += 1
            state = b"\x0a" if place else b"\x5a"
            answer(link, link.receive_message(), b"id\0" + CONGESTION + state)
            assert esme.receive_message().status == 0
        assert 0 < taken[0] < 0.5 * taken[1]


def _destinations(link: Wire) -> set[bytes]:
    """Those of the messages that are there; they are answered."""
    found = set()
    link.send(pdu(ENQUIRE_LINK, 0x0EADBEEF))
    while (request := link.receive()).command_id != ENQUIRE_LINK | RESP:
        found.add(request.body.split(b"\0\1\1")[2].split(b"\0")[0])
        answer(link, request)
    return found


def test_an_esme_of_smpp_5_hears_how_congested_the_gate_is_and_not_the_smsc(
    tmp_path: Path,
) -> None:
    with relaying(tmp_path, "alpha", smsc='interface_version = "5.0"\nwindow = 10') as (
        instance,
        [alpha],
    ):
        new, old = bound(instance.port, version=0x50), bound(instance.port)
        for esme in (new, old):
            esme.send(submit(1))
            answer(alpha, alpha.receive_message(), b"id\0" + CONGESTION + b"\x32")
        assert old.receive_message().body == b"alphaid\0"
        body = new.receive_message().body
        assert body[:-1] == b"alphaid\0" + CONGESTION
        assert body[-1] < 89
