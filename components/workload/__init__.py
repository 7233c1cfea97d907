"""The one builder of everything that runs on the cluster."""
