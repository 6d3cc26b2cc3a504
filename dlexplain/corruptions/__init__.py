"""The fifteen corruptions of ImageNet-C; one file a family, importing this registers all."""

import importlib

from dlexplain.corruptions.base import FAMILIES

for _family in FAMILIES:  # the order in which the paper names them
    importlib.import_module(f"{__name__}.{_family}")
