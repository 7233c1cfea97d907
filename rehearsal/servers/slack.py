"""Channels and messages of a workspace."""

from dataclasses import dataclass

TITLE = "Slack"


@dataclass(frozen=True)
class Channel:
    """One channel."""

    id: str
    """Its id."""
    name: str
    """Its name, with the hash sign."""


@dataclass(frozen=True)
class Message:
    """One message."""

    channel: str
    """The channel's id."""
    author: str
    """Who wrote it."""
    text: str
    """What it says."""


_CHANNELS = (Channel("C1", "#general"), Channel("C2", "#releases"))
_MESSAGES = (Message("C1", "ada", "Good morning."), Message("C2", "grace", "Version 1.0.0 is out."))


def list_channels() -> list[Channel]:
    """List the channels of the workspace."""
    return [*_CHANNELS]


def read_messages(channel: str, limit: int = 20) -> list[Message]:
    """Read the messages of a channel, by its id, the oldest first."""
    return [message for message in _MESSAGES if message.channel == channel][:limit]


def post_message(channel: str, text: str) -> Message:
    """Post a message to a channel, by its id."""
    return Message(channel, "sophia", text)


READS = (list_channels, read_messages)
WRITES = (post_message,)
