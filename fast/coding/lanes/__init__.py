"""LAN: arrays of symbols on several lanes of ANS, compiled.

Spec: LAN-1 to LAN-12.
"""

from fast.coding.lanes.message import default_lanes

__all__ = ["default_lanes"]
