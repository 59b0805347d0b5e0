"""Compiled twins of `reference.compression`."""
