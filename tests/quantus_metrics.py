"""Quantus, an independent implementation of many metrics.

It imports zennit where that is installed, whose package file needs torchvision; so zennit is
imported as tests/zennit_rules.py does, before it.
"""

import tests.zennit_rules  # noqa: F401, I001, first

import quantus

__all__ = ["quantus"]
