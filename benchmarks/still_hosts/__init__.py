"""A plugin for hosts that are not there: whatever is declared on one is there at once, and is found as it was left."""
