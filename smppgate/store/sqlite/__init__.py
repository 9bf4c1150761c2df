"""Queues and numbers in a SQLite file, and the return paths of version 0.1 in it."""
