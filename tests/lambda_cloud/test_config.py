"""Where the key may be sent."""

import secrets

import pytest
from pydantic import ValidationError

from providers.lambda_cloud.config import LambdaConfig

KEY = secrets.token_hex(8)


@pytest.mark.parametrize(
    "url", ["https://cloud.lambda.ai", "https://cloud.lambda.ai/", "http://127.3.2.1:8443", "http://localhost:1"]
)
def test_the_key_goes_to_https_or_to_this_machine(url):
    assert LambdaConfig(api_key=KEY, api_url=url).api_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://cloud.lambda.ai",
        "http://10.0.0.1",
        "https://me@cloud.lambda.ai",
        "https://x/api/v1",
        "ftp://127.0.0.1",
        "cloud.lambda.ai",
    ],
)
def test_an_address_that_would_leak_the_key_is_refused(url):
    with pytest.raises(ValidationError):
        LambdaConfig(api_key=KEY, api_url=url)


def test_the_address_is_lambdas_unless_told_otherwise():
    assert LambdaConfig(api_key=KEY).api_url == "https://cloud.lambda.ai"


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_clock_that_stands_is_refused(speed):
    with pytest.raises(ValidationError):
        LambdaConfig(api_key=KEY, clock_speed=speed)


def test_the_key_is_in_no_text_of_the_configuration():
    assert KEY not in f"{LambdaConfig(api_key=KEY)!r} {LambdaConfig(api_key=KEY)}"
