"""The gate as its peers see it: a real `twistd`, real sockets, octet for octet."""

from __future__ import annotations

import signal
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.twistd import RunningGate, free_port, running, settings, start
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    ENQUIRE_LINK,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    message_body,
    pdu,
    readable,
)

SUBMIT_RESP = SUBMIT_SM | RESP
GENERIC_NACK = RESP


@contextmanager
def gate(folder: Path, *names: str, **more: str) -> Iterator[tuple[RunningGate, list[Wire]]]:
    """A gate bound to one SMSC for each name; gives it and the SMSCs' ends."""
    with ExitStack() as stack:
        smscs = {name: stack.enter_context(Smsc()) for name in names}
        port = free_port()
        config = settings(port, {name: smsc.port for name, smsc in smscs.items()}, **more)
        instance = stack.enter_context(running(folder, config, port))
        links = [smsc.link() for smsc in smscs.values()]
        instance.wait_for_log("bound at", len(links))
        yield instance, links


def test_equal_numbers_and_answers_out_of_order_are_told_apart(tmp_path: Path) -> None:
    """Two ESMEs that use the same numbers each get exactly their own answers."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esmes = {b"acme": bound(instance.port), b"bolt": bound(instance.port, b"bolt", b"hidden")}
        for number in range(1, 21):
            for name, esme in esmes.items():
                text = b"%s-%02d" % (name, number)
                esme.send(pdu(SUBMIT_SM, number, message_body(text=text)))
        requests = [link.receive_message() for _ in range(40)]
        assert len({request.number for request in requests}) == 40
        for request in reversed(requests):
            # The id is the text, so that an answer shows which message it is for.
            answer(link, request, request.body[-7:] + b"\0")
        for name, esme in esmes.items():
            answers = [esme.receive_message() for _ in range(20)]
            assert {a.number: a.body for a in answers} == {
                number: b"alpha%s-%02d\0" % (name, number) for number in range(1, 21)
            }
            assert esme.is_quiet()


def test_a_hundred_pdus_in_one_segment(tmp_path: Path) -> None:
    """All of one segment are relayed, and all answers of one segment come back."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(b"".join(pdu(SUBMIT_SM, n, message_body()) for n in range(1, 101)))
        requests = [link.receive_message() for _ in range(100)]
        link.send(b"".join(pdu(SUBMIT_RESP, r.number, b"id\0") for r in requests))
        assert [esme.receive_message().number for _ in range(100)] == list(range(1, 101))


def test_one_octet_at_a_time(tmp_path: Path) -> None:
    """However the stream is cut, both directions see whole PDUs."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        for octet in pdu(SUBMIT_SM, 7, message_body()):
            esme.send(bytes([octet]))
        request = link.receive_message()
        assert request.body == message_body()
        for octet in pdu(SUBMIT_RESP, request.number, b"abc\0"):
            link.send(bytes([octet]))
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0, 7, b"alphaabc\0")


@pytest.mark.parametrize("length", [0, 15, 2**31 - 1, 2**32 - 1])
def test_an_impossible_length_ends_that_session_alone(tmp_path: Path, length: int) -> None:
    """generic_nack 0x02, connection closed; another ESME notices nothing."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme, other = bound(instance.port), bound(instance.port)
        esme.send(struct.pack(">IIII", length, SUBMIT_SM, 0, 77))
        assert esme.receive() == Pdu(GENERIC_NACK, 0x02, 77, b"")
        assert esme.is_closed()
        other.send(pdu(SUBMIT_SM, 1, message_body()))
        answer(link, link.receive_message())
        assert other.receive_message() == Pdu(SUBMIT_RESP, 0, 1, b"alphaid\0")


def test_an_unknown_command_is_nacked_and_the_session_goes_on(tmp_path: Path) -> None:
    """generic_nack 0x03 under the number of the command."""
    with gate(tmp_path, "alpha") as (instance, _):
        esme = bound(instance.port)
        esme.send(pdu(0x00000ABC, 5, b"whatever"))
        assert esme.receive() == Pdu(GENERIC_NACK, 0x03, 5, b"")
        assert esme.is_quiet()


