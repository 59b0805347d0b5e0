"""Part IV: models of floats, trained by gradients."""
