"""SG-8…: the other nodes of a gate."""

from smppgate.txsmpp.notice import Notice

PEER_NOT_REACHED = Notice(
    code="SG-8001",
    name="node not reached",
    level="warn",
    text="peer {node} not reached at {endpoint}: {reason}",
    meaning="No connection to another node was made. It is tried again each second. What is for "
    "sessions of that node waits or is refused, as if they were not bound.",
    cause="The node does not run, its `endpoint` is another, or a firewall is between.",
    remedy="Compare `endpoint` of `[[peer]]` with `[peers] endpoint` of that node; "
    "`smppgate peers` shows all of them.",
)

PEER_NOT_BOUND = Notice(
    code="SG-8002",
    name="node not bound",
    level="warn",
    text="peer {node} not bound: {reason}",
    meaning="The connection to another node was made, and the bind not accepted. It is tried "
    "again.",
    cause="The secrets differ, one node is about to start or stop, or another program is at that "
    "endpoint.",
    remedy="Give all nodes the same `secret`.",
)

PEER_REFUSED = Notice(
    code="SG-8003",
    name="node refused",
    level="error",
    text="peer {node} refused: {reason}",
    meaning="The two nodes cannot be one gate: ids or names mean something else there. Nothing is "
    "sent between them.",
    cause="A tag, or a group, of an SMSC is another's on that node, or names of nodes are mixed "
    "up.",
    remedy="Let all nodes have the same tables `[[smsc]]`, as the reason says.",
)

PEER_DIFFERS = Notice(
    code="SG-8004",
    name="settings of a node differ",
    level="warn",
    text="peer {node} has other settings: {tables}; what it takes may be treated otherwise",
    meaning="The nodes are one gate all the same. A message may be treated as the node has it "
    "that takes it.",
    cause="One node was reloaded with other settings, or not yet.",
    remedy="None while a change is under way. Else give all nodes the same tables.",
)

PEER_LOST = Notice(
    code="SG-8005",
    name="node gone",
    level="warn",
    text="peer {node} gone: {reason}",
    meaning="A link to another node has ended. It is bound again as soon as that is possible; "
    "requests that were under way are answered as if their session had ended.",
    cause="The node was stopped or has failed, or the network between.",
    remedy="None if it comes back soon; else look at that node's log.",
)

PEER_BIND_REFUSED = Notice(
    code="SG-8006",
    name="bind of a node refused",
    level="warn",
    text="bind of a peer from {peer} refused: {reason}",
    meaning="Something has connected to `[peers] endpoint` that is no node of this gate.",
    cause="The secrets differ, the node is in no `[[peer]]`, or a stranger has connected.",
    remedy="Let no others reach that endpoint. Give all nodes the same `secret` and list.",
)
