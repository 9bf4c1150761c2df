"""Octets that others wrote are read, and written again octet for octet."""

from __future__ import annotations

import pytest

from smppgate.txsmpp.codec import decode, encode
from tests.txsmpp.vectors import VECTORS

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=[each.name for each in VECTORS])


@each_vector
def test_octets_say_what_they_are_meant_to(vector):
    assert decode(vector.octets) == vector.pdu


@each_vector
def test_a_pdu_has_the_octets_that_others_give_it(vector):
    assert encode(vector.pdu) == vector.octets
