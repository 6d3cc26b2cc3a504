"""Start the dashboard: what `streamlit run app.py` would, guarded (dlexplain/ui/serving).

It takes `streamlit run`'s options, and --open: see docs/security.md.

Streamlit takes a pages/ folder for its older kind of multipage app until the first run of app.py
has said otherwise. A shared address that is a server's very first visit would show its "page not
found" notice once; saying so before the first run spares it. Memory is set up here because it
must be before the first thread (dlexplain/memory.py).
"""

import os
import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    from dlexplain.errors import BadInput
    from dlexplain.memory import keep_memory
    from dlexplain.settings import settings

    try:
        given = settings()
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    if given.keep_memory:
        keep_memory()
    os.environ.setdefault("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", str(given.max_zip_mb))
    PagesManager.uses_pages_directory = False

    from dlexplain.ui.serving.start import serve

    serve(ROOT / "app.py", sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
