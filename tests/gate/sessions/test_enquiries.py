"""enquire_link of the gate's own, and what becomes of a peer that leaves one unanswered."""

from __future__ import annotations

from attrs import evolve

from smppgate.settings import EsmeSettings, GateSettings
from smppgate.txsmpp.constants import CommandId
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.gate.sessions.test_unbinding import SUBMIT_RESP, kinds, submits

ENQUIRE_LINK = CommandId.ENQUIRE_LINK

ASKING = {"enquire_link": 10.0, "enquire_link_timeout": 3.0}


class Rig:
    """A gate with two SMSCs, and an ESME bound to it. Messages have a minute."""

    def __init__(self) -> None:
        self.gate = MemoryGateway(
            *(smsc(name, sessions=1, **ASKING) for name in ("alpha", "beta")),
            esme=(EsmeSettings(system_id="acme", password="secret"),),
            gate=GateSettings(response_timeout=60.0, **ASKING),
        )
        self.alpha, self.beta = self._linked(0), self._linked(1)
        self.esme = self.gate.esme(bind())
        self.esme.heard()

    def _linked(self, at: int) -> End:
        end = self.gate.smsc(at)
        (request,) = end.heard()
        end.answer(request, 0, b"smsc\0")
        return end

    def pass_by(self, seconds: float, *living: End) -> None:
        """Time passes; those that are alive answer what they are asked."""
        for _ in range(round(seconds * 10)):
            self.gate.reactor.advance(0.1)
            for end in living:
                for frame in end.heard():
                    assert frame.command_id == ENQUIRE_LINK
                    end.answer(frame)


def test_a_frozen_smsc_is_out_of_rotation_when_its_time_is_over() -> None:
    """After enquire_link and enquire_link_timeout, whatever time messages have."""
    rig = Rig()
    rig.esme.send(submits(1))
    assert kinds(rig.alpha.heard()) == [(CommandId.SUBMIT_SM, 0)]
    rig.pass_by(10.1, rig.esme, rig.beta)
    assert kinds(rig.alpha.heard()) == [(ENQUIRE_LINK, 0)]
    rig.pass_by(2.7, rig.esme, rig.beta)
    assert not rig.alpha.is_closed()
    rig.gate.reactor.advance(0.5)
    assert rig.alpha.is_closed()
    assert kinds(rig.esme.heard()) == [(SUBMIT_RESP, 0x08)], "what was open is answered"
    rig.esme.send(submits(3, first=2))
    assert kinds(rig.beta.heard()) == [(CommandId.SUBMIT_SM, 0)] * 3


def test_a_frozen_esme_is_cut_too() -> None:
    rig = Rig()
    rig.pass_by(10.1, rig.alpha, rig.beta)
    assert kinds(rig.esme.heard()) == [(ENQUIRE_LINK, 0)]
    rig.pass_by(3.2, rig.alpha, rig.beta)
    assert rig.esme.is_closed()
    assert not rig.gate.gateway.esme_sessions()


def test_who_answers_other_things_is_alive() -> None:
    """An SMSC that is too busy for enquire_link, and answers a message."""
    rig = Rig()
    rig.esme.send(submits(1))
    (request,) = rig.alpha.heard()
    rig.pass_by(12.0, rig.esme, rig.beta)
    rig.alpha.answer(request, 0, b"id\0")
    assert kinds(rig.esme.heard()) == [(SUBMIT_RESP, 0)]
    rig.alpha.heard()
    rig.pass_by(9.0, rig.esme, rig.beta)
    assert not rig.alpha.is_closed()
    assert rig.alpha.heard() == []
    rig.pass_by(2.0, rig.esme, rig.beta)
    assert kinds(rig.alpha.heard()) == [(ENQUIRE_LINK, 0)], "it is asked again, and no later"


def test_a_reload_changes_it_for_sessions_that_are_there() -> None:
    """Also for one that has been asked already."""
    rig = Rig()
    rig.pass_by(10.1)
    settings = rig.gate.gateway.settings
    patient = [evolve(each, enquire_link_timeout=8.0) for each in settings.smsc]
    gate = evolve(settings.gate, enquire_link_timeout=6.0)
    rig.gate.gateway.reload(evolve(settings, smsc=tuple(patient), gate=gate))
    rig.pass_by(5.8)
    assert not rig.esme.is_closed()
    rig.pass_by(0.3)
    assert rig.esme.is_closed()
    assert not rig.alpha.is_closed()
    rig.pass_by(2.0)
    assert rig.alpha.is_closed()
