"""Twin of `reference.coding.lanes.message`.

Spec: LAN-5. Streams as arrays, LAN-1 to LAN-4, are in `fast.coding.lanes._streams`.
"""

__all__ = ["default_lanes"]


def default_lanes(count: int) -> int:
    """Return the number of lanes for `count` symbols: 1, 32 or 64. Spec: LAN-5."""
    return 64 if count >= 1 << 18 else 32 if count >= 1 << 14 else 1
