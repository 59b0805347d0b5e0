"""Part V: where models and coding meet; the files."""
