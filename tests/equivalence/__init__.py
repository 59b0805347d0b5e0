"""`fast` equals `reference`, by the grade that SPEC.md names."""
