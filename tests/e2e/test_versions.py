"""Peers of all versions of SMPP, and the commands that not all of them have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.test_ancillary import check_owner
from tests.e2e.twistd import free_port, relaying, running, settings
from tests.e2e.wire import (
    ALERT_NOTIFICATION,
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    BROADCAST_SM,
    DATA_SM,
    DELIVER_SM,
    DELIVERY_RECEIPT,
    GENERIC_NACK,
    MESSAGE_PAYLOAD,
    MESSAGE_STATE,
    QUERY_SM,
    RECEIPTED_MESSAGE_ID,
    RESP,
    SC_INTERFACE_VERSION,
    SUBMIT_MULTI,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
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

CONGESTION_STATE, BILLING_IDENTIFICATION, USER_MESSAGE_REFERENCE = 0x0428, 0x060B, 0x0204
"""The first two are 5.0's."""

VENDOR = tlv(0x1403, b"\0vendor")


def pair(port: int, version: int) -> tuple[Wire, Wire]:
    """The two binds of an ESME that may have no transceiver."""
    transmitter = bound(port, command=BIND_TRANSMITTER, version=version)
    return transmitter, bound(port, command=BIND_RECEIVER, version=version)


# Binds


@pytest.mark.parametrize(
    ("version", "told"),
    [(0x00, b""), (0x33, b""), (0x34, b"\x34"), (0x35, b"\x34"), (0x50, b"\x50")],
)
def test_bind_resp_tells_the_version_to_those_who_may_have_tlvs(
    tmp_path: Path, version: int, told: bytes
) -> None:
    """sc_interface_version; a peer of 3.3 gets none."""
    with relaying(tmp_path, "alpha") as (instance, _):
        for command in (BIND_RECEIVER, BIND_TRANSMITTER):
            esme = connect(instance.port)
            esme.send(pdu(command, 1, bind_body(b"acme", b"secret", version)))
            tlvs = tlv(SC_INTERFACE_VERSION, told) if told else b""
            assert esme.receive() == Pdu(command | RESP, 0, 1, b"gate1\0" + tlvs)


# Peers of 3.3


def test_an_esme_of_3_3_has_ids_in_hexadecimal(tmp_path: Path) -> None:
    """Eight digits, in the resp, in receipts, and when it asks; after a restart too."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as instance:
            link = smsc.link()
            instance.wait_for_log("bound at")
            sender, hearer = pair(port, 0x33)
            given = [submitted(sender, link, own) for own in (b"4F", b"own-id", b"x" * 64)]
            assert all(re.fullmatch(rb"[0-9A-F]{8}", message_id) for message_id in given)
            assert len(set(given)) == len(given)
            assert delivered(link, hearer, receipt_body(b"4F")) == receipt_body(given[0])
            check_owner(sender, link, [], given[1], b"own-id")
            instance.kill()
        with running(tmp_path, config, port) as instance:
            link = smsc.link()
            instance.wait_for_log("bound at")
            sender, hearer = pair(port, 0x33)
            for own, message_id in zip((b"own-id", b"x" * 64), given[1:], strict=True):
                check_owner(sender, link, [], message_id, own)
                assert delivered(link, hearer, receipt_body(own)) == receipt_body(message_id)
            assert submitted(sender, link, b"new") not in given


def test_an_esme_of_3_3_gets_no_tlvs(tmp_path: Path) -> None:
    """Neither with messages nor with answers; all else is as it was."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        sender, hearer = pair(instance.port, 0x33)
        sender.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        answer(link, link.receive_message(), b"4F\0" + VENDOR)
        got = sender.receive_message()
        given = id_of(got)
        assert got.body == given + b"\0"
        named = tlv(RECEIPTED_MESSAGE_ID, b"4F\0") + tlv(MESSAGE_STATE, b"\2") + VENDOR
        sent = receipt_body(b"4F") + named
        assert delivered(link, hearer, sent) == receipt_body(given)
        assert delivered(link, hearer, message_body(tlvs=VENDOR)) == message_body()


