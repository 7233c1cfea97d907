"""The platform's names in public DNS."""
