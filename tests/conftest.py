"""Every test run has a home folder of its own."""

import os
import tempfile

# Before anything reads the settings; the system clears its temporary folders.
os.environ["DLEXPLAIN_HOME"] = tempfile.mkdtemp(prefix="dlexplain-tests-")
