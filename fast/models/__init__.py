"""Compiled twins of `reference.models`."""
