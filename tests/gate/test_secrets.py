"""Marked passwords and texts are in no repr of the gate's objects, and in no report of a crash."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from smppgate.settings import EsmeSettings, GateSettings, Settings
from smppgate.settings.passwords import KeptPassword
from smppgate.txsmpp.pdu import DeliverSm, SubmitSm
from smppgate.txsmpp.tlv import Tlv
from tests.gate.memory_gateway import MemoryGateway, bind, smsc
from tests.gate.sessions.test_password_checks import HASH, Compare

MARK = "M4RK"
"""Is in each secret, and in nothing else."""


class Crash(Exception):
    """What goes wrong in a handler."""


class Told:
    """All that a log may write of an event: its text, its failure, and its values."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def __enter__(self) -> Told:
        globalLogPublisher.addObserver(self)  # type: ignore[arg-type]
        return self

    def __exit__(self, *_: object) -> None:
        globalLogPublisher.removeObserver(self)  # type: ignore[arg-type]

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        values = [repr(each) for key, each in event.items() if key != "log_source"]
        self.text += [formatEvent(event), *values]
        if failure is not None:
            self.text.append(failure.getTraceback())


def gate_of(**more: Any) -> MemoryGateway:
    """A gate that knows all kinds of passwords."""
    own = KeptPassword("place", f"{MARK}-env")
    return MemoryGateway(
        smsc(sessions=1, password=f"{MARK}-smsc", outbind_password=f"{MARK}-out"),
        smsc("beta", sessions=1, password=None, password_file=KeptPassword("f", f"{MARK}-file")),
        esme=(
            EsmeSettings(
                system_id="acme",
                password=f"{MARK}-esme",
                address_ranges=("1*",),
                queue=True,
                outbind="tcp:esme.example:2775",
                outbind_password=f"{MARK}-to",
            ),
            EsmeSettings(system_id="bank", password_env=own),
            EsmeSettings(system_id="corp", password_hash=HASH),
        ),
        gate=GateSettings(bind_delay=0.0),
        **more,
    )


def talk(gate: MemoryGateway) -> None:
    """Binds and messages, all kept unanswered: nothing of them is over."""
    links = [gate.smsc(at) for at in range(2)]
    for link in links:
        (request,) = link.heard()
        link.answer(request, 0, b"smsc\0")
    gate.esme(bind(f"{MARK}-bad".encode()))
    gate.esme(bind(f"{MARK}-slow".encode(), system_id=b"corp"))
    # A NUL that is lost makes the password part of the name.
    gate.esme(bind(f"{MARK}-lost".encode()).replace(b"acme\0", b"acme_"))
    esme = gate.esme(bind(f"{MARK}-esme".encode()))
    text, payload = f"{MARK}-text".encode(), Tlv(0x0424, f"{MARK}-payload".encode())
    to = {"destination_addr": b"44771"}
    esme.ask(SubmitSm(**to, short_message=text, registered_delivery=1), 2)
    esme.ask(SubmitSm(**to, tlvs=(payload,)), 3)
    links[0].ask(DeliverSm(destination_addr=b"100", short_message=text), 5)
    links[1].ask(DeliverSm(destination_addr=b"900", tlvs=(payload,)), 6)


def _reprs() -> Iterator[tuple[str, str]]:
    for each in gc.get_objects():
        kind = type(each)
        if str(kind.__module__).startswith("smppgate"):
            yield f"{kind.__module__}.{kind.__qualname__}", repr(each)


def test_no_object_shows_a_secret() -> None:
    """Of all that the gate has while binds and messages are under way."""
    slow = Compare()
    gate = gate_of(compare=slow)
    talk(gate)
    assert [MARK in password for password in slow.passwords] == [True]
    shown = list(_reprs())
    assert len({kind for kind, _ in shown}) > 100
    assert {kind for kind, text in shown if MARK in text} == set()
    assert isinstance(gate.gateway.settings, Settings)


@pytest.mark.parametrize("place", ["forward_all", "deliver", "esme_bound", "bind_refused"])
def test_no_report_of_a_crash_shows_a_secret(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Nor a line of the log of another kind."""
    gate = gate_of(compare=Compare())
    crashes = []

    def crash(*_: object) -> int:
        crashes.append(place)
        raise Crash

    monkeypatch.setattr(gate.router, place, crash)
    with Told() as told:
        try:
            talk(gate)
        except Crash:
            # A transport in memory lets it through; a reactor writes it to the log.
            import traceback  # noqa: PLC0415

            told.text.append(traceback.format_exc())
    assert crashes
    assert any("refused" in text for text in told.text)
    assert not [text for text in told.text if MARK in text]
