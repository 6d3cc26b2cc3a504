"""Attacks: the least changes of an input that make a model say something else.

Importing this package registers them all.
"""

import importlib
import pkgutil

from dlexplain.attacks import methods
from dlexplain.attacks.base import ATTACKS, NORMS, AnyAttack, Attack, Budget, attacks_for

for _module in pkgutil.iter_modules(methods.__path__):
    importlib.import_module(f"{methods.__name__}.{_module.name}")

__all__ = ["ATTACKS", "NORMS", "AnyAttack", "Attack", "Budget", "attacks_for"]
