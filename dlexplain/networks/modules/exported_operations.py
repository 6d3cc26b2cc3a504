"""The operations of torch that an exported program may name: those that compute tensors from
tensors, and no more. Others read files, draw at random, or look beyond a tensor's memory."""

import math
import operator
import re
from collections.abc import Callable
from typing import Any

import torch

from dlexplain.errors import ModelError

ATEN = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
PLAIN = re.compile(r"(?:_operator|torch|math)\.(\w+)")
CHECKS = re.compile(r"torch\.ops\.aten\.(_assert\w*|sym_constrain\w*)\.\w+")
"""What only asserts something: it gives nothing, and is left out."""
_TENSORS = """
    conv1d conv2d conv3d conv_transpose2d convolution linear addmm mm bmm matmul baddbmm einsum
    batch_norm _native_batch_norm_legit_no_training instance_norm layer_norm native_layer_norm
    group_norm native_group_norm rms_norm
    relu relu6 leaky_relu prelu elu celu selu gelu silu mish hardswish hardsigmoid hardtanh sigmoid
    log_sigmoid logsigmoid tanh softplus softsign threshold glu softmax _softmax log_softmax
    _log_softmax _safe_softmax
    scaled_dot_product_attention dropout native_dropout alpha_dropout feature_dropout
    max_pool2d max_pool2d_with_indices avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d
    _adaptive_avg_pool2d adaptive_max_pool2d max_pool1d avg_pool1d
    upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa
    _upsample_bicubic2d_aa grid_sampler_2d pixel_shuffle pixel_unshuffle channel_shuffle
    add sub rsub mul div floor_divide fmod remainder pow square sqrt rsqrt reciprocal exp exp2 expm1
    log log2 log10 log1p sin cos atan atan2 erf abs neg sign floor ceil round trunc clamp clamp_min
    clamp_max clip minimum maximum lerp addcmul addcdiv
    eq ne lt le gt ge logical_and logical_or logical_not logical_xor bitwise_and bitwise_or
    bitwise_not where masked_fill isnan isinf isfinite
    sum mean var var_mean std std_mean prod amax amin max min any all argmax argmin norm
    linalg_vector_norm cumsum logsumexp topk sort
    view _unsafe_view reshape view_as reshape_as flatten unflatten squeeze unsqueeze transpose
    permute t movedim swapaxes expand expand_as repeat repeat_interleave tile cat concat stack
    split split_with_sizes chunk unbind unsafe_split unsafe_chunk select slice narrow index
    index_select gather embedding roll flip rot90 tril triu diagonal pad constant_pad_nd
    reflection_pad2d replication_pad2d im2col unfold as_strided broadcast_to
    clone contiguous detach alias to type_as _to_copy lift_fresh_copy copy fill zero
    zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full arange linspace
    scalar_tensor eye
    sym_size sym_numel sym_stride
"""
ALLOWED = frozenset(_TENSORS.split())
"""As aten names them, those that work in place without their underscore."""
NUMBERS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in (
        "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pos", "eq", "ne", "lt", "le",
        "gt", "ge", "and_", "or_", "getitem",
    )},
    "sym_int": int, "sym_float": float, "sym_max": max, "sym_min": min, "sym_not": operator.not_,
    "trunc": math.trunc, "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip
"""Of sizes."""


def operation(target: str) -> Callable[..., Any] | None:
    """The function that a program names; None of one that only asserts something.

    Raises ModelError for anything that is not allowed.
    """
    if CHECKS.fullmatch(target):
        return None
    if (named := ATEN.fullmatch(target)) is not None:
        name, overload = named.groups()
        if name.rstrip("_") in ALLOWED or name in ALLOWED:
            packet = getattr(torch.ops.aten, name, None)
            if packet is not None and overload in packet.overloads():
                found: Callable[..., Any] = getattr(packet, overload)
                return found
    elif (plain := PLAIN.fullmatch(target)) is not None and plain[1] in NUMBERS:
        return NUMBERS[plain[1]]
    raise ModelError(
        f'the program computes "{target}", which is not among the operations that are accepted; '
        "give the module to dx.wrap, or export it as ONNX"
    )
