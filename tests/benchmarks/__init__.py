"""Tests of what measures the gate: a benchmark that cannot see a fault measures nothing."""
