"""The simulated world: the whole gate among model ESMEs and SMSCs, decided by one seed.

No socket, no thread, no wall clock, and no chance but the seed's. See ``docs/simulation.md``.
"""
