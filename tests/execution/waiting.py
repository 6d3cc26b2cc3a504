"""A process that only waits to be ended."""

import time

if __name__ == "__main__":
    print("waits", flush=True)
    time.sleep(600)
