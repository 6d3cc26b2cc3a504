"""Ways to make a trained network smaller or faster, one file each.

Importing the package registers them all; no torch here, which stands in `modules/`.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
