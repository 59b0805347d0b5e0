"""Part III, compiled: bounds and estimators."""
