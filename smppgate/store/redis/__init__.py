"""What several machines keep together, in Redis or Valkey."""
