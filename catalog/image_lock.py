"""Image locks: the digest of every image by reference."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from catalog.model import Model

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""An image digest as a registry gives it."""


class ImageLock(Model):
    """One file of ``catalog/lock/`` that holds digests of images."""

    enforced: bool
    """Whether a stack that requires digests refuses an image for which this lock has none."""
    images: Mapping[str, Digest | None]
    """Digest by image reference (``repository:tag``); null until it was looked up, never invented."""

    def pinned(self, reference: str) -> str:
        """Return an image reference with its digest, or as it is when the lock has none."""
        digest = self.images.get(reference)
        return f"{reference}@{digest}" if digest else reference


def pinned_images(node: Any, lock: ImageLock) -> Any:
    """Return an object with the digests of the images that its containers name.

    Args:
        node: a Kubernetes object, or a part of one.
        lock: the digests.
    """
    if isinstance(node, dict):
        return {
            key: lock.pinned(value) if key == "image" and isinstance(value, str) else pinned_images(value, lock)
            for key, value in node.items()
        }
    return [pinned_images(item, lock) for item in node] if isinstance(node, list) else node
