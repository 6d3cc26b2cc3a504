"""Regions of similar colour, made once a picture and shared by the methods that switch them.

SLIC: Achanta et al. 2012, https://doi.org/10.1109/TPAMI.2012.120, from scikit-image.
"""

import hashlib
import threading
from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

COMPACTNESS = 10.0
KEPT = 64
PIXELS = 4
"""Pixels that a region has at least, about."""

_cache: OrderedDict[tuple[str, int], NDArray[np.int64]] = OrderedDict()
_lock = threading.Lock()


def superpixels(inputs: Tensor, count: int, value_range: tuple[float, float]) -> Tensor:
    """(1, channels, height, width) -> (height, width) int64 labels 0..K-1, K about `count`.

    A picture of one colour is one region.
    """
    low, high = value_range
    picture = ((inputs[0] - low) / (high - low)).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    key = (hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest(), count)
    with _lock:
        labels = _cache.get(key)
        if labels is None:
            labels = _segment(picture, count)
            _cache[key] = labels
            if len(_cache) > KEPT:
                _cache.popitem(last=False)
    return torch.from_numpy(labels).to(inputs.device)


def _segment(picture: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    if np.ptp(picture.reshape(-1, picture.shape[-1]), axis=0).max() == 0:
        return np.zeros(picture.shape[:2], dtype=np.int64)
    from skimage.segmentation import slic

    if picture.shape[-1] == 1:
        picture = np.repeat(picture, 3, axis=-1)
    found = slic(picture, n_segments=count, compactness=COMPACTNESS, start_label=0)
    return np.unique(found, return_inverse=True)[1].reshape(found.shape).astype(np.int64)
