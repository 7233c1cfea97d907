"""Native Pulumi providers, and the kit they are made with."""
