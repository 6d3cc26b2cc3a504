"""Results drawn with plotly, and as PNG; importing the package lets results draw themselves."""

import importlib
import pkgutil

# plotly asks sys.modules for pandas whenever it looks at a value. While another thread is in the
# middle of importing pandas, as SHAP and Captum do, it would find half a module and fail.
import pandas  # noqa: F401

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
