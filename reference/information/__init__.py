"""Part I: what is measured in bits, and what one bit buys."""
