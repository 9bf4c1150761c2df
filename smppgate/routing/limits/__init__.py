"""What keeps one account's messages from being another's delay."""
