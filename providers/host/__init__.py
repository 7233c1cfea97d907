"""A native Pulumi provider for what is on a host: files, packages, units, firewall, access."""
