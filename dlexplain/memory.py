"""How the process gets memory from the system: a setting worth a quarter of every gradient.

glibc's malloc gives a large block back to the system when it is freed and asks for a new one for
the next layer's output, whose pages the kernel then fills with zeros, again and again. Kept, the
same pages serve every layer. EfficientNet-Lite0, 8 pictures, 2 cores: 25.3 to 18.9 ms a gradient
(docs/decisions/0008).
"""

import ctypes
import sys

# Parameters of mallopt(3), from glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
KEPT_BYTES = 2**30
"""Free memory at the heap's end that is kept rather than given back."""


def give_back() -> bool:
    """Let this process's malloc return all free memory to the system now; whether it could.

    For after something large: memory that is kept (see above) stays the process's otherwise.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return trim is not None and trim(0) == 1


def keep_memory() -> bool:
    """Let this process's malloc keep large freed blocks for reuse; whether that could be set.

    Best called before threads start, which otherwise have heaps of their own. Only glibc knows
    the setting; elsewhere nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    wanted = ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, KEPT_BYTES))
    set_ = [mallopt(parameter, value) == 1 for parameter, value in wanted]  # all, even if one fails
    return all(set_)
