"""Nodes that share a Redis, under load, while one thing after the other breaks:
``python -m benchmarks.cluster``."""
