"""A world of several gates that are peers, on the same clock and the same kind of network."""
