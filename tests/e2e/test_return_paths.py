"""Message ids and receipts: each comes home under the id that its sender was given."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from random import Random

import pytest

from tests.e2e.crowd import Center, Crowd, enter, submitters
from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    DATA_SM,
    DELIVER_SM,
    DELIVERY_RECEIPT,
    INTERMEDIATE,
    MESSAGE_PAYLOAD,
    MESSAGE_STATE,
    NETWORK_ERROR_CODE,
    RECEIPTED_MESSAGE_ID,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    answer,
    bound,
    data_body,
    delivered,
    id_of,
    message_body,
    pdu,
    readable,
    receipt_body,
    receipt_text,
    submitted,
    tlv,
)

SUBMIT_RESP, DELIVER_RESP = SUBMIT_SM | RESP, DELIVER_SM | RESP

REFUSED = 0x64

MESSAGES = 9_999
"""Of all senders together."""


def refused(link: Wire, body: bytes, command: int = DELIVER_SM) -> int:
    """Send a message from an SMSC that comes back; gives the status."""
    link.send(pdu(command, 77, body))
    got = link.receive_message()
    assert got[:1] + got[2:3] == (command | RESP, 77), got
    return got.status


# Many messages


def test_receipts_in_any_order_reach_the_session_that_submitted(tmp_path: Path) -> None:
    """Two sessions of one account, two accounts, two SMSCs that hand out the same ids."""
    senders = submitters(MESSAGES)
    centers = [Center(Random(seed)) for seed in (1, 2)]
    crowd = Crowd([*senders, *centers])
    with Smsc() as alpha, Smsc() as beta:
        port = free_port()
        config = settings(port, {"alpha": alpha.port, "beta": beta.port})
        with running(tmp_path, config, port) as instance:
            enter(instance, (alpha, beta), centers, senders)
            crowd.run(lambda: crowd.is_done)
            assert "Traceback" not in instance.log
    assert sum(center.taken for center in centers) == MESSAGES
    assert min(center.taken for center in centers) > MESSAGES // 4
    for sender in senders:
        assert sender.refused == Counter()
        assert len(sender.given) == sender.count
        # Its own and no other's, each once, under the id that it was given.
        assert Counter(sender.told) == Counter(
            (message_id, text) for text, message_id in sender.given.items()
        )
    assert len({i for sender in senders for i in sender.given.values()}) == MESSAGES


# Ids


@pytest.mark.parametrize("size", [1, 8, 58, 59, 60, 64])
@pytest.mark.parametrize("message_ids", ["tagged", "original"])
def test_ids_of_any_length_come_back_as_they_were_given(
    tmp_path: Path, size: int, message_ids: str
) -> None:
    """The ESME's id is its own for both SMSCs' messages, and no longer than an id may be."""
    own = (b"0123456789abcdefABCDEF" * 3)[:size]
    mode = f'message_ids = "{message_ids}"'
    with relaying(tmp_path, "alpha", "beta", gate=mode) as (instance, links):
        esmes = [bound(instance.port), bound(instance.port, b"bolt", b"hidden")]
        given = {}
        for esme in esmes:
            esme.send(pdu(SUBMIT_SM, 9, message_body(registered=1)))
            link = readable(*links)
            answer(link, link.receive_message(), own + b"\0")
            given[esme] = (link, id_of(esme.receive_message()))
        assert len({link for link, _ in given.values()}) == 2
        assert {len(i) <= 64 for _, i in given.values()} == {True}
        if message_ids == "original":
            assert {i for _, i in given.values()} == {own}
        else:
            assert len({i for _, i in given.values()}) == 2
            if size <= 59:
                assert {i for _, i in given.values()} == {b"alpha" + own, b"beta" + own}
        for esme in reversed(esmes):
            link, message_id = given[esme]
            assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)
        assert all(esme.is_quiet() for esme in esmes)


def test_an_id_that_two_smscs_gave_to_one_account_is_told(tmp_path: Path) -> None:
    """With message_ids = "original" nobody else would notice."""
    with relaying(tmp_path, "alpha", "beta", gate='message_ids = "original"') as (gate, links):
        esme = bound(gate.port)
        for number in (1, 2):
            esme.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
            link = readable(*links)
            answer(link, link.receive_message(), b"77\0")
            assert esme.receive_message() == Pdu(SUBMIT_RESP, 0, number, b"77\0")
        gate.wait_for_log("ESME acme was given the id 77 by SMSC")


def test_the_tag_is_made_from_the_name_whatever_the_order(tmp_path: Path) -> None:
    """Ids of yesterday still name their SMSC when a table was put in front today."""
    seen: dict[str, set[bytes]] = {}
    for names in (("alpha", "beta"), ("beta", "alpha")):
        folder = tmp_path / names[0]
        folder.mkdir()
        with ExitStack() as stack:
            smscs = {name: stack.enter_context(Smsc()) for name in names}
            port = free_port()
            config = settings(port, {name: smsc.port for name, smsc in smscs.items()})
            for name in names:
                config = config.replace(f'tag = "{name}"\n', "")
            instance = stack.enter_context(running(folder, config, port))
            links = {smsc.link(): name for name, smsc in smscs.items()}
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            for _ in names:
                esme.send(pdu(SUBMIT_SM, 1, message_body()))
                link = readable(*links)
                answer(link, link.receive_message(), b"1\0")
                seen.setdefault(links[link], set()).add(id_of(esme.receive_message()))
    assert {len(ids) for ids in seen.values()} == {1}
    assert len(set.union(*seen.values())) == 2


# Notations

_WRITINGS = {
    "HEX": "{:X}",
    "hex": "{:x}",
    "0HEX": "{:020X}",
    "0hex": "{:020x}",
    "decimal": "{:d}",
    "0decimal": "{:020d}",
}


def _is_known(kind: str, resp: str, receipt: str) -> bool:
    """Whether ``receipt_ids = kind`` lets a receipt in this writing find that of the resp."""
    if kind == "resp_hex":
        # A number in decimal is never the id as it stands.
        return "decimal" not in resp if "decimal" in receipt else resp == receipt
    if kind == "receipt_hex":
        return "decimal" in resp and "decimal" not in receipt
    return kind == "auto" or resp == receipt


@pytest.mark.parametrize("kind", ["auto", "same", "resp_hex", "receipt_hex"])
def test_the_notation_of_a_receipt_may_be_another(tmp_path: Path, kind: str) -> None:
    """Every writing against every other: home under the given id, or refused."""
    # Equal ones last: they tell that the SMSC does not change the base.
    pairs = sorted(product(_WRITINGS, repeat=2), key=lambda pair: pair[0] == pair[1])
    with relaying(tmp_path, "alpha", smsc=f'receipt_ids = "{kind}"') as (instance, (link,)):
        esme = bound(instance.port)
        for count, (resp, receipt) in enumerate(pairs):
            number = 0xABCD_0000 + 251 * count
            given = submitted(esme, link, _WRITINGS[resp].format(number).encode())
            body = receipt_body(_WRITINGS[receipt].format(number).encode())
            if _is_known(kind, resp, receipt):
                assert delivered(link, esme, body) == receipt_body(given), (resp, receipt)
            else:
                assert refused(link, body) == REFUSED, (resp, receipt)
        assert esme.is_quiet()


def test_an_exact_id_is_never_taken_for_another_notation(tmp_path: Path) -> None:
    """10 is 16 in hexadecimal, and 010 is not 10, where each is somebody's."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esmes = {own: bound(instance.port) for own in (b"10", b"16", b"010", b"0010", b"A", b"a")}
        given = {own: submitted(esme, link, own) for own, esme in esmes.items()}
        for own, esme in reversed(esmes.items()):
            assert delivered(link, esme, receipt_body(own)) == receipt_body(given[own])
        assert all(esme.is_quiet() for esme in esmes.values())


