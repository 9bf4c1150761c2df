"""The simulator's memory: ids, and what became of messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.simulator.messages import REMEMBERED, Messages
from smppgate.txsmpp.constants import MessageState


@given(prefix=st.binary(max_size=8), hexadecimal=st.booleans(), number=st.integers(1, 300))
def test_every_message_has_an_id_of_its_own_that_is_known(
    prefix: bytes, hexadecimal: bool, number: int
) -> None:
    messages = Messages(prefix, hexadecimal, 5.0)
    ids = [messages.take(0.0) for _ in range(number)]
    assert len(set(ids)) == len(messages) == number
    assert {messages.state(each, 1.0) for each in ids} == {MessageState.ENROUTE}
    assert {messages.state(each, 5.0) for each in ids} == {MessageState.DELIVERED}


@given(text=st.binary(max_size=10))
def test_no_other_text_is_an_id(text: bytes) -> None:
    """Nor another way to write the number of one, as with leading zeros or underscores."""
    messages = Messages(b"A", False, 5.0)
    given_ids = {messages.take(0.0) for _ in range(20)}
    assert (messages.state(text, 1.0) is not None) == (text in given_ids)
    assert messages.state(b"A0" + text, 1.0) is None


def test_a_message_that_is_no_longer_remembered_was_delivered() -> None:
    messages = Messages(b"", True, 5.0)
    first = messages.take(0.0)
    for _ in range(REMEMBERED - 1):
        latest = messages.take(0.0)
    assert messages.state(first, 1.0) is MessageState.ENROUTE
    messages.take(0.0)
    assert messages.state(first, 1.0) is MessageState.DELIVERED
    assert messages.state(latest, 1.0) is MessageState.ENROUTE


def test_what_is_delivered_or_deleted_cannot_be_deleted() -> None:
    messages = Messages(b"", True, 5.0)
    one, other = messages.take(0.0), messages.take(0.0)
    assert messages.delete(one, 4.9)
    assert not messages.delete(one, 4.9)
    assert not messages.delete(other, 5.0)
    assert messages.state(one, 10.0) is MessageState.DELETED
