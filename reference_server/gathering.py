"""The head of an answer and the beginning of its body go out with one write.

Each write to a socket is a system call and wakes the client; one that got nothing but a head would only wait
for the rest.
"""

import asyncio


class Gathering(asyncio.Transport):
    """Stands in for a transport while an answer begins, and takes what is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._pieces: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take octets."""
        self._pieces.append(data)

    def is_closing(self) -> bool:
        """Tell whether the transport is being closed."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Write what was taken, and close the transport."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what was taken."""
        if self._pieces and not self._transport.is_closing():
            self._transport.writelines(self._pieces)
        self._pieces = []
