"""A deflated dataset (PS3.5 A.5) is inflated onto disk in small pieces, so that a bomb is noticed in time.

Deflate shrinks zeros about a thousandfold, and images far less. A dataset that grows beyond any image of that
kind is refused: more than `MAX_INFLATED_BYTES`, or, above `HARMLESS_BYTES`, more than `MAX_RATIO` times what
arrived.
"""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from reference_server.dicomweb.reasons import MalformedError

MAX_INFLATED_BYTES = 1 << 28
HARMLESS_BYTES = 1 << 26
MAX_RATIO = 500
PIECE_BYTES = 1 << 16


@contextmanager
def inflated(file: BinaryIO, size_bytes: int, folder: str) -> Iterator[BinaryIO]:
    """Give what the rest of the file inflates to, as a temporary file in the folder; MalformedError."""
    most = min(MAX_INFLATED_BYTES, max(HARMLESS_BYTES, MAX_RATIO * size_bytes))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    with tempfile.TemporaryFile(dir=folder) as target:
        try:
            while not inflater.eof:
                piece = inflater.unconsumed_tail or file.read(PIECE_BYTES)
                if not piece:
                    raise MalformedError("the deflated dataset is cut")
                target.write(inflater.decompress(piece, PIECE_BYTES))
                if target.tell() > most:
                    raise MalformedError(f"the deflated dataset exceeds {most} bytes")
        except zlib.error as error:
            raise MalformedError(f"the dataset is not deflated: {error}") from None
        target.seek(0)
        yield target
