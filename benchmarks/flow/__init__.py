"""Rows about the flow of messages: whose come when, where they go, and who notices a sick SMSC."""
