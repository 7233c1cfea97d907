"""What programs import is what the provider serves."""

from pathlib import Path

from providers.host.provider import PROVIDER
from providers.kit.sdk import source

COMMITTED = Path(__file__).parents[2] / "providers" / "host" / "sdk.py"


def test_the_committed_classes_are_the_ones_the_models_give():
    remedy = "write providers.kit.sdk.source(PROVIDER) to providers/host/sdk.py"
    assert COMMITTED.read_text(encoding="utf-8") == source(PROVIDER), remedy
