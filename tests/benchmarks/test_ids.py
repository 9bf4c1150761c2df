"""Message ids as the benchmark checks them."""

from __future__ import annotations

import pytest

from benchmarks.ids import Home, Tags, no_id
from tests.benchmarks.fakes import submit_sm_resp

FIRST, SECOND = b"10000000042", b"20000000042"


def test_each_smsc_may_have_one_tag_of_its_own() -> None:
    """Ids of one SMSC under one tag are right, however many there are."""
    judge = Tags(wanted=True).judge
    assert judge(b"ab1" + FIRST + b"\0") == ""
    assert judge(b"cd2" + SECOND + b"\0") == ""
    assert judge(b"ab1" + FIRST + b"\0") == ""


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (b"cd2" + FIRST, "message id with the tag of another SMSC"),
        (b"ab1" + SECOND, "one tag for two SMSCs"),
        (FIRST, "message id without its tag"),
        (b"ab1" + FIRST[1:], "message id with the tag of another SMSC"),
        (b"ab1" + FIRST[:-1] + b"x", "message id that no SMSC gave"),
        (b"", "message id that no SMSC gave"),
    ],
)
def test_a_wrong_tag_or_id_is_named(second: bytes, fault: str) -> None:
    """After one good id, one that does not go with it."""
    judge = Tags(wanted=True).judge
    assert judge(b"ab1" + FIRST + b"\0") == ""
    assert judge(second + b"\0") == fault


def test_where_no_tags_are_wanted_one_is_a_fault() -> None:
    """What HAProxy relays is what the SMSC gave."""
    judge = Tags(wanted=False).judge
    assert judge(FIRST + b"\0") == judge(SECOND + b"\0") == ""
    assert judge(b"ab1" + FIRST + b"\0") == "message id with a tag"


def test_an_answer_to_a_deliver_sm_has_no_id() -> None:
    """SMPP v3.4 §4.6.2."""
    assert no_id(b"\0") == ""
    assert no_id(FIRST + b"\0") == "deliver_sm_resp with a message_id"


def test_ids_of_a_whole_read_and_of_one_pdu_are_the_same() -> None:
    """Home keeps no account of how answers were cut into reads."""
    answers = [submit_sm_resp(message_id, 7) for message_id in (FIRST, SECOND, FIRST)]
    together, single = Home(), Home()
    together.note(b"".join(answers), len(answers[0]))
    for answer in answers:
        single.note(answer)
    assert together.given.counts() == single.given.counts() == {FIRST: 2, SECOND: 1}


def test_missing_foreign_and_doubled_receipts_are_counted() -> None:
    """An account must have a receipt for each id it was given, and no other."""
    home = Home()
    home.note(submit_sm_resp(FIRST, 1))
    assert home.faults() == {"messages without a receipt": 1}
    home.receipted.note(FIRST, len(FIRST), 0, len(FIRST))
    assert not home.faults()
    home.receipted.note(FIRST + SECOND, len(FIRST), 0, len(FIRST))
    assert home.faults() == {"receipts for ids that the account was not given": 2}
