"""Compiled twins of `reference.information`."""
