"""A native Pulumi provider for Lambda Cloud."""
