"""The laws of SPEC.md, its known answers, and the equality of both packages."""
