"""After a reload the counts of routes and rules go on by what they are called."""

from __future__ import annotations

from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.counted import go_on_counting


@define
class Called:
    """What is called ``label``, and counts."""

    label: str
    messages: int = 0


def test_counts_go_on_by_label_in_whatever_order() -> None:
    before = [Called("uk", 3), Called("fr", 4), Called("gone", 5)]
    after = [Called("fr"), Called("new"), Called("uk")]
    go_on_counting(after, before)
    assert [each.messages for each in after] == [4, 0, 3]


@given(st.lists(st.sampled_from("ab")), st.lists(st.sampled_from("abc")))
def test_of_several_with_one_label_the_first_is_the_first(
    former: list[str], latter: list[str]
) -> None:
    before = [Called(label, count) for count, label in enumerate(former, 1)]
    after = [Called(label) for label in latter]
    go_on_counting(after, before)
    for label in "abc":
        counts = [each.messages for each in before if each.label == label]
        mine = [each.messages for each in after if each.label == label]
        assert mine == (counts + [0] * len(mine))[: len(mine)]
