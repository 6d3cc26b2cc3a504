"""Every test run has a home folder of its own, and computes on the CPU unless told otherwise."""

import os
import tempfile

# Before anything reads the settings; the system clears its temporary folders.
os.environ["DLEXPLAIN_HOME"] = tempfile.mkdtemp(prefix="dlexplain-tests-")
os.environ.setdefault("DLEXPLAIN_DEVICE", "cpu")

import dlexplain.ui.start

# The dashboard looks after the queue for as long as its process lives. In tests that process is
# this one, and it would start the runs that a test has just queued for itself.
dlexplain.ui.start.STORE_AFTER_SECONDS = 1e6
