"""What hooks are, and which of their methods are asked."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from smppgate.gate.hooks import PASS, Change, HookContext, Hooks, IHooks, Refuse
from smppgate.gate.hooks.decisions import Decision
from smppgate.gate.hooks.made import CannotMake, Made
from smppgate.gate.hooks.views import BindView, SubmitView
from smppgate.txsmpp.codec import encode
from tests.docs.blocks import ROOT, blocks_of
from tests.gate.hooks.scripted import Everything, Nothing, Submits, message

CONTEXT = HookContext(None)


def test_hooks_that_let_all_pass_are_hooks_and_nothing_is_asked() -> None:
    hooks = Hooks(CONTEXT)
    assert verifyObject(IHooks, hooks)
    views: Any = None
    asked = (hooks.on_bind, hooks.on_submit, hooks.on_deliver, hooks.on_answer)
    assert [each(views) for each in asked] == [PASS] * 4
    assert hooks.stop() is None
    assert Made("m:Hooks", Hooks, CONTEXT).kinds == ()


@pytest.mark.parametrize(
    ("factory", "kinds"),
    [
        (Nothing, ()),
        (Submits, ("on_submit",)),
        (Everything, ("on_bind", "on_submit", "on_deliver", "on_answer")),
    ],
)
def test_what_a_class_has_of_its_own_is_asked(factory: Any, kinds: tuple[str, ...]) -> None:
    assert Made("m:F", factory, CONTEXT).kinds == kinds


@implementer(IHooks)
class Others:
    """Hooks that are no subclass of `Hooks`."""

    def __init__(self, context: HookContext) -> None:
        pass

    def on_bind(self, view: Any) -> Decision:
        return PASS

    on_submit = on_deliver = on_answer = on_bind

    def stop(self) -> None:
        raise ValueError


def test_hooks_need_not_be_a_subclass_and_their_stop_may_fail() -> None:
    made = Made("m:Others", Others, CONTEXT)
    assert len(made.kinds) == 4
    done: list[Any] = []
    made.stop().addCallback(done.append)
    made.stop().addCallback(done.append)
    assert done == [None, None]


@pytest.mark.parametrize(
    "factory", [lambda _: None, lambda _: object(), lambda: None, lambda _: Hooks]
)
def test_what_is_no_factory_of_hooks_is_refused(factory: Any) -> None:
    with pytest.raises(CannotMake):
        Made("m:f", factory, CONTEXT)


@pytest.mark.parametrize("tlvs", [{"message_payload": b"x"}, {1.5: None}, {None: b"x"}, None])
def test_a_change_has_tlvs_by_their_tags(tlvs: Any) -> None:
    with pytest.raises(TypeError):
        Change(tlvs=tlvs)


@pytest.mark.parametrize("status", [0, -1, 1 << 32, "8", None])
def test_a_refusal_has_a_status_that_is_an_error(status: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        Refuse(status)


def test_a_view_of_a_bind_shows_no_password() -> None:
    view = BindView("acme", b"secret", "receiver", "192.0.2.1", 0x34)
    assert repr(view) == "<BindView acme as receiver from 192.0.2.1>"


def test_the_example_of_the_documentation_does_what_it_says() -> None:
    page = ROOT / "docs" / "hooks.md"
    (settings,), (program,) = blocks_of(page, "toml"), blocks_of(page, "python")
    gate = tomllib.loads(settings.text)["gate"]
    names: dict[str, Any] = {}
    exec(program.text, names)
    hooks = names[gate["hooks"].partition(":")[2]](HookContext(None, gate["hook_options"]))
    decisions = [
        hooks.on_submit(SubmitView(4, encode(message(destination_addr=to)), "acme", 1, "h"))
        for to in (b"4477009001", b"4478009001")
    ]
    assert decisions == [Refuse(0x45), PASS]
