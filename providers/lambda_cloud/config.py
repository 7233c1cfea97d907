"""How the provider reaches the API."""

from typing import Annotated

from pydantic import AfterValidator, Field

from providers.kit import SECRET, Config, Environment, secure_address


def api_address(url: str) -> str:
    """Return an address that a key may be sent to, without a slash at its end.

    Raises:
        ValueError: when it is no bare https address; http is for this machine alone.
    """
    return secure_address(url, example="https://cloud.lambda.ai")


class LambdaConfig(Config):
    """How the provider reaches the API."""

    api_key: Annotated[str, SECRET, Environment("LAMBDA_CLOUD_API_KEY"), Field(pattern=r"^[\x21-\x7e]+$")]
    """An API key of the account, without white space. Given by the environment, it is never stored."""
    api_url: Annotated[str, Environment("LAMBDA_CLOUD_API_URL"), AfterValidator(api_address)] = (
        "https://cloud.lambda.ai"
    )
    """Scheme and host of the API."""
    clock_speed: Annotated[float, Environment("LAMBDA_CLOUD_CLOCK_SPEED"), Field(gt=0)] = 1.0
    """How many times faster than real time the API's clock runs: 1 for Lambda itself, more for a rehearsal of it. Every
    interval, poll and deadline is divided by it."""
