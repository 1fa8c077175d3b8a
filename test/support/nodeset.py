"""Reads a JSON list of expressions, and writes what ClusterShell makes of each: its nodes and their folding, or null."""

import json
import sys

from ClusterShell.NodeSet import NodeSet, NodeSetException


def read(expression):
    try:
        nodes = NodeSet(expression, resolver=None)
    except (NodeSetException, ValueError):
        return None
    return {"names": list(nodes), "folded": str(nodes)}


json.dump([read(one) for one in json.load(sys.stdin)], sys.stdout)
