"""What machines still use is deleted when they have let go."""

import httpx
import pytest

from providers.kit import ProviderError
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.deletion import delete_when_free
from providers.lambda_cloud.errors import FILE_SYSTEM_IN_USE, ApiError

DELETE = "DELETE /filesystems/data"


def delete(script, patience_seconds: float | None = None) -> None:
    async def whole(client: Client) -> None:
        await delete_when_free(
            script.operation,
            client.clock,
            lambda: client.delete_file_system(script.operation, "data"),
            in_use=FILE_SYSTEM_IN_USE,
            patience_seconds=patience_seconds,
        )

    script.run(whole)


def test_it_waits_while_it_is_in_use(script):
    busy = script.error(400, FILE_SYSTEM_IN_USE)
    script.answer(DELETE, busy, busy, {"deleted_ids": ["data"]})
    delete(script)
    assert script.asked == [DELETE] * 3


def test_what_is_gone_is_deleted(script):
    script.answer(DELETE, script.error(404, "global/object-does-not-exist"))
    delete(script)
    assert script.asked == [DELETE]


def test_a_lost_answer_is_asked_again_and_then_gone(script):
    script.answer(DELETE, httpx.ReadTimeout("late"), script.error(404, "global/object-does-not-exist"))
    delete(script)
    assert script.asked == [DELETE] * 2


@pytest.mark.parametrize(
    ("status", "code"), [(401, "global/invalid-api-key"), (403, "global/forbidden"), (404, "global/not-found")]
)
def test_any_other_refusal_is_told(script, status, code):
    script.answer(DELETE, script.error(status, code))
    with pytest.raises(ApiError, match=code):
        delete(script)


def test_it_gives_up_in_time_and_says_what_to_do(script):
    script.answer(DELETE, script.error(400, FILE_SYSTEM_IN_USE))
    began = script.clock.now()
    with pytest.raises(ProviderError, match="still in use after 60 s; terminate the machines"):
        delete(script, patience_seconds=60)
    assert script.clock.now() - began < 300


def test_the_pauses_grow(script):
    script.answer(DELETE, script.error(400, FILE_SYSTEM_IN_USE))
    with pytest.raises(ProviderError):
        delete(script, patience_seconds=240)
    assert len(script.asked) < 240 / 5
