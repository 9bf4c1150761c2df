"""The lane: whole reads of plain PDUs, relayed in one loop each.

What is not plain takes the general way, from that PDU on: it is cut into frames and handed to the
session. Both ways put the same octets on every socket, and the same records into the store.
"""
