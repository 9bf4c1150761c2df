"""Members are ejected for their errors or their silence, and come back."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgate.routing.smscs.health.errors import NO_ANSWER
from smppgate.routing.smscs.health.policy import HealthPolicy
from tests.routing.smscs.health.patients import POLICY, Ward


def test_five_faults_in_a_row_eject_a_member() -> None:
    ward = Ward()
    ward.err(ward.seats[0], 0x08, 2)
    ward.err(ward.seats[0], 0x64, 1)
    ward.err(ward.seats[0], NO_ANSWER, 1)
    assert ward.ejected == []
    ward.err(ward.seats[0])
    assert ward.ejected == [0]
    assert [(c.member, c.seconds) for c in ward.told] == [(ward.seats[0], 30.0)]
    assert ward.reasons == ["5 faults in a row"]


def test_an_answer_between_them_ends_the_row() -> None:
    ward = Ward()
    for _ in range(4):
        ward.err(ward.seats[0], count=4)
        ward.take(ward.seats[0])
    assert ward.ejected == []


def test_an_error_that_is_no_fault_ends_the_row_as_well() -> None:
    ward = Ward()
    for _ in range(3):
        ward.err(ward.seats[0], count=4)
        ward.err(ward.seats[0], 0x0B)
    assert ward.ejected == []


def test_link_losses_count_in_the_row() -> None:
    ward = Ward()
    for _ in range(5):
        ward.told += ward.health.lost_link(ward.seats[0], ward.now)
    assert ward.ejected == [0]


def test_the_last_member_that_is_able_is_never_ejected() -> None:
    ward = Ward()
    ward.seats[1].is_up = False
    ward.err(ward.seats[0], count=100)
    assert ward.ejected == []
    only = Ward(1)
    only.err(only.seats[0], count=100)
    assert only.ejected == []


def test_of_members_that_fail_alike_none_is_ejected() -> None:
    """Otherwise one of them would have all messages, and ESMEs would wait for nothing."""
    ward = Ward(3)
    for _ in range(50):
        for seat in ward.seats:
            ward.err(seat)
    assert ward.ejected == []


def test_half_of_the_members_may_be_ejected_and_one_in_any_case() -> None:
    for count, most in ((2, 1), (3, 1), (4, 2), (5, 2)):
        ward = Ward(count)
        for seat in ward.seats[:-1]:
            ward.err(seat, count=6)
        assert len(ward.ejected) == most
    none = Ward(4, evolve(POLICY, max_ejected=0.0))
    none.err(none.seats[0], count=6)
    none.err(none.seats[1], count=6)
    assert none.ejected == [0]


def test_with_max_errors_of_0_nobody_is_ejected() -> None:
    ward = Ward(2, evolve(POLICY, max_errors=0))
    ward.err(ward.seats[0], count=100)
    ward.send(ward.seats[0], 10)
    for _ in range(20):
        ward.take(ward.seats[1], 5)
        ward.pass_time(1)
    assert ward.ejected == []


def test_an_ejection_ends_after_its_time_and_the_next_ones_last_longer() -> None:
    ward = Ward()
    lasted = []
    for _ in range(12):
        ward.err(ward.seats[0], count=5)
        began = ward.now
        while ward.ejected:
            ward.pass_time(1)
        lasted.append(ward.now - began)
    assert lasted[:4] == [30.0, 60.0, 90.0, 120.0]
    assert lasted[9:] == [300.0] * 3
    assert ward.reasons[-1] == "its time is over"


def test_one_ejection_less_counts_after_five_minutes_in_service() -> None:
    ward = Ward()
    ward.err(ward.seats[0], count=5)
    ward.pass_time(30)
    assert ward.seats[0].health.count == 1
    ward.pass_time(299)
    assert ward.seats[0].health.count == 1
    ward.pass_time(1)
    assert ward.seats[0].health.count == 0


def test_it_comes_back_with_a_tenth_of_its_weight_which_rises_to_the_whole() -> None:
    ward = Ward()
    ward.err(ward.seats[0], count=5)
    ward.pass_time(41)
    factors = ward.seats[0].factors
    assert factors[0] == 0.1
    assert factors == sorted(factors)
    assert factors[-1] == 1.0
    assert 9 <= len(factors) <= 12
    assert ward.is_settled


def test_without_slow_start_it_has_its_whole_weight_at_once() -> None:
    ward = Ward(2, evolve(POLICY, slow_start=0.0))
    ward.err(ward.seats[0], count=5)
    ward.pass_time(31)
    assert ward.ejected == []
    assert ward.is_settled


def test_it_comes_back_when_no_other_member_is_able() -> None:
    ward = Ward()
    ward.err(ward.seats[0], count=5)
    ward.seats[1].is_up = False
    ward.told += ward.health.needed(ward.now)
    assert ward.ejected == []
    assert ward.reasons[-1] == "no other member is able"


def test_it_stays_out_while_it_is_down_itself() -> None:
    ward = Ward()
    ward.err(ward.seats[0], count=5)
    ward.seats[0].is_up = ward.seats[1].is_up = False
    ward.pass_time(2)
    assert ward.ejected == [0]


def test_an_operator_may_end_it() -> None:
    ward = Ward()
    ward.err(ward.seats[0], count=5)
    ward.told += ward.health.end(ward.seats[0], "by the operator", ward.now)
    assert ward.ejected == []
    assert not ward.health.end(ward.seats[0], "by the operator", ward.now)


def test_all_come_back_when_a_reload_turns_ejections_off() -> None:
    ward = Ward()
    ward.err(ward.seats[0], count=5)
    ward.health.policy = HealthPolicy(max_errors=0)
    ward.pass_time(1)
    assert ward.ejected == []


def test_those_that_are_out_longest_come_back_when_a_reload_lets_fewer_be_out() -> None:
    ward = Ward(5, evolve(POLICY, max_ejected=0.8))
    for seat in ward.seats[:4]:
        ward.err(seat, count=6)
        ward.pass_time(1)
    assert ward.ejected == [0, 1, 2, 3]
    ward.health.policy = evolve(POLICY, max_ejected=0.4)
    ward.pass_time(1)
    assert ward.ejected == [2, 3]
    assert ward.reasons[-2:] == ["too many are ejected"] * 2


def test_what_it_did_before_is_not_held_against_it() -> None:
    ward = Ward()
    ward.take(ward.seats[1], 100)
    ward.err(ward.seats[0], 0x45, 30)
    assert ward.ejected == [0]
    ward.pass_time(30)
    assert ward.ejected == []
    ward.err(ward.seats[0], 0x45, 19)
    assert ward.ejected == []


# Outliers


def test_a_member_that_errs_far_more_often_than_the_others_is_ejected() -> None:
    ward = Ward()
    ward.take(ward.seats[1], 40)
    ward.take(ward.seats[0], 9)
    ward.err(ward.seats[0], 0x45, 10)
    assert ward.ejected == []
    ward.err(ward.seats[0], 0x45, 1)
    assert ward.ejected == [0]
    assert ward.reasons == ["11 errors in 20 answers of 2 s, of the others 0 in 40"]


def test_what_all_members_refuse_ejects_nobody() -> None:
    """A list of bad numbers is the ESME's fault."""
    ward = Ward()
    for _ in range(100):
        ward.err(ward.seats[0], 0x0B)
        ward.err(ward.seats[1], 0x0B)
    assert ward.ejected == []


