"""Part III: floats; distributions, bounds and estimators."""
