"""How fast the gate is, measured against HAProxy over one generator: ``python -m benchmarks``."""
