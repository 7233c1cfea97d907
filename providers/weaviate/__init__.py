"""A native Pulumi provider for Weaviate: collections, aliases, roles and users."""
