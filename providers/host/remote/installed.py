"""Files of ours that outlive a reboot."""

from __future__ import annotations

from pathlib import Path


def owned(path: Path, text: str, mode: str = "0644") -> dict[str, str]:
    """Return a file of root's, as it is placed."""
    return {"path": str(path), "content": text, "mode": mode, "owner": "root", "group": "root"}


def differs(path: Path, text: str) -> str | None:
    """Return in words how a file differs from a text; None if it does not."""
    try:
        present = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return f"{path} is missing"
    return None if present == text else f"{path} was changed"
