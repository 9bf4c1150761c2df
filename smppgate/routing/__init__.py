"""Decisions: who may bind, which SMSC, whose answer, which ESME.

Nothing here does I/O, knows a reactor or reads a wall clock; times are arguments. What is
decided is returned, and ``smppgate.gate`` carries it out.
"""
