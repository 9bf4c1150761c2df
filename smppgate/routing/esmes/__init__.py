"""ESMEs: their accounts and sessions, and which of them a message is for."""
