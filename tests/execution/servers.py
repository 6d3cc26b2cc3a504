"""Servers that are no good MLflow: one that accepts and never answers, one that talks nonsense."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NONSENSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n"
    b"Connection: close\r\n\r\n<html>It works!</html>\r\n"
)
MISSING = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 9\r\n"
    b"Connection: close\r\n\r\nnot found"
)


@contextmanager
def server(answer: bytes | None = None) -> Iterator[str]:
    """The address of one that gives this answer to whatever is asked; None never answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:  # closed
                return
            held.append(accepted)
            if answer is not None:
                threading.Thread(target=reply, args=(accepted, answer), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
        for accepted in held:
            accepted.close()


def reply(accepted: socket.socket, answer: bytes) -> None:
    with accepted:
        accepted.recv(65536)
        accepted.sendall(answer)


def refusing() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"
