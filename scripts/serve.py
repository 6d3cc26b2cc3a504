"""Start the dashboard: streamlit run app.py, with options passed on.

Streamlit takes a pages/ folder for its older kind of multipage app until the first run of app.py
has said otherwise. A shared address that is a server's very first visit would show its "page not
found" notice once; saying so before the first run spares it. Memory is set up here because it
must be before the first thread (dlexplain/memory.py).
"""

import os
import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from dlexplain.memory import keep_memory
    from dlexplain.settings import settings

    if settings().keep_memory:
        keep_memory()
    os.environ.setdefault("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", str(settings().max_zip_mb))
    PagesManager.uses_pages_directory = False
    cli.main(["run", str(ROOT / "app.py"), *sys.argv[1:]])
