"""The platform's memory: collections, roles and users of the vector store."""
