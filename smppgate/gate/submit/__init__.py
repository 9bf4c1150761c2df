"""Requests of ESMEs, and of this process, to SMSCs."""