def test_what_may_be_the_messages_fault_does_not_count_before_others_have_answered() -> None:
    ward = Ward()
    ward.err(ward.seats[0], 0x0B, 100)
    assert ward.ejected == []
    ward.take(ward.seats[1], 20)
    ward.err(ward.seats[0], 0x0B)
    assert ward.ejected == [0]


def test_a_member_that_fails_at_once_is_ejected_before_others_have_answered() -> None:
    ward = Ward()
    ward.err(ward.seats[0], 0x45, 20)
    assert ward.ejected == [0]


def test_it_comes_back_as_soon_as_the_others_turn_out_to_fail_alike() -> None:
    ward = Ward()
    ward.err(ward.seats[0], 0x45, 20)
    ward.err(ward.seats[1], 0x45, 20)
    ward.pass_time(1)
    assert ward.ejected == []
    assert ward.seats[0].health.count == 0
    assert ward.reasons[-1] == "the others err as often"


def test_throttling_is_no_error() -> None:
    ward = Ward()
    ward.take(ward.seats[1], 100)
    for _ in range(50):
        ward.err(ward.seats[0], 0x58)
        ward.err(ward.seats[0], 0x14)
    assert ward.ejected == []


def test_a_member_that_was_well_until_now_is_judged_by_its_last_seconds() -> None:
    """In half of a minute's answers it would be thousands of messages."""
    ward = Ward()
    for _ in range(50):
        ward.take(ward.seats[0], 100)
        ward.take(ward.seats[1], 100)
        ward.pass_time(1)
    ward.pass_time(1)
    ward.take(ward.seats[1], 20)
    ward.err(ward.seats[0], 0x45, 150)
    assert ward.ejected == [0]


def test_a_member_that_fails_one_time_in_five_is_ejected() -> None:
    ward = Ward()
    for _ in range(20):
        ward.take(ward.seats[0], 4)
        ward.take(ward.seats[1], 5)
        ward.err(ward.seats[0], 0x08)
    assert ward.ejected == [0]
    assert "10 errors in 50 answers" in ward.reasons[0]


def test_a_member_that_fails_one_time_in_twenty_is_not() -> None:
    ward = Ward()
    for _ in range(40):
        ward.take(ward.seats[0], 19)
        ward.take(ward.seats[1], 20)
        ward.err(ward.seats[0], 0x08)
    assert ward.ejected == []


def test_one_that_was_lost_and_is_up_again_while_it_is_drained_starts_slowly_afterwards() -> None:
    ward = Ward()
    [lost, _] = ward.seats
    link, *_ = lost.smsc.links
    lost.smsc.remove(link)
    lost.is_up = False
    ward.health.lost_link(lost, ward.now)
    lost.smsc.add(link)
    ward.health.changed(lost, ward.now)
    assert lost.factors == []
    lost.is_up = True
    ward.pass_time(60)
    ward.health.changed(lost, ward.now)
    assert lost.factors == [0.1]
    ward.health.changed(lost, ward.now)
    assert lost.factors == [0.1]