def test_data_sm_comes_to_an_esme_of_3_3_as_deliver_sm(tmp_path: Path) -> None:
    """And its resp goes back as a data_sm_resp."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        _, hearer = pair(instance.port, 0x33)
        link.send(pdu(DATA_SM, 8, data_body(tlvs=tlv(MESSAGE_PAYLOAD, b"hello"))))
        got = hearer.receive_message()
        assert (got.command_id, got.body) == (DELIVER_SM, message_body())
        answer(hearer, got, b"\0")
        assert link.receive_message() == Pdu(DATA_SM | RESP, 0, 8, b"\0")


def test_an_smsc_of_3_3_gets_no_tlvs_and_no_data_sm(tmp_path: Path) -> None:
    """What it cannot be asked is answered by the gate, and the link stays up."""
    more = 'interface_version = "3.3"\nbind = "transmitter+receiver"'
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, settings(port, {"alpha": smsc.port}, smsc=more), port) as instance:
            ends = {}
            for _ in range(2):
                wire = smsc.accept()
                bind = wire.receive()
                assert bind.body == bind_body(b"gate", b"pw-of-alpha", 0x33)
                ends[bind.command_id] = wire
                answer(wire, bind, b"smsc\0")
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1, tlvs=VENDOR)))
            request = ends[BIND_TRANSMITTER].receive_message()
            assert request.body == message_body(registered=1)
            answer(ends[BIND_TRANSMITTER], request, b"4f\0")
            assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 1, b"alpha4f\0")
            got = delivered(ends[BIND_RECEIVER], esme, receipt_body(b"4F"))
            assert got == receipt_body(b"alpha4f")
            esme.send(pdu(DATA_SM, 2, data_body(tlvs=tlv(MESSAGE_PAYLOAD, b"hello"))))
            refused = esme.receive_message()
            assert (refused.command_id, refused.number) == (DATA_SM | RESP, 2)
            assert refused.status != 0
            assert ends[BIND_TRANSMITTER].is_quiet()


def test_data_sm_goes_to_the_smsc_that_knows_it(tmp_path: Path) -> None:
    """Of two in one pool, whoever has fewer requests open."""
    with Smsc() as alpha, Smsc() as beta:
        port = free_port()
        config = settings(port, {"alpha": alpha.port, "beta": beta.port})
        old = 'name = "beta"\ninterface_version = "3.3"\n'
        with running(tmp_path, config.replace('name = "beta"\n', old), port) as instance:
            links = [alpha.link(), beta.link()]
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            for number in range(1, 5):
                esme.send(pdu(DATA_SM, number, data_body(tlvs=tlv(MESSAGE_PAYLOAD, b"x"))))
                answer(links[0], links[0].receive_message(), b"%d\0" % number)
                assert id_of(esme.receive_message()) == b"alpha%d" % number
            assert links[1].is_quiet()


# Peers of 5.0


@pytest.mark.parametrize("passes", [False, True])
def test_tlvs_of_5_0_go_to_peers_of_3_4_by_choice_only(tmp_path: Path, passes: bool) -> None:
    """In both directions, in requests and in answers; 3.4's and vendors' always do."""
    line = f"pass_newer_tlvs = {str(passes).lower()}"
    older = tlv(USER_MESSAGE_REFERENCE, b"\0\1") + VENDOR
    request = tlv(BILLING_IDENTIFICATION, b"bill") + older
    resp = tlv(CONGESTION_STATE, b"\x50") + VENDOR
    with relaying(tmp_path, "alpha", gate=line) as (instance, (link,)):
        esme = bound(instance.port, version=0x50)
        esme.send(pdu(SUBMIT_SM, 1, message_body(tlvs=request)))
        asked = link.receive_message()
        assert asked.body == message_body(tlvs=request if passes else older)
        answer(link, asked, b"4F\0" + VENDOR)
        assert esme.receive_message().body == b"alpha4F\0" + VENDOR + tlv(CONGESTION_STATE, b"\0")
    folder = tmp_path / "newer"
    folder.mkdir()
    newer = 'interface_version = "5.0"'
    with relaying(folder, "alpha", gate=line, smsc=newer) as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(tlvs=older)))
        asked = link.receive_message()
        assert asked.body == message_body(tlvs=older)
        answer(link, asked, b"4F\0" + resp)
        assert esme.receive_message().body == b"alpha4F\0" + (resp if passes else VENDOR)
        got = delivered(link, esme, message_body(tlvs=request))
        assert got == message_body(tlvs=request if passes else older)


def test_between_peers_of_5_0_nothing_is_taken_out(tmp_path: Path) -> None:
    """The TLVs of 5.0 neither; congestion_state is the gate's own."""
    request, resp = tlv(BILLING_IDENTIFICATION, b"bill"), tlv(CONGESTION_STATE, b"\x50")
    with relaying(tmp_path, "alpha", smsc='interface_version = "5.0"') as (instance, (link,)):
        esme = bound(instance.port, version=0x50)
        esme.send(pdu(SUBMIT_SM, 1, message_body(tlvs=request)))
        asked = link.receive_message()
        assert asked.body == message_body(tlvs=request)
        answer(link, asked, b"4F\0" + resp)
        assert esme.receive_message().body == b"alpha4F\0" + tlv(CONGESTION_STATE, b"\0")