def test_a_receipt_that_overtakes_its_resp_is_not_taken_for_another_notation(
    tmp_path: Path,
) -> None:
    """20 is 14 in hexadecimal, and 14 is known; but 20 may be to come, and does."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        early, late = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        submitted(early, link, b"14")
        late.send(pdu(SUBMIT_SM, 2, message_body(registered=1)))
        request = link.receive_message()
        link.send(pdu(DELIVER_SM, 7, receipt_body(b"20")))
        assert link.is_quiet()
        answer(link, request, b"20\0")
        assert id_of(late.receive_message()) == b"alpha20"
        assert late.receive_message().body == receipt_body(b"alpha20")
        assert early.is_quiet()


def test_a_receipt_for_an_unknown_message_is_not_taken_for_another_notation(
    tmp_path: Path,
) -> None:
    """Once receipts have shown that the SMSC does not change from one base to the other."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        for own in range(14, 134):
            given = submitted(esme, link, b"%d" % own)
            assert delivered(link, esme, receipt_body(b"%d" % own)) == receipt_body(given)
        # They are 100 and 101 in hexadecimal.
        for unknown in (b"256", b"257"):
            assert refused(link, receipt_body(unknown)) == REFUSED
        assert esme.is_quiet()


@pytest.mark.parametrize(("kind", "own"), [("resp_hex", b"14"), ("receipt_hex", b"32")])
def test_a_configured_notation_comes_before_an_id_that_looks_the_same(
    tmp_path: Path, kind: str, own: bytes
) -> None:
    """20 is 14 in hexadecimal, and 32 read as hexadecimal, though there is a 20 too."""
    with relaying(tmp_path, "alpha", smsc=f'receipt_ids = "{kind}"') as (instance, (link,)):
        esme, other = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        given = submitted(esme, link, own)
        submitted(other, link, b"20")
        for _ in range(2):
            assert delivered(link, esme, receipt_body(b"20")) == receipt_body(given)
        assert other.is_quiet()