def test_a_submit_sm_before_the_bind_is_refused(tmp_path: Path) -> None:
    """ESME_RINVBNDSTS in its own resp; a bind may still follow."""
    with gate(tmp_path, "alpha") as (instance, _):
        esme = connect(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()))
        assert esme.receive() == Pdu(SUBMIT_RESP, 0x04, 1, b"")
        esme.send(pdu(BIND_TRANSCEIVER, 2, bind_body(b"acme", b"secret")))
        assert esme.receive().status == 0


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [(b"acme", b"wrong", 0x0E), (b"nobody", b"secret", 0x0F), (b"acme", b"hidden", 0x0E)],
)
def test_wrong_credentials(tmp_path: Path, system_id: bytes, password: bytes, status: int) -> None:
    """One bind_resp with the reason, then the end; nothing secret in the log."""
    with gate(tmp_path, "alpha") as (instance, _):
        esme = connect(instance.port)
        esme.send(pdu(BIND_TRANSCEIVER, 9, bind_body(system_id, password)))
        assert esme.receive() == Pdu(BIND_TRANSCEIVER | RESP, status, 9, b"gate1\0")
        assert esme.is_closed()
        instance.wait_for_log(f"(0x{status:08X})")
        instance.stop()
        assert not any(word in instance.log for word in ("secret", "hidden", 'wrong"', "pw-of"))


def test_a_second_bind_gets_one_answer_and_changes_nothing(tmp_path: Path) -> None:
    """Exactly one bind_resp for each bind; never 0x05, which Kannel takes for success."""
    with gate(tmp_path, "alpha") as (instance, _):
        esme = bound(instance.port)
        esme.send(pdu(BIND_TRANSCEIVER, 2, bind_body(b"acme", b"secret")))
        assert esme.receive() == Pdu(BIND_TRANSCEIVER | RESP, 0x04, 2, b"")
        assert esme.is_quiet()


def test_messages_are_spread_over_the_smscs(tmp_path: Path) -> None:
    """With nothing outstanding both take turns."""
    with gate(tmp_path, "alpha", "beta") as (instance, (alpha, beta)):
        esme = bound(instance.port)
        esme.send(b"".join(pdu(SUBMIT_SM, n, message_body()) for n in range(1, 11)))
        for link in (alpha, beta):
            for _ in range(5):
                answer(link, link.receive_message())
        assert sorted(esme.receive_message().number for _ in range(10)) == list(range(1, 11))


def test_a_killed_smsc_costs_each_outstanding_request_one_error(tmp_path: Path) -> None:
    """0x08 once each; traffic goes on over the other SMSC; the link comes back by itself."""
    with Smsc() as alpha, Smsc() as beta:
        port = free_port()
        # One that was lost starts slowly; here it is to have its share at once.
        smscs = {"alpha": alpha.port, "beta": beta.port}
        config = settings(port, smscs, pool="slow_start = 0")
        with running(tmp_path, config, port) as instance:
            doomed, healthy = alpha.link(), beta.link()
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            esme.send(b"".join(pdu(SUBMIT_SM, n, message_body()) for n in range(1, 11)))
            for _ in range(5):
                doomed.receive_message()
            kept = [healthy.receive_message() for _ in range(5)]
            doomed.sock.close()
            failed = [esme.receive_message() for _ in range(5)]
            assert {f.status for f in failed} == {0x08}
            for request in kept:
                answer(healthy, request)
            answered = [esme.receive_message() for _ in range(5)]
            assert {a.status for a in answered} == {0}
            assert sorted(p.number for p in failed + answered) == list(range(1, 11))

            esme.send(pdu(SUBMIT_SM, 11, message_body()))
            answer(healthy, healthy.receive_message())
            assert esme.receive_message().status == 0

            again = alpha.link()
            instance.wait_for_log("SMSC alpha transceiver 1 bound", 2)
            # Two in one read would go to one of them.
            esme.send(pdu(SUBMIT_SM, 12, message_body()))
            readable(again, healthy)
            esme.send(pdu(SUBMIT_SM, 13, message_body()))
            for link in (again, healthy):
                answer(link, link.receive_message())
            assert {esme.receive_message().number for _ in range(2)} == {12, 13}
            assert esme.is_quiet()


