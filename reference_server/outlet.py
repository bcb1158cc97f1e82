"""The socket of a connection, as far as files go out through it: ASGI's `http.response.zerocopysend`.

The kernel takes the octets of a file from the page cache. They never are objects of this process, and while
the client does not read, nothing more is taken: one answer holds a file open and no memory. The transport of
the connection has the socket too; what it still has to send goes out first.
"""

import asyncio
import os

from uvicorn.protocols.http.flow_control import FlowControl

AT_ONCE_BYTES = 1 << 20  # sent before the loop looks after other connections


class Outlet:
    """Sends files through the socket of a transport.

    `moves` counts how often octets went out or could again, `unsent` what is left of the file under way.
    """

    def __init__(
        self, transport: asyncio.Transport, flow: FlowControl, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport, self._flow, self._loop = transport, flow, loop
        self._socket = -1
        self._room: asyncio.Future[None] | None = None
        self.moves = self.unsent = 0

    async def send(self, file: int, offset: int, count: int) -> None:
        """Return when these octets are with the kernel, or the connection is closed; raises OSError.

        A file that ends before is an EOFError: too late for anything but the end of the connection.
        """
        await self._after_transport()
        if self._socket < 0 and not self._transport.is_closing():
            # A second descriptor, because the loop watches the first one for the transport.
            self._socket = os.dup(self._transport.get_extra_info("socket").fileno())
        self.unsent = count
        while self.unsent and not self._transport.is_closing():
            try:
                sent = os.sendfile(self._socket, file, offset, min(self.unsent, AT_ONCE_BYTES))
            except BlockingIOError:
                await self._until_room()
                continue
            if not sent:
                raise EOFError("a stored object is shorter than it was")
            self.moves += 1
            self.unsent -= sent
            offset += sent
            if sent == AT_ONCE_BYTES:
                await asyncio.sleep(0)

    async def _after_transport(self) -> None:
        """Return when the transport has nothing to send any more."""
        if self._transport.get_write_buffer_size() and not self._transport.is_closing():
            self._transport.set_write_buffer_limits(0)  # now it says when its buffer is empty
            await self._flow.drain()
            self._transport.set_write_buffer_limits()

    async def _until_room(self) -> None:
        self._room = self._loop.create_future()
        self._loop.add_writer(self._socket, self._has_room)
        await self._room

    def _has_room(self) -> None:
        self.moves += 1
        self._loop.remove_writer(self._socket)
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def close(self) -> None:
        """Let go of the socket; who waits for room is told, and finds the connection closed."""
        self.unsent = 0
        if self._socket >= 0:
            self._has_room()
            os.close(self._socket)
            self._socket = -1
