"""SMSCs: links, counters and message ids of each, the pools they are in, the choice among them."""