def test_an_answer_after_the_timeout_is_not_sent_on(tmp_path: Path) -> None:
    """The ESME sees one resp, 0x08; the late one goes nowhere, and its number stays reserved."""
    limit = "response_timeout = 0.2"
    with gate(tmp_path, "alpha", gate=limit) as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 41, message_body()))
        request = link.receive_message()
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0x08, 41, b"")
        esme.send(pdu(SUBMIT_SM, 42, message_body()))
        second = link.receive_message()
        assert second.number != request.number
        answer(link, request, b"late\0")
        answer(link, second, b"timely\0")
        assert esme.receive_message() in (
            Pdu(SUBMIT_RESP, 0, 42, b"alphatimely\0"),
            Pdu(SUBMIT_RESP, 0x08, 42, b""),
        )
        assert esme.is_quiet()


def test_vendor_tlvs_and_unknown_statuses_pass_octet_for_octet(tmp_path: Path) -> None:
    """Only the number differs, in both directions."""
    vendor = struct.pack(">HH", 0x1403, 5) + b"\0vend" + struct.pack(">HH", 0x3FFF, 0)
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        body = message_body(text=bytes(range(100)), tlvs=vendor)
        esme.send(pdu(SUBMIT_SM, 3, body, status=0x0BADBEEF))
        request = link.receive_message()
        assert (request.body, request.status) == (body, 0x0BADBEEF)
        link.send(pdu(SUBMIT_RESP, request.number, b"id\0" + vendor, 0x000004D2))
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0x4D2, 3, b"id\0" + vendor)


def test_a_generic_nack_answers_under_the_esmes_number(tmp_path: Path) -> None:
    """It ends the exchange like any other answer."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 0x7FFFFFFF, message_body()))
        request = link.receive_message()
        link.send(pdu(GENERIC_NACK, request.number, b"", 0x03))
        assert esme.receive_message() == Pdu(GENERIC_NACK, 0x03, 0x7FFFFFFF, b"")


def test_stray_and_repeated_answers_go_nowhere(tmp_path: Path) -> None:
    """A resp with a number nobody waits for, a second one, and one of another command."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()))
        request = link.receive_message()
        link.send(pdu(SUBMIT_RESP, request.number + 1000, b"stray\0"))
        link.send(pdu(0x80000103, request.number, b"other\0"))
        answer(link, request)
        answer(link, request)
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0, 1, b"alphaid\0")
        assert esme.is_quiet()


def test_a_throttled_message_is_tried_at_the_other_smsc(tmp_path: Path) -> None:
    """0x58 from one SMSC is not the ESME's to hear while another can take the message."""
    with gate(tmp_path, "alpha", "beta") as (instance, (alpha, beta)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()))
        first = readable(alpha, beta)
        second = beta if first is alpha else alpha
        answer(first, first.receive_message(), b"", 0x58)
        answer(second, second.receive_message(), b"taken\0")
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0, 1, b"betataken\0")
        esme.send(pdu(SUBMIT_SM, 2, message_body()))
        first = readable(alpha, beta)
        second = beta if first is alpha else alpha
        answer(first, first.receive_message(), b"", 0x58)
        answer(second, second.receive_message(), b"", 0x14)
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0x14, 2, b"")
        assert esme.is_quiet()


def test_over_its_window_an_esme_is_throttled(tmp_path: Path) -> None:
    """0x58 for the request too many; the others are relayed."""
    esmes = '[[esme]]\nsystem_id = "acme"\npassword = "secret"\nwindow = 2\n'
    with gate(tmp_path, "alpha", esmes=esmes) as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(b"".join(pdu(SUBMIT_SM, n, message_body()) for n in (1, 2, 3)))
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0x58, 3, b"")
        for _ in range(2):
            answer(link, link.receive_message())
        assert [esme.receive_message().number for _ in range(2)] == [1, 2]


