"""Trainings to start from, by name, a case a file; importing registers all of them."""

import importlib
import pkgutil

from dlexplain.services.training.presets.base import (
    PRESETS,
    Preset,
    is_quick,
    preset,
    preset_seconds,
    presets_by_case,
)

__all__ = ["PRESETS", "Preset", "is_quick", "preset", "preset_seconds", "presets_by_case"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
