"""What runs' tests found, one task a file; importing registers all of them."""

import importlib
import pkgutil

from dlexplain.services.training.findings.base import card, findings

__all__ = ["card", "findings"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