def test_without_an_smsc_and_without_hold_messages_are_turned_down_at_once(tmp_path: Path) -> None:
    """0x08, and the bind is accepted all the same."""
    port = free_port()
    config = settings(port, {"alpha": free_port()}, pool="hold = 0")
    with running(tmp_path, config, port) as instance:
        instance.wait_for_log("SMSC alpha transceiver 1 not reached")
        esme = bound(port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()))
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0x08, 1, b"")


def test_a_refused_bind_is_told_with_its_meaning(tmp_path: Path) -> None:
    """The operator reads why; the gate goes on, and asks again at the slow end."""
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, settings(port, {"alpha": smsc.port}), port) as instance:
            for _ in range(2):
                wire = smsc.accept()
                bind = wire.receive()
                assert bind.command_id == BIND_TRANSCEIVER
                wire.send(pdu(bind.command_id | RESP, bind.number, b"", 0x0E))
                assert wire.is_closed()
            instance.wait_for_log("0x0000000E", 2)
            assert "Traceback" not in instance.log
            assert "pw-of-alpha" not in instance.log


def test_receipts_come_home_to_the_session_that_submitted(tmp_path: Path) -> None:
    """Not to the other session of the account, nor to another account."""
    with gate(tmp_path, "alpha", "beta") as (instance, links):
        esmes = [
            bound(instance.port),
            bound(instance.port),
            bound(instance.port, b"bolt", b"hidden"),
        ]
        for sender, esme in enumerate(esmes):
            esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
            link = readable(*links)
            # Both SMSCs give the same ids.
            answer(link, link.receive_message(), b"%d\0" % sender)
            message_id = esme.receive_message().body[:-1]
            receipt = b"id:%b sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
            told = message_body(b"1234", receipt % (b"%d" % sender), esm_class=4)
            link.send(pdu(DELIVER_SM, 500, told))
            got = esme.receive_message()
            assert got.body == message_body(b"1234", receipt % message_id, esm_class=4)
            esme.send(pdu(DELIVER_SM | RESP, got.number, b"\0"))
            assert link.receive_message() == Pdu(DELIVER_SM | RESP, 0, 500, b"\0")
        assert all(esme.is_quiet() for esme in esmes)


def test_a_receipt_for_a_transmitter_goes_to_its_accounts_receiver(tmp_path: Path) -> None:
    """The usual pair of binds: one sends, the other hears."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        sender = bound(instance.port, command=BIND_TRANSMITTER)
        hearer = bound(instance.port, command=BIND_RECEIVER)
        sender.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        answer(link, link.receive_message(), b"abc\0")
        sender.receive_message()
        text = b"id:abc stat:DELIVRD"
        link.send(pdu(DELIVER_SM, 1, message_body(b"1234", text, esm_class=4)))
        assert hearer.receive_message().body.endswith(b"id:alphaabc stat:DELIVRD")
        assert sender.is_quiet()


def test_mobile_originated_messages_go_by_range(tmp_path: Path) -> None:
    """To a bound receiver whose account serves the number; else 0x64."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        acme, bolt = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        for number, esme in ((b"4477009555", acme), (b"49885", bolt)):
            link.send(pdu(DELIVER_SM, 5, message_body(number)))
            got = esme.receive_message()
            esme.send(pdu(DELIVER_SM | RESP, got.number, b"\0"))
            assert link.receive_message() == Pdu(DELIVER_SM | RESP, 0, 5, b"\0")
        link.send(pdu(DELIVER_SM, 6, message_body(b"331234")))
        assert link.receive_message() == Pdu(DELIVER_SM | RESP, 0x64, 6, b"")
        assert acme.is_quiet()
        assert bolt.is_quiet()


