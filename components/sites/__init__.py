"""The public sites, whoever serves them."""
