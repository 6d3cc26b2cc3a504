"""Results drawn with plotly, and as PNG; importing the package lets results draw themselves."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