# Forms of receipts

_STATE = tlv(MESSAGE_STATE, b"\2") + tlv(NETWORK_ERROR_CODE, b"\3\0\0")
_VENDOR = tlv(0x1403, b"\0vendor")


def _ucs2(text: bytes) -> bytes:
    return text.decode().encode("utf-16-be")


def _forms(message_id: bytes) -> dict[str, tuple[int, bytes]]:
    """Receipts of all kinds about this id: command and body."""
    text, named = receipt_text(message_id), tlv(RECEIPTED_MESSAGE_ID, message_id + b"\0")
    receipt = DELIVERY_RECEIPT

    def deliver(text: bytes = b"", tlvs: bytes = b"", data_coding: int = 0) -> tuple[int, bytes]:
        body = message_body(b"1234", text, esm_class=receipt, tlvs=tlvs, data_coding=data_coding)
        return DELIVER_SM, body

    def data(tlvs: bytes) -> tuple[int, bytes]:
        return DATA_SM, data_body(b"1234", esm_class=receipt, tlvs=tlvs)

    return {
        "text": deliver(text),
        "text and vendor TLV": deliver(text, _VENDOR),
        "TLVs": deliver(b"", named + _STATE),
        "TLVs behind others": deliver(b"", _VENDOR + _STATE + named),
        "TLVs and a text without id": deliver(b"delivered", _STATE + named),
        "both": deliver(text, named + _STATE),
        "TLV without NUL": deliver(b"", tlv(RECEIPTED_MESSAGE_ID, message_id) + _STATE),
        "message_payload": deliver(b"", tlv(MESSAGE_PAYLOAD, text)),
        "UCS-2": deliver(_ucs2(text), data_coding=8),
        "UCS-2 only by name": deliver(text, data_coding=8),
        "other case, spaces": deliver(b"ID: %b STAT: DELIVRD" % message_id),
        "fields missing": deliver(b"id:%b stat:DELIVRD" % message_id),
        "other order": deliver(b"stat:DELIVRD err:000 id:%b" % message_id),
        "dates with seconds": deliver(
            b"id:%b sub:001 dlvrd:001 submit date:261123175001 done date:261123175102 "
            b"stat:DELIVRD err:000 Text:id:999" % message_id
        ),
        "data_sm, TLVs": data(named + _STATE),
        "data_sm, message_payload": data(tlv(MESSAGE_PAYLOAD, text) + _VENDOR),
        "data_sm, both": data(tlv(MESSAGE_PAYLOAD, text) + named),
    }


