"""What a run's test found, drawn, one kind a file; importing registers all of them."""

import importlib
import pkgutil

from dlexplain.ui.tested.base import show

__all__ = ["show"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
