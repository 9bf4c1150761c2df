"""What the gate tells its operator in the log, in words and in measure."""