def test_receipts_of_every_form_get_the_given_id_and_change_in_nothing_else(
    tmp_path: Path,
) -> None:
    """In text, TLVs or both, deliver_sm or data_sm, with all lengths right."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        for count, name in enumerate(_forms(b"x")):
            own = b"%08X" % (0xAB00_0000 + count)
            given = submitted(esme, link, own)
            command, sent = _forms(own)[name]
            assert delivered(link, esme, sent, command) == _forms(given)[name][1], name
        assert esme.is_quiet()


@pytest.mark.parametrize("esm_class", [0x08, 0x10])
def test_acknowledgements_by_the_other_sme_find_their_way_too(
    tmp_path: Path, esm_class: int
) -> None:
    """SME delivery and manual acknowledgement."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        got = delivered(link, esme, receipt_body(b"4F", esm_class=esm_class))
        assert got == receipt_body(given, esm_class=esm_class)


def test_intermediate_receipts_leave_the_return_path_for_the_final_one(tmp_path: Path) -> None:
    """And the final one may come again, when its resp was lost."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        for esm_class in (INTERMEDIATE, INTERMEDIATE, DELIVERY_RECEIPT, DELIVERY_RECEIPT):
            got = delivered(link, esme, receipt_body(b"4F", esm_class=esm_class))
            assert got == receipt_body(given, esm_class=esm_class)


# When they come


@pytest.mark.parametrize("durability", ["none", "process", "disk"])
def test_a_receipt_that_overtakes_the_resp_waits_for_it(tmp_path: Path, durability: str) -> None:
    """The ESME first hears the id and then what became of it; in another notation too."""
    store = f'durability = "{durability}"'
    with relaying(tmp_path, "alpha", store=store) as (instance, (link,)):
        esme = bound(instance.port)
        for number, (resp, receipt) in enumerate(((b"5A", b"5A"), (b"FFE0", b"65504"))):
            esme.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
            request = link.receive_message()
            link.send(pdu(DELIVER_SM, 40 + number, receipt_body(receipt)))
            assert link.is_quiet()
            assert esme.is_quiet()
            answer(link, request, resp + b"\0")
            got = esme.receive_message()
            assert got == Pdu(SUBMIT_RESP, 0, number, b"alpha" + resp + b"\0")
            got = esme.receive_message()
            assert (got.command_id, got.body) == (DELIVER_SM, receipt_body(b"alpha" + resp))
            answer(esme, got, b"\0")
            assert link.receive_message() == Pdu(DELIVER_RESP, 0, 40 + number, b"\0")


def test_resp_and_receipt_in_one_segment_keep_their_order(tmp_path: Path) -> None:
    """The receipt may come before the return path of its message is written."""
    with relaying(tmp_path, "alpha", store='durability = "disk"') as (instance, (link,)):
        esme = bound(instance.port)
        for number in range(1, 51):
            esme.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
            request = link.receive_message()
            own = b"%d" % number
            link.send(
                pdu(SUBMIT_RESP, request.number, own + b"\0")
                + pdu(DELIVER_SM, number, receipt_body(own))
            )
            got = [esme.receive_message() for _ in range(2)]
            assert [g.command_id for g in got] == [SUBMIT_RESP, DELIVER_SM]
            assert got[1].body == receipt_body(id_of(got[0]))
            answer(esme, got[1], b"\0")
            assert link.receive_message().number == number


def test_a_receipt_for_an_esme_that_was_away_comes_when_it_is_bound_anew(tmp_path: Path) -> None:
    """Refused meanwhile, so that the SMSC sends it again."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        esme.sock.close()
        instance.wait_for_log("ESME acme at")
        assert refused(link, receipt_body(b"4F")) == REFUSED
        esme = bound(instance.port)
        assert delivered(link, esme, receipt_body(b"4F")) == receipt_body(given)


