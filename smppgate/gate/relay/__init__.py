"""The parts that exchanges of both directions pass through."""
