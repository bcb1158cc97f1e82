"""The fastest archive there is: it answers every request with the same few bytes, and holds nothing.

    python -m scenarios.load.responder

It prints its port and serves until its stdin is closed. A generator that saturates against it shows its own
capacity.
"""

import selectors
import socket
import sys
from typing import Any

BODY = b'[{"0020000D":{"vr":"UI","Value":["2.25.1"]}}]'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: %d\r\n\r\n%s"
    % (len(BODY), BODY)
)  # fmt: skip
REQUEST_BYTES = 1 << 16


def main() -> None:
    """Serve requests that fit into one packet; those of campaigns do."""
    with (
        selectors.DefaultSelector() as selector,
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
    ):
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            for key, _ in selector.select():
                ready: Any = key.fileobj
                if ready is sys.stdin:
                    return
                if ready is listener:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ)
                elif ready.recv(REQUEST_BYTES):
                    ready.sendall(ANSWER)
                else:
                    selector.unregister(ready)
                    ready.close()


if __name__ == "__main__":
    main()
