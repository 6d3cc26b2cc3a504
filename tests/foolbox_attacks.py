"""foolbox, an independent implementation of attacks.

It imports from where SciPy no longer wants it to, which is a warning and here an error.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import foolbox

__all__ = ["foolbox"]
