"""Tests of the store in Redis."""
