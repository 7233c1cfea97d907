"""One message to a channel of Slack, by an incoming webhook whose address is a secret."""

from typing import Final

import httpx
import tenacity

VARIABLE: Final = "SLACK_WEBHOOK_URL"
"""Names the webhook; the stack's environment in Pulumi ESC gives it."""

_SECONDS: Final = 10.0
_TRIES: Final = 3
_LONGEST: Final = 2900
"""Characters of a section; Slack takes 3,000."""
_TOO_MANY: Final = 429
_SERVERS: Final = 500


class SlackError(RuntimeError):
    """Slack did not take a message, as far as is known; what is said of it never shows where it was sent.

    Args:
        message: why, and what to do.
        unknown: whether it may have taken it all the same.
    """

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


class _PassingError(SlackError):
    """Worth another attempt."""


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is: no mention, no link.

    >>> escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def post(url: str, headline: str, lines: list[str]) -> None:
    """Send a message.

    Args:
        url: the webhook.
        headline: what is shown in notifications.
        lines: what stands below.

    Raises:
        SlackError: Slack does not take it.
    """
    head = escaped(headline)
    text = "\n".join([f"*{head}*", *map(escaped, lines)])[:_LONGEST]
    message = {"text": head, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(_PassingError),
        stop=tenacity.stop_after_attempt(_TRIES),
        wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=5.0),
        reraise=True,
    )
    retrying(_sent, url, message)


def _sent(url: str, message: object) -> None:
    # No error of the library's is passed on: all of them show the address.
    try:
        answer = httpx.post(url, json=message, timeout=_SECONDS)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        msg = f"Slack: no connection ({type(error).__name__}); check the network, and run this again"
        raise _PassingError(msg) from None
    except httpx.HTTPError as error:
        # It may have been taken: to send it again would tell people twice.
        msg = f"Slack: no answer ({type(error).__name__}); look whether the message is there"
        raise SlackError(msg, unknown=True) from None
    if answer.status_code == _TOO_MANY or answer.status_code >= _SERVERS:
        msg = f"Slack: status {answer.status_code}; see status.slack.com, and run this again"
        raise _PassingError(msg)
    if not answer.is_success:
        msg = f"Slack: status {answer.status_code}; put a webhook that is valid into {VARIABLE}, in Pulumi ESC"
        raise SlackError(msg)
