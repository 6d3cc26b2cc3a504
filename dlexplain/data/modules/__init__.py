"""Data as Lightning sees it, one kind a file; importing the package registers all of them.

`base.module_of(data, options)` gives the LightningDataModule over a loaded data set.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
