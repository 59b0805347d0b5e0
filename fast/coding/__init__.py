"""Compiled twins of `reference.coding`."""
