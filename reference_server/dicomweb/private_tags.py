"""Private attributes: a creator reserves a block of a group and names itself there (PS3.5 7.8.1)."""

BLOCKS = range(0x10, 0x100)


def is_private(tag: int) -> bool:
    """Tell whether a tag is private."""
    return bool(tag >> 16 & 1)


def is_creator(tag: int) -> bool:
    """Tell whether a private tag is the one where a creator names itself."""
    return tag & 0xFFFF in BLOCKS


def block_of(tag: int) -> tuple[int, int]:
    """Return the group and the block of a private attribute, or of the creator that it names."""
    return tag >> 16, tag & 0xFF if is_creator(tag) else tag >> 8 & 0xFF
