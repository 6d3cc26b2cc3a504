"""python -m dlexplain"""

import sys

from dlexplain.cli import main

if __name__ == "__main__":
    sys.exit(main())
