"""Every reader of what comes from outside, with small valid inputs that are changed."""

from tests.security.readers import asked, data, kept, models  # noqa: F401, registers its readers
from tests.security.readers.base import READERS, Reader

__all__ = ["READERS", "Reader"]
