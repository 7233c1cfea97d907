"""The vector store of a stack, at one address on loopback: a server of its own, or the way to that in the cluster."""

from rehearsal.weaviate.place import VectorStore

__all__ = ["VectorStore"]