def test_the_pair_of_binds_toward_an_smsc(tmp_path: Path) -> None:
    """`transmitter+receiver`: requests leave on one session, deliver_sm comes on the other."""
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}) + 'bind = "transmitter+receiver"\n'
        with running(tmp_path, config, port) as instance:
            ends = {}
            for _ in range(2):
                wire = smsc.accept()
                bind = wire.receive()
                ends[bind.command_id] = wire
                wire.send(pdu(bind.command_id | RESP, bind.number, b"smsc\0"))
            instance.wait_for_log("bound at", 2)
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
            answer(ends[BIND_TRANSMITTER], ends[BIND_TRANSMITTER].receive_message())
            assert esme.receive_message().status == 0
            ends[BIND_RECEIVER].send(
                pdu(DELIVER_SM, 1, message_body(b"1234", b"id:id stat:DELIVRD", esm_class=4))
            )
            assert esme.receive_message().command_id == DELIVER_SM


def test_a_stop_waits_for_what_is_outstanding_and_unbinds_both_sides(tmp_path: Path) -> None:
    """What comes before the unbind_resp is served; nothing that could be answered is lost."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()))
        request = link.receive_message()
        instance.process.terminate()
        unbind = esme.receive_message()
        assert unbind.command_id == UNBIND
        esme.send(pdu(SUBMIT_SM, 2, message_body()) + pdu(UNBIND | RESP, unbind.number))
        answer(link, link.receive_message(), b"id2\0")
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0, 2, b"alphaid2\0")
        link.send(pdu(DELIVER_SM, 7, message_body()))
        assert link.receive_message() == Pdu(DELIVER_SM | RESP, 0x64, 7, b"")
        answer(link, request)
        assert esme.receive_message() == Pdu(SUBMIT_RESP, 0, 1, b"alphaid\0")
        assert esme.is_closed()
        unbind = link.receive_message()
        assert unbind.command_id == UNBIND
        link.send(pdu(UNBIND | RESP, unbind.number))
        assert link.is_closed()
        assert "stopping: 1 requests open" in instance.log
        assert instance.wait() == -signal.SIGTERM
        assert "Traceback" not in instance.log


def test_what_is_open_when_the_time_to_stop_is_over_is_answered_all_the_same(
    tmp_path: Path,
) -> None:
    """0x08 for each request, and a close that loses nothing; the SMSC is unbound afterwards."""
    with gate(tmp_path, "alpha", gate="stop_timeout = 0.2") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(b"".join(pdu(SUBMIT_SM, n, message_body()) for n in range(1, 21)))
        for _ in range(20):
            link.receive_message()
        instance.process.terminate()
        assert esme.receive_message().command_id == UNBIND
        answers = [esme.receive_message() for _ in range(20)]
        assert {a.status for a in answers} == {0x08}
        assert [a.number for a in answers] == list(range(1, 21))
        assert esme.sock.recv(1) == b""
        unbind = link.receive_message()
        assert unbind.command_id == UNBIND
        link.send(pdu(UNBIND | RESP, unbind.number))
        assert instance.wait() == -signal.SIGTERM


def test_an_esme_that_unbinds_is_answered_and_closed(tmp_path: Path) -> None:
    """And a request it left outstanding does no harm when it is answered."""
    with gate(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body()) + pdu(UNBIND, 2))
        request = link.receive_message()
        assert esme.receive() == Pdu(UNBIND | RESP, 0, 2, b"")
        assert esme.is_closed()
        answer(link, request)
        assert link.is_quiet()


def test_idle_links_are_asked_and_dead_ones_dropped(tmp_path: Path) -> None:
    """An SMSC that does not answer enquire_link is left, and bound anew."""
    with Smsc() as smsc:
        port = free_port()
        asked = "enquire_link = 0.1\nenquire_link_timeout = 0.1\n"
        config = settings(port, {"alpha": smsc.port}, smsc=asked)
        with running(tmp_path, config, port):
            link = smsc.link()
            assert link.receive().command_id == ENQUIRE_LINK
            assert link.is_closed()
            assert smsc.link()


def test_a_wrong_configuration_is_told_whole_and_without_a_traceback(tmp_path: Path) -> None:
    """All errors with their paths, exit code not 0."""
    config = settings(free_port(), {"alpha": 1}) + 'windw = 3\nweight = "1"\n'
    instance = start(tmp_path, config, 0)
    assert instance.wait() != 0
    for part in ("smsc[0].windw", "smsc[0].weight"):
        assert part in instance.log
    assert "Traceback" not in instance.log