def test_without_its_session_another_one_of_the_account_gets_the_receipt(tmp_path: Path) -> None:
    """Of the account, and never of another one."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        stranger = bound(instance.port, b"bolt", b"hidden")
        esme, other = bound(instance.port), bound(instance.port)
        transmitter = bound(instance.port, command=BIND_TRANSMITTER)
        given = submitted(esme, link, b"4F")
        esme.sock.close()
        instance.wait_for_log("ESME acme at")
        assert delivered(link, other, receipt_body(b"4F")) == receipt_body(given)
        assert stranger.is_quiet()
        assert transmitter.is_quiet()


def test_a_transmitters_receipts_go_to_the_accounts_least_loaded_receiver(tmp_path: Path) -> None:
    """The usual pair of binds, twice: nobody gets both while the other is idle."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        sender = bound(instance.port, command=BIND_TRANSMITTER)
        hearers = [bound(instance.port, command=BIND_RECEIVER) for _ in range(2)]
        given = {submitted(sender, link, own) for own in (b"4E", b"4F")}
        for number, own in enumerate((b"4E", b"4F")):
            link.send(pdu(DELIVER_SM, number, receipt_body(own)))
        bodies = {hearer.receive_message().body for hearer in hearers}
        assert bodies == {receipt_body(message_id) for message_id in given}
        assert sender.is_quiet()


def test_the_links_of_one_group_share_ids(tmp_path: Path) -> None:
    """The receipt may come over any; the id has the tag of the link that took the message."""
    with relaying(tmp_path, "alpha", "beta", smsc='group = "center"') as (instance, links):
        esme = bound(instance.port)
        for number in (1, 2):
            own = b"4%d" % number
            esme.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
            link = readable(*links)
            answer(link, link.receive_message(), own + b"\0")
            given = id_of(esme.receive_message())
            other = links[1 - links.index(link)]
            assert given == (b"alpha", b"beta")[links.index(link)] + own
            assert delivered(other, esme, receipt_body(own)) == receipt_body(given)


def test_a_receipt_from_another_group_is_nobodys(tmp_path: Path) -> None:
    """Both SMSCs may use that id; the one that did not give it is not believed."""
    with relaying(tmp_path, "alpha", "beta") as (instance, links):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        link = readable(*links)
        answer(link, link.receive_message(), b"4F\0")
        esme.receive_message()
        other = links[1 - links.index(link)]
        assert refused(other, receipt_body(b"4F")) == REFUSED
        assert esme.is_quiet()


# Nobody's


def test_receipts_for_unknown_messages(tmp_path: Path) -> None:
    """To the account whose range they are for, in the name of the SMSC; else as configured."""
    for mode, status in (("reject", REFUSED), ("ack", 0)):
        folder = tmp_path / mode
        folder.mkdir()
        line = f'unmatched_receipts = "{mode}"'
        with relaying(folder, "alpha", gate=line) as (instance, (link,)):
            esme = bound(instance.port)
            unknown = receipt_body(b"nobodys", b"331234")
            assert refused(link, unknown) == status
            in_range = receipt_body(b"nobodys", b"4477009001")
            told = receipt_body(b"alphanobodys", b"4477009001")
            assert delivered(link, esme, in_range) == told
            assert esme.is_quiet()


def test_a_receipt_whose_resp_never_comes_is_turned_down_in_the_end(tmp_path: Path) -> None:
    """It does not wait for ever for a message that may be another's."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        request = link.receive_message()
        assert refused(link, receipt_body(b"other")) == REFUSED
        answer(link, request, b"4F\0")
        assert id_of(esme.receive_message()) == b"alpha4F"


def test_the_receipt_for_a_message_that_was_answered_too_late_comes_all_the_same(
    tmp_path: Path,
) -> None:
    """The ESME was told 0x08, and now hears of the message that the SMSC had taken."""
    with relaying(tmp_path, "alpha", gate="response_timeout = 0.2") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        request = link.receive_message()
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0x08, 1, b"")
        answer(link, request, b"late\0")
        link.send(pdu(DELIVER_SM, 5, receipt_body(b"late")))
        got = esme.receive_message()
        assert (got.command_id, got.body) == (DELIVER_SM, receipt_body(b"alphalate"))
