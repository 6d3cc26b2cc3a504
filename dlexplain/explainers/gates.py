"""Which of two factors is a gate, which only says how much of the other passes."""

from torch import Tensor

GATES = ("sigmoid", "hardsigmoid")
SHIFTED_GATES = ("tanh", "erf")
"""Those of GELU as it is written out, x · (1 + erf(...)) / 2: a gate where a constant is added."""
MOVES = frozenset((
    "View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze", "Expand", "Transpose", "T",
    "Permute", "Clone", "ToCopy", "Alias", "Slice", "Select", "Split", "SplitWithSizes", "Unbind",
    "Repeat", "MaskedFill", "NativeDropout", "Add", "Mul", "Div", "Rsub", "Sub",
))  # fmt: skip
"""Autograd's nodes of one input through which a gate stays one, such as views and 1 - σ(x)."""


def is_gate(x: Tensor, softmax: bool) -> bool:
    """Whether x is a sigmoid, or the factor 1 + erf(...) of GELU, read from autograd's graph.

    softmax  whether a softmax, such as the weights of attention, counts as well
    """
    node, shifted = x.grad_fn, False
    while node is not None:
        kind = node.name().partition("Backward")[0]
        if kind == "Softmax":
            return softmax
        call = getattr(node, "call", None)  # of operations.elementwise
        if call is not None:
            return call.name in GATES or (shifted and call.name in SHIFTED_GATES)
        before = [parent for parent, _ in node.next_functions if parent is not None]
        if kind not in MOVES or len(before) != 1:
            return False
        shifted = shifted or kind == "Add"
        node = before[0]
    return False
