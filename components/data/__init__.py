"""The data services of a stack."""
