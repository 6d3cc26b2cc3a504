"""Owen values: Shapley values where a tree says which coalitions there are.

Owen, "Values of Games with a Priori Unions", 1977; searched best first as in shap's Partition
explainer (Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874): a group's two halves share what
it adds, each seen without the other half and with it, and the groups that add most are halved first
until the evaluations are used up. What then stays on a group is shared evenly among its members.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""(players,) True where a player takes part."""
Score = Callable[[Mask], NDArray[np.float64]]
"""(count, players that matter) coalitions -> (count,) what each is worth"""

IN_VAIN = 32
"""Coalitions that are scored ahead and not asked for yet, and in the end never are."""


@dataclass(frozen=True, eq=False)
class Tree:
    """members  (2 players - 1, players): of each node, first the players, the root last
    halves   (players - 1, 2) nodes: of each node that is no player
    """

    members: Mask
    halves: NDArray[np.int64]

    @classmethod
    def of(cls, halves: NDArray[np.int64]) -> "Tree":
        """Each row joins two earlier nodes; at least two players."""
        players = len(halves) + 1
        members = np.zeros((2 * players - 1, players), bool)
        members[:players] = np.eye(players, dtype=bool)
        for place, (left, right) in enumerate(halves):
            members[players + place] = members[left] | members[right]
        return cls(members, halves)


@dataclass(frozen=True, order=True)
class _Group:
    """A node to be halved, seen beside a context; the one that adds most comes first.

    low, high  what the context is worth, and the context with the node
    """

    priority: float
    number: int
    context: Mask = field(compare=False)
    low: float = field(compare=False)
    high: float = field(compare=False)
    node: int = field(compare=False)
    weight: float = field(compare=False)


@dataclass(eq=False)
class _Scored:
    """Coalitions are scored once, `width` of them together where it is known what is asked soon.

    matter   (players,) those whose part makes a difference; `score` sees no others
    unasked  what was scored ahead and has not been asked for yet
    """

    score: Score
    matter: Mask
    width: int
    known: dict[bytes, float] = field(default_factory=dict)
    unasked: set[bytes] = field(default_factory=set)

    def ask(self, wanted: list[Mask], soon: Iterable[Mask], most: int) -> list[float]:
        """What each is worth; at most `most` of `soon` are scored with them."""
        keys = [self._key(mask) for mask in wanted]
        fresh = {key: None for key in keys if key not in self.known}
        if fresh:
            ahead = (self._key(mask) for mask in soon)
            unknown = (key for key in ahead if key not in self.known and key not in fresh)
            room = min(self.width - len(fresh), IN_VAIN - len(self.unasked), most)
            fresh |= dict.fromkeys(islice(unknown, max(0, room)))
            found = self.score(np.stack([np.frombuffer(key, bool) for key in fresh]))
            self.known.update(zip(fresh, found.tolist(), strict=True))
            self.unasked |= fresh.keys()
        self.unasked.difference_update(keys)
        return [self.known[key] for key in keys]

    def _key(self, mask: Mask) -> bytes:
        return mask[self.matter].tobytes()


def owen_values(
    tree: Tree,
    score: Score,
    evaluations: int,
    at_once: int,
    width: int = 1,
    matter: Mask | None = None,
) -> tuple[NDArray[np.float64], float, float]:
    """(players,) values, which sum to the difference of the other two: what all are worth, and what
    none is.

    evaluations  coalitions that are asked for, at least 2
    at_once      coalitions asked for before the search goes on by what they are worth; where the
                 evaluations end the result depends on it
    width        coalitions scored together, where more are known to come; it changes how long it
                 takes and how many are scored in vain, at most IN_VAIN, and nothing else
    matter       players whose part makes a difference, all where not given; `score` sees no others
    """
    players = tree.members.shape[1]
    none = np.zeros(players, bool)
    scored = _Scored(score, ~none if matter is None else matter, width)
    nothing, whole = scored.ask([none, ~none], (), 0)
    credit = np.zeros(len(tree.members))
    heap = [_Group(0.0, 0, none, nothing, whole, len(tree.members) - 1, 1.0)]
    left, number = evaluations - 2, 1
    while heap:
        batch: list[_Group] = []
        while heap and 2 * len(batch) < min(at_once, left):
            group = heapq.heappop(heap)
            if group.node < players:
                credit[group.node] += (group.high - group.low) * group.weight
            else:
                batch.append(group)
        if not batch:
            if left > 0:
                continue
            for group in heap:
                credit[group.node] += (group.high - group.low) * group.weight
            break
        left -= 2 * len(batch)
        worth = scored.ask(_halved(tree, batch), _soon(tree, heap, width), left)
        for group, one, other in zip(batch, worth[::2], worth[1::2], strict=True):
            for child in _children(tree, group, one, other, number):
                heapq.heappush(heap, child)
            number += 4
    return _shared(tree, credit), whole, nothing


def _halved(tree: Tree, groups: list[_Group]) -> list[Mask]:
    """Of each group, its context with its left half, and with its right half."""
    players = tree.members.shape[1]
    return [
        group.context | tree.members[half]
        for group in groups
        for half in tree.halves[group.node - players]
    ]


def _soon(tree: Tree, heap: list[_Group], width: int) -> Iterator[Mask]:
    """What the groups that are likely to be next ask for."""
    players = tree.members.shape[1]
    likely = heapq.nsmallest(width, heap)
    yield from _halved(tree, [group for group in likely if group.node >= players])


def _children(tree: Tree, group: _Group, one: float, other: float, number: int) -> Iterator[_Group]:
    """Each half without the other one and with it; `one` and `other` are what the context is worth
    with the left half, and with the right half."""
    players = tree.members.shape[1]
    left, right = tree.halves[group.node - players]
    weight = group.weight / 2
    seen = (
        (group.context, group.low, one, left),
        (group.context, group.low, other, right),
        (group.context | tree.members[right], other, group.high, left),
        (group.context | tree.members[left], one, group.high, right),
    )
    for index, (context, low, high, node) in enumerate(seen):
        priority = -abs(high - low) * weight
        yield _Group(priority, number + index, context, low, high, int(node), weight)


def _shared(tree: Tree, credit: NDArray[np.float64]) -> NDArray[np.float64]:
    """(players,) of what lies on the nodes: a group's members have even parts of it."""
    even = tree.members / tree.members.sum(1, keepdims=True)
    values: NDArray[np.float64] = credit @ even
    return values
