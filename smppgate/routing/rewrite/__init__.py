"""What becomes of the fields of messages on their way: rules, by the conditions of routes."""
