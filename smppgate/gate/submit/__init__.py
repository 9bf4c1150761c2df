"""Requests of ESMEs, and of this process, on their way to SMSCs."""
