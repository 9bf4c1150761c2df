"""Requests of SMSCs, receipts among them, on their way to ESMEs."""