# Standing still


def test_a_member_that_answers_nothing_while_others_do_is_ejected() -> None:
    ward = Ward()
    ward.send(ward.seats[0], 10)
    for _ in range(2):
        ward.take(ward.seats[1], 10)
        ward.pass_time(1)
    assert ward.ejected == [0]
    assert "no answer to 10 requests" in ward.reasons[0]


def test_it_is_not_while_others_answer_nothing_either() -> None:
    ward = Ward()
    ward.send(ward.seats[0], 10)
    ward.send(ward.seats[1], 10)
    ward.pass_time(20)
    assert ward.ejected == []


def test_a_few_requests_that_take_long_are_no_sign() -> None:
    ward = Ward()
    ward.send(ward.seats[0], 4)
    for _ in range(10):
        ward.take(ward.seats[1], 10)
        ward.pass_time(1)
    assert ward.ejected == []


def test_one_that_is_slow_by_nature_has_more_time() -> None:
    ward = Ward()
    ward.seats[0].smsc.latency = 2.0
    ward.send(ward.seats[0], 10)
    for second in range(8):
        assert ward.ejected == ([0] if second > 5 else [])
        ward.take(ward.seats[1], 10)
        ward.pass_time(1)


def test_it_is_back_at_once_when_it_answers_again() -> None:
    ward = Ward()
    ward.send(ward.seats[0], 10)
    for _ in range(3):
        ward.take(ward.seats[1], 10)
        ward.pass_time(1)
    ward.answer_all(ward.seats[0])
    ward.pass_time(1)
    assert ward.ejected == []
    assert ward.seats[0].health.count == 0
    assert ward.seats[0].health.patience > 2.0


def test_it_is_back_without_a_weight_or_in_maintenance_too_once_it_owes_no_answer() -> None:
    """Who sees its state is not to be told that it stands still."""
    ward = Ward()
    ward.send(ward.seats[0], 10)
    while not ward.ejected:
        ward.take(ward.seats[1], 5)
        ward.pass_time(1)
    ward.seats[0].is_up = False
    ward.take(ward.seats[0], 10)
    ward.pass_time(2)
    assert ward.ejected == []


def test_it_stays_out_beyond_its_time_while_it_gives_no_answer() -> None:
    ward = Ward()
    ward.send(ward.seats[0], 10)
    for _ in range(100):
        ward.take(ward.seats[1], 10)
        ward.pass_time(1)
    assert ward.ejected == [0]
    ward.answer_all(ward.seats[0])
    ward.pass_time(1)
    assert ward.ejected == []
    assert ward.seats[0].health.count == 1
    assert ward.seats[0].factors[0] == 0.1


def test_a_process_that_was_stopped_takes_nobody_for_silent() -> None:
    ward = Ward()
    ward.send(ward.seats[0], 10)
    ward.take(ward.seats[1], 10)
    ward.now += 100.0
    ward.health.overslept(ward.now)
    ward.told += ward.health.step(ward.now)
    assert ward.ejected == []


# Whatever happens

EVENTS = st.one_of(
    st.tuples(st.just("err"), st.integers(0, 3), st.sampled_from((0x08, 0x0B, 0x45, 0x58, -1))),
    st.tuples(st.just("take"), st.integers(0, 3), st.integers(1, 30)),
    st.tuples(st.just("send"), st.integers(0, 3), st.integers(1, 10)),
    st.tuples(st.just("answer"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("up"), st.integers(0, 3), st.integers(0, 1)),
    st.tuples(st.just("pass"), st.just(0), st.integers(1, 40)),
    st.tuples(st.just("lose"), st.integers(0, 3), st.just(0)),
)


@settings(max_examples=150)
@given(st.integers(1, 4), st.floats(0.0, 1.0), st.lists(EVENTS, max_size=60))
def test_an_able_member_is_left_and_not_too_many_are_ejected(
    count: int, most: float, events: list[tuple[str, int, int]]
) -> None:
    ward = Ward(count, evolve(POLICY, max_ejected=most))
    for what, number, value in events:
        seat = ward.seats[number % count]
        if what == "err":
            ward.err(seat, value, 3)
        elif what == "take":
            ward.take(seat, value)
        elif what == "send":
            ward.send(seat, value)
        elif what == "answer":
            ward.answer_all(seat)
        elif what == "lose":
            ward.told += ward.health.lost_link(seat, ward.now)
        elif what == "up":
            seat.is_up = bool(value)
            ward.told += ward.health.needed(ward.now)
        else:
            ward.pass_time(value)
        ups = [each for each in ward.seats if each.is_up]
        assert not ups or any(each.health.ejection is None for each in ups)
        assert len(ward.ejected) <= max(1, int(most * count))
    for seat in ward.seats:
        seat.is_up = True
        ward.answer_all(seat)
    ward.pass_time(340)
    assert ward.ejected == []
    assert all(each.health.factor(ward.now) == 1.0 for each in ward.seats)
