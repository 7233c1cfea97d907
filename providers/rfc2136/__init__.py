"""A native Pulumi provider for zones on any authority that takes dynamic updates."""
