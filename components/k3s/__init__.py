"""The Kubernetes cluster of a stack: K3s on its machines."""
