"""Queues of messages for accounts that are not bound to receive them."""
