"""What runs' tests found, one task a file; importing registers all of them."""

import importlib
import pkgutil

from dlexplain.services.training.test_results.base import card, test_results

__all__ = ["card", "test_results"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