def test_a_broadcast_from_an_esme_of_3_4_is_a_command_it_does_not_have(tmp_path: Path) -> None:
    """Turned down one way or another, without harm to the session or to an SMSC of 3.4."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        areas = tlv(0x0606, b"\0area") + tlv(0x0601, b"\0\0\1")
        body = b"\0" + b"\1\x011234\0" + b"\0" + b"\0\0\0\0\0\0" + areas
        esme.send(pdu(BROADCAST_SM, 1, body))
        got = esme.receive_message()
        assert got.command_id in (BROADCAST_SM | RESP, GENERIC_NACK)
        assert got.status != 0
        assert esme.is_quiet()
        assert link.is_quiet()


# submit_multi


def multi_body(*destinations: bytes) -> bytes:
    """The body of a submit_multi that wants receipts; a name of a list begins with @."""
    to = b"".join(
        b"\2" + each[1:] + b"\0" if each.startswith(b"@") else b"\1\1\1" + each + b"\0"
        for each in destinations
    )
    rest = b"\0\0\0" + b"\0\0" + b"\1\0\0\0\5hello"
    return b"\0" + b"\1\x011234\0" + bytes([len(destinations)]) + to + rest


def test_submit_multi_has_one_id_and_a_receipt_for_each_destination(tmp_path: Path) -> None:
    """unsuccess_sme comes back as it is; the return path stays for the last receipt."""
    body = multi_body(b"4477009001", b"4477009002", b"@friends", b"4477009003")
    failed = b"\1" + b"\1\x014477009003\0" + b"\0\0\0\x0b"
    with relaying(tmp_path, "alpha", "beta") as (instance, links):
        esme, other = bound(instance.port), bound(instance.port)
        esme.send(pdu(SUBMIT_MULTI, 5, body))
        link = readable(*links)
        asked = link.receive_message()
        assert (asked.command_id, asked.body) == (SUBMIT_MULTI, body)
        answer(link, asked, b"4F\0" + failed)
        got = esme.receive_message()
        given = id_of(got)
        assert got == Pdu(SUBMIT_MULTI | RESP, 0, 5, given + b"\0" + failed)
        assert given in (b"alpha4F", b"beta4F")
        for destination in (b"4477009001", b"4477009002", b"4477009004"):
            report = message_body(
                b"1234", receipt_text(b"4F"), destination, esm_class=DELIVERY_RECEIPT
            )
            expected = report.replace(receipt_text(b"4F"), receipt_text(given))
            size = len(receipt_text(given))
            expected = expected.replace(
                bytes([len(receipt_text(b"4F"))]) + b"id:", bytes([size]) + b"id:"
            )
            assert delivered(link, esme, report) == expected
        check_owner(esme, link, [], given, b"4F")
        assert other.is_quiet()


# data_sm


def test_data_sm_goes_both_ways(tmp_path: Path) -> None:
    """Submitted with an id and a receipt, delivered by range, with the resp's own form."""
    payload = tlv(MESSAGE_PAYLOAD, b"hello" * 100)
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme, other = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        esme.send(pdu(DATA_SM, 5, data_body(registered=1, tlvs=payload)))
        asked = link.receive_message()
        assert (asked.command_id, asked.body) == (DATA_SM, data_body(registered=1, tlvs=payload))
        answer(link, asked, b"4F\0" + VENDOR)
        assert esme.receive_message() == Pdu(DATA_SM | RESP, 0, 5, b"alpha4F\0" + VENDOR)
        assert delivered(link, esme, receipt_body(b"4F")) == receipt_body(b"alpha4F")
        check_owner(esme, link, [], b"alpha4F", b"4F")
        body = data_body(b"49881", tlvs=payload)
        assert delivered(link, other, body, DATA_SM) == body
        link.send(pdu(DATA_SM, 9, data_body(b"331234", tlvs=payload)))
        assert link.receive_message()[:3] == (DATA_SM | RESP, 0x64, 9)


# alert_notification


def test_an_alert_goes_to_the_esme_of_its_esme_addr(tmp_path: Path) -> None:
    """It has no answer; one for nobody is dropped, and the link goes on."""

    def alert_body(esme_addr: bytes) -> bytes:
        return b"\1\x01331234\0" + b"\1\1" + esme_addr + b"\0" + tlv(0x0422, b"\0")

    with relaying(tmp_path, "alpha") as (instance, (link,)):
        acme, bolt = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        for esme, number in ((acme, b"4477009001"), (bolt, b"49881")):
            link.send(pdu(ALERT_NOTIFICATION, 4, alert_body(number)))
            got = esme.receive_message()
            assert (got.command_id, got.body) == (ALERT_NOTIFICATION, alert_body(number))
        link.send(pdu(ALERT_NOTIFICATION, 5, alert_body(b"331")))
        assert link.is_quiet()
        assert acme.is_quiet()
        assert bolt.is_quiet()


# generic_nack


def test_a_generic_nack_goes_back_under_the_askers_number(tmp_path: Path) -> None:
    """From an ESME to the SMSC, and from the SMSC to an ESME."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        link.send(pdu(DELIVER_SM, 0x7000_0001, message_body()))
        got = esme.receive_message()
        esme.send(pdu(GENERIC_NACK, got.number, status=0x03))
        assert link.receive_message() == Pdu(GENERIC_NACK, 0x03, 0x7000_0001, b"")
        given = submitted(esme, link, b"4F")
        esme.send(pdu(QUERY_SM, 0x7000_0002, given + b"\0\1\x011234\0"))
        link.send(pdu(GENERIC_NACK, link.receive_message().number, status=0x02))
        assert esme.receive_message() == Pdu(GENERIC_NACK, 0x02, 0x7000_0002, b"")


def test_a_generic_nack_to_nothing_goes_nowhere(tmp_path: Path) -> None:
    """With a number that nobody waits for, from either side, or with none."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        for end in (esme, link):
            for number in (0, 12345):
                end.send(pdu(GENERIC_NACK, number, status=0x03))
            assert end.is_quiet()
        assert submitted(esme, link, b"4F") == b"alpha4F"
