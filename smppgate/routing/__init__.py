"""Decisions: which binds are accepted, which SMSC takes a request, which ESME session a message.

No module here does I/O, knows a reactor or reads a wall clock; times are arguments, in seconds. A
decision is returned, and ``smppgate.gate`` carries it out.
"""
