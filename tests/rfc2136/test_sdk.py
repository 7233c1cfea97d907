"""What programs import is what the provider serves."""

from pathlib import Path

from providers.kit.sdk import source
from providers.rfc2136.provider import PROVIDER

COMMITTED = Path(__file__).parents[2] / "providers" / "rfc2136" / "sdk.py"


def test_the_committed_classes_are_the_ones_the_models_give():
    remedy = "write providers.kit.sdk.source(PROVIDER) to providers/rfc2136/sdk.py"
    assert COMMITTED.read_text(encoding="utf-8") == source(PROVIDER), remedy
