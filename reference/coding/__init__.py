"""Part II: integers only, except `fixed_point`, where floats end."""
