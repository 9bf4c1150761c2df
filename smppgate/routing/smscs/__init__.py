"""SMSCs: what the gate knows of each, the pools they are in, and the choice among them."""
