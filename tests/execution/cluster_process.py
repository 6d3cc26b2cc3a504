"""A Ray cluster of this machine, in a process that does what it reads: python -m ... FOLDER.

The head has no processors, so that it is known which node trains. Lines read: "add" a node,
"remove" the oldest as if its plug were pulled, or, with a number behind it, that whose raylet is
this process. It prints the address, then "done" after each, when Ray knows. When what it reads from
ends, as with the tests, so does the cluster.
"""

import sys
from pathlib import Path
from typing import Any

STORE = 80 * 2**20
"""Bytes of each object store; Ray takes no less than 75 MiB."""
NOTICED_SECONDS = 120
"""How long Ray may take to know a node, or that it is gone."""


def main(folder: str) -> None:
    from ray._private.utils import get_ray_address_file
    from ray.cluster_utils import Cluster

    # Ray writes there which cluster is the latest, and only `ray start` makes the folder.
    Path(get_ray_address_file(None)).parent.mkdir(parents=True, exist_ok=True)
    about = {"num_gpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": folder, **about}
    )
    nodes = []
    try:
        nodes.append(cluster.add_node(num_cpus=2, **about))
        print(cluster.address, flush=True)
        for line in sys.stdin:
            what, _, raylet = line.strip().partition(" ")
            if what == "add":
                nodes.append(cluster.add_node(num_cpus=2, **about))
            else:
                place = [str(raylet_of(node)) for node in nodes].index(raylet) if raylet else 0
                cluster.remove_node(nodes.pop(place), allow_graceful=False)
            cluster.wait_for_nodes(NOTICED_SECONDS)
            print("done", flush=True)
    finally:
        cluster.shutdown()


def raylet_of(node: Any) -> int:
    """The process of Ray's on a node that starts all others there."""
    return int(node.all_processes["raylet"][0].process.pid)


if __name__ == "__main__":
    main(sys.argv[1])
