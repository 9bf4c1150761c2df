"""Messages that routes lead somewhere, in a whole gate."""

from __future__ import annotations

from typing import Any

from smppgate.settings import EsmeSettings, GateSettings, PoolSettings, RouteSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.destinations import DistributionList, SmeAddress
from smppgate.txsmpp.pdu import CancelSm, DataSm, SubmitMulti, SubmitSm
from tests.gate.test_holding_messages import Narrow, serves, submits, texts
from tests.gate.test_reload import linked, reload, said, smsc
from tests.txsmpp.pairs import numbered

ALPHA, BETA = (PoolSettings(name=each, members=(each,)) for each in ("alpha", "beta"))


class Routed(Narrow):
    """A gate with two SMSCs that have windows of 1, a pool each, and these routes."""

    def __init__(self, *routes: RouteSettings, **more: Any) -> None:
        super().__init__(smsc("beta", window=1), pool=(ALPHA, BETA), route=routes, **more)
        self.alpha, self.beta = self.link, linked(self.gate, 1)


FALLBACK = RouteSettings(pool="alpha", fallback="beta")


def test_a_message_that_no_route_is_for_is_answered_and_counted() -> None:
    gate = Routed(RouteSettings(name="uk", destination="44*", pool="beta"))
    gate.esme.send(numbered(SubmitSm(destination_addr=b"4477", short_message=b"1"), 1))
    gate.esme.send(numbered(SubmitSm(destination_addr=b"49", short_message=b"2"), 2))
    assert serves(gate.beta) == [1]
    assert sorted(said(gate.esme)) == [
        (CommandId.SUBMIT_SM_RESP, 0),
        (CommandId.SUBMIT_SM_RESP, 0x0B),
    ]
    state = gate.gate.gateway.state()
    assert [(each.label, each.pools, each.messages) for each in state.routes] == [
        ("uk", ("beta",), 1)
    ]
    assert state.unrouted == 1
    assert gate.gate.router.statistics().rejected == 1


def test_an_account_that_no_route_is_for_may_bind_as_long_as_any_smsc_is_up() -> None:
    """Messages may come for it."""
    nobody = RouteSettings(esme="bolt*", pool="beta")
    gate = Routed(nobody, gate=GateSettings(accept_binds_without_smsc=False))
    gate.esme.send(submits(1))
    assert said(gate.esme) == [(CommandId.SUBMIT_SM_RESP, 0x0B)]


def test_the_first_destination_of_a_submit_multi_counts() -> None:
    gate = Routed(RouteSettings(destination="44*", pool="beta"), RouteSettings(pool="alpha"))
    places = (SmeAddress(destination_addr=b"4477"), SmeAddress(destination_addr=b"49"))
    gate.esme.send(numbered(SubmitMulti(dest_address=places, short_message=b"1"), 1))
    assert [each.command_id for each in gate.beta.heard()] == [CommandId.SUBMIT_MULTI]
    first = DistributionList(dl_name=b"44")
    gate.esme.send(numbered(SubmitMulti(dest_address=(first, *places), short_message=b"2"), 2))
    assert [each.command_id for each in gate.alpha.heard()] == [CommandId.SUBMIT_MULTI]


def test_a_data_sm_is_routed_like_a_submit_sm() -> None:
    gate = Routed(RouteSettings(destination="44*", pool="beta"))
    gate.esme.send(numbered(DataSm(destination_addr=b"4477"), 1))
    assert [each.command_id for each in gate.beta.heard()] == [CommandId.DATA_SM]


def test_a_full_pool_is_waited_for() -> None:
    """Its fallback gets nothing."""
    gate = Routed(FALLBACK)
    gate.esme.send(submits(1, 2))
    assert (texts(gate.alpha), texts(gate.beta)) == ([1], [])
    assert gate.waiting == 1


def test_what_waits_goes_to_the_fallback_at_once_when_its_pool_is_down() -> None:
    gate = Routed(FALLBACK)
    gate.esme.send(submits(1, 2, 3))
    gate.alpha.transport.lose()
    assert serves(gate.beta) == [2, 3]


def test_what_waits_goes_back_when_its_pool_is_up_again() -> None:
    gate = Routed(FALLBACK)
    control = gate.gate.gateway.smsc("alpha")
    control.drain()
    gate.esme.send(submits(1, 2, 3))
    assert texts(gate.beta) == [1]
    control.ready()
    assert serves(gate.alpha) == [2, 3]


def test_the_hold_is_that_of_the_pool_in_use() -> None:
    pools = (PoolSettings(name="alpha", members=("alpha",), hold=0.0), BETA)
    gate = Routed(FALLBACK, RouteSettings(pool="beta"))
    reload(gate.gate, pool=pools)
    gate.esme.send(submits(1, 2))
    assert [status for _, status in said(gate.esme)] == [0x08]


def test_a_reload_routes_what_waits_anew() -> None:
    """What no route is for any more is answered."""
    gate = Routed(RouteSettings(pool="alpha"))
    to = {
        n: numbered(SubmitSm(destination_addr=b"4%d" % n, short_message=b"%d" % n), n)
        for n in (1, 2, 3)
    }
    gate.esme.send(b"".join(to.values()))
    reload(gate.gate, route=(RouteSettings(destination="42*", pool="beta"),))
    assert texts(gate.alpha) == [1]
    assert said(gate.esme) == [(CommandId.SUBMIT_SM_RESP, 0x0B)]
    assert texts(gate.beta) == [2]


def test_without_routes_after_a_reload_the_pool_of_the_account_counts_again() -> None:
    gate = Routed(RouteSettings(pool="beta"))
    gate.esme.send(submits(1))
    reload(gate.gate, route=())
    gate.esme.send(submits(2))
    assert (texts(gate.beta), texts(gate.alpha)) == ([1], [2])


def test_requests_of_this_process_are_routed_unless_they_name_their_pool() -> None:
    gate = Routed(RouteSettings(destination="44*", pool="beta"), RouteSettings(reject=0x45))
    results: list[Any] = []
    for pdu, pool in (
        (SubmitSm(destination_addr=b"4477", short_message=b"1"), None),
        (SubmitSm(destination_addr=b"49", short_message=b"2"), None),
        (SubmitSm(destination_addr=b"49", short_message=b"3"), "alpha"),
    ):
        gate.gate.router.request(pdu, pool).addBoth(results.append)
    assert (serves(gate.beta), serves(gate.alpha)) == ([1], [3])
    assert sorted(each.command_status for each in results) == [0, 0, 0x45]


def test_a_cancel_sm_without_an_id_goes_to_all_pools_that_messages_may_go_to() -> None:
    accounts = (EsmeSettings(system_id="acme", password="secret", cancel_all=True),)
    gate = Routed(
        RouteSettings(destination="44*", pool="beta"), RouteSettings(pool="alpha"), esme=accounts
    )
    gate.esme.send(numbered(CancelSm(source_addr=b"1", destination_addr=b"2"), 1))
    assert [e.command_id for e in gate.alpha.heard()] == [CommandId.CANCEL_SM]
    assert [e.command_id for e in gate.beta.heard()] == [CommandId.CANCEL_SM]
