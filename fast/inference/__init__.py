"""Part III: the hot paths of `reference.inference`."""
