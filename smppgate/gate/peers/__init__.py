"""Links to the other processes and machines of one gate: nodes that bind at each other."""
