"""The command line: what people and CI run, and what it tells them."""
