"""Which operations are linear in what depends on the input, so that a multiplier passes them as a
gradient does."""

from dlexplain.explainers.operations import Operation

SUMS = frozenset((
    "view", "_unsafe_view", "reshape", "_reshape_alias", "expand", "permute", "transpose", "t",
    "numpy_T", "squeeze", "unsqueeze", "flatten", "unflatten", "slice", "select", "narrow",
    "split", "split_with_sizes", "unbind", "chunk", "unsafe_split", "cat", "stack", "clone",
    "contiguous", "alias", "detach", "copy", "lift_fresh", "add", "sub", "rsub", "neg", "sum",
    "mean", "cumsum", "roll", "flip", "repeat", "unfold", "im2col", "col2im", "constant_pad_nd",
    "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d",
    "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "upsample_nearest1d",
    "upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_linear1d",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "_adaptive_avg_pool2d",
    "_adaptive_avg_pool3d", "adaptive_avg_pool2d", "as_strided", "diagonal", "tril", "triu",
    "movedim", "fill", "zero", "dropout", "repeat_interleave",
))  # fmt: skip
"""Of any arguments: moved about, added up or averaged."""
PRODUCTS = frozenset((
    "mul", "mm", "bmm", "mv", "dot", "matmul", "linear", "convolution", "_convolution",
    "mkldnn_convolution", "cudnn_convolution",
))  # fmt: skip
"""Where one argument depends on the input and the others do not."""
ADDED_PRODUCTS = frozenset(
    (
        "addmm",
        "baddbmm",
        "addbmm",
        "addmv",
        "addcmul",
    )
)
"""A sum and the product of the second and third argument."""
PRODUCT = "a product of two values that depend on the input"
IN_FIRST = frozenset((
    "div", "gather", "index_select", "index", "take", "masked_fill", "native_batch_norm",
    "batch_norm", "cudnn_batch_norm", "_native_batch_norm_legit_no_training",
))  # fmt: skip
"""Where the first alone depends on it."""
TRAINING = {"native_batch_norm": 5, "batch_norm": 5, "cudnn_batch_norm": 5}
"""The place of the argument that says whether the batch's own mean and deviation are taken."""
CALLED = {
    "gelu": "GELU", "silu": "SiLU", "mish": "Mish", "hardswish": "Hardswish",
    "_softmax": "softmax", "_log_softmax": "softmax", "native_layer_norm": "LayerNorm",
    "native_group_norm": "GroupNorm", "_fused_rms_norm": "RMSNorm",
    "_local_scalar_dense": "a choice made by a value", "pow": "a power", "rsqrt": "a root",
    "sqrt": "a root", "max": "a maximum over an axis", "amax": "a maximum over an axis",
    "where": "a choice made by a value", "lstm": "an LSTM", "gru": "a GRU",
    "mkldnn_rnn_layer": "a recurrent layer", "max_pool2d_with_indices": "max pooling with places",
    **dict.fromkeys(("gt", "ge", "lt", "le", "eq", "ne"), "a comparison of values"),
}  # fmt: skip


def bent(operation: Operation) -> str:
    """Empty where the operation is linear in what depends on the input; else what it is, in words.

    Rounding to another precision counts as linear.
    """
    name, follows = operation.name, operation.follows
    if name in SUMS or name == "_to_copy" or (name == "to" and not any(follows[1:])):
        return ""
    if name in PRODUCTS:
        return "" if sum(follows) == 1 else PRODUCT
    if name in ADDED_PRODUCTS:
        return PRODUCT if all(follows[1:3]) else ""
    if name == "where" and not follows[0]:
        return ""
    if name == "div" and any(follows[1:]):
        return "a quotient by a value that depends on the input"
    if name in TRAINING and operation.args[TRAINING[name]]:
        return "a norm by the input's own mean and deviation"
    if name in IN_FIRST and not any(follows[1:]):
        return ""
    return CALLED.get(name, name.strip("_").replace("_", " "))
