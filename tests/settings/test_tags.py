"""Tags of SMSCs: how they are derived, and which exclude each other."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.settings import SettingsError, derived_tag, parse
from smppgate.settings.tags import tag_problems
from tests.settings import documents


def document(*smscs: dict[str, Any]) -> dict[str, Any]:
    """A valid document but for what ``smscs`` change, one for each."""
    whole = documents.minimal()
    whole["smsc"] = [
        whole["smsc"][0] | {"name": f"smsc{number}"} | smsc for number, smsc in enumerate(smscs)
    ]
    return whole


def errors_of(*smscs: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(documents.toml(document(*smscs)))
    return caught.value.errors


def names_of_one_tag() -> tuple[str, str]:
    """Two names with the same derived tag."""
    first: dict[str, str] = {}
    for name in (f"smsc{number}" for number in itertools.count()):
        other = first.setdefault(derived_tag(name), name)
        if other != name:
            return other, name
    raise AssertionError


def test_derived_tags_are_those_of_every_release() -> None:
    """An upgraded gate still finds the SMSCs of ids that were given out before."""
    assert [derived_tag(name) for name in ("alpha", "beta")] == ["4dz0", "4i1l"]


@given(st.text(max_size=300))
def test_a_derived_tag_is_four_letters_and_digits(name: str) -> None:
    """Whatever the name; the same each time."""
    name = name.encode(errors="ignore").decode()
    assert re.fullmatch("[a-z0-9]{4}", derived_tag(name))
    assert derived_tag(name) == derived_tag(name)


def test_the_tag_in_use_does_not_depend_on_the_order() -> None:
    """Each SMSC keeps its own when the tables are swapped; one that is given is used."""
    smscs = [{"name": "alpha"}, {"name": "beta"}, {"name": "gamma", "tag": "G"}]
    settings = [parse(documents.toml(document(*order))) for order in (smscs, smscs[::-1])]
    first, second = ({s.name: s.tag_or_derived for s in one.smsc} for one in settings)
    assert first == second
    assert first == {"alpha": derived_tag("alpha"), "beta": derived_tag("beta"), "gamma": "G"}


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        (("ab", "ab"), "smsc[1].tag: the tag 'ab' equals the tag 'ab' of smsc[0]"),
        (("a", "abc"), "smsc[1].tag: the tag 'abc' begins with the tag 'a' of smsc[0]"),
        (("abc", "a"), "smsc[1].tag: the tag 'a' is the beginning of the tag 'abc' of smsc[0]"),
        (("x", "y", "yz"), "smsc[2].tag: the tag 'yz' begins with the tag 'y' of smsc[1]"),
        (("a", "A"), "smsc[1].tag: the tag 'A' equals the tag 'a' of smsc[0], but for case"),
        (
            ("Ab", "aBc"),
            "smsc[1].tag: the tag 'aBc' begins with the tag 'Ab' of smsc[0], but for case",
        ),
    ],
)
def test_tags_that_collide_are_refused(tags: tuple[str, ...], error: str) -> None:
    """The error is that of the later table, and names the other tag."""
    assert errors_of(*({"tag": tag} for tag in tags)) == (error,)


@pytest.mark.parametrize("tags", [("a", "B"), ("ab", "ba"), ("Ab", "aC"), ("12345", "12346")])
def test_other_tags_are_accepted(tags: tuple[str, ...]) -> None:
    """As they are written."""
    settings = parse(documents.toml(document(*({"tag": tag} for tag in tags))))
    assert tuple(smsc.tag_or_derived for smsc in settings.smsc) == tags


def test_the_error_of_a_derived_tag_asks_for_a_tag() -> None:
    """It may collide with a given tag or with a derived one; a given tag ends it."""
    tag = derived_tag("beta")
    assert errors_of({"tag": tag[:2]}, {"name": "beta"}) == (
        f"smsc[1].tag: the derived tag {tag!r} begins with the tag {tag[:2]!r} of smsc[0]; "
        "give it a tag",
    )
    one, other = names_of_one_tag()
    tag = derived_tag(one)
    assert errors_of({"name": one}, {"name": other}) == (
        f"smsc[1].tag: the derived tag {tag!r} equals the derived tag {tag!r} of smsc[0]; "
        "give it a tag",
    )
    parse(documents.toml(document({"name": one}, {"name": other, "tag": "other"})))


def test_a_given_tag_that_meets_a_derived_one_says_so() -> None:
    """It has a tag already, so the error does not ask for one."""
    tag = derived_tag("smsc0")
    assert errors_of({}, {"tag": tag}) == (
        f"smsc[1].tag: the tag {tag!r} equals the derived tag {tag!r} of smsc[0]",
    )


TAGS = st.lists(st.text("aB1", min_size=1, max_size=5), max_size=8)


@given(TAGS)
def test_a_table_has_an_error_when_it_collides_with_one_before(tags: list[str]) -> None:
    """Compared with a comparison of all pairs, without a difference of case."""
    folded = [tag.lower() for tag in tags]
    colliding = [
        f"smsc[{index}].tag"
        for index, tag in enumerate(folded)
        if any(tag.startswith(other) or other.startswith(tag) for other in folded[:index])
    ]
    problems = tag_problems(document(*({"tag": tag} for tag in tags)))
    assert [problem.where for problem in problems] == colliding


def test_tags_beside_other_errors() -> None:
    """An invalid tag, and a name used twice, are one error each and hide no collision."""
    assert errors_of(
        {"tag": "ab", "weight": -1}, {"tag": "a-b"}, {"tag": "abc"}, {"name": "smsc0", "tag": "ab"}
    ) == (
        "smsc[0].weight: must be at least 0, not -1",
        "smsc[1].tag: must be 1 to 5 letters and digits, not 'a-b'",
        "smsc[3].name: 'smsc0' is the name of smsc[0] too",
        "smsc[2].tag: the tag 'abc' begins with the tag 'ab' of smsc[0]",
    )
