"""Compiled twins of `reference.inference`."""
