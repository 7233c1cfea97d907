"""Who shares a list of instances with whom."""

import asyncio

import pytest

from providers.lambda_cloud.errors import ApiError

IDS = [f"{number:032x}" for number in range(20)]


def test_all_who_ask_at_the_same_time_share_one_list(script, machine):
    script.answer("GET /instances", [machine(id=one) for one in IDS])

    async def use(client):
        return await asyncio.gather(*(client.listing.find(script.operation, one) for one in IDS))

    assert [found.id for found in script.run(use)] == IDS
    assert script.asked == ["GET /instances"]


def test_nobody_joins_a_list_that_was_requested_before_the_question(script, machine):
    sent = asyncio.Event()

    async def first_is_old(_):
        sent.set()
        if len(script.asked) == 1:
            await asyncio.sleep(0.05)
            return [machine(name="old")]
        return [machine(name="new")]

    script.answer("GET /instances", first_is_old)

    async def use(client):
        early = asyncio.create_task(client.listing.everything(script.operation))
        await sent.wait()
        late = await client.listing.everything(script.operation)
        return (await early)[0].name, late[0].name

    assert script.run(use) == ("old", "new")


def test_only_an_id_that_the_list_lacks_costs_a_request_of_its_own(script, machine):
    script.answer("GET /instances", [machine(id=IDS[0])])
    script.answer(f"GET /instances/{IDS[1]}", machine(id=IDS[1], status="terminated"))

    async def use(client):
        return await asyncio.gather(*(client.listing.find(script.operation, one) for one in IDS[:2]))

    assert script.run(use)[1].gone
    assert script.asked == ["GET /instances", f"GET /instances/{IDS[1]}"]


def test_an_id_is_absent_only_when_the_api_says_so_with_authority(script):
    script.answer("GET /instances", [])
    script.answer(f"GET /instances/{IDS[0]}", script.error(404, "global/object-does-not-exist"))
    assert script.run(lambda client: client.listing.find(script.operation, IDS[0])) is None


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_list_that_fails_is_never_an_empty_one(script, status):
    script.answer("GET /instances", script.error(status, "global/not-found"))
    with pytest.raises(ApiError):
        script.run(lambda client: client.listing.find(script.operation, IDS[0]))


def test_an_asker_who_leaves_does_not_take_the_list_from_the_others(script, machine):
    script.answer("GET /instances", [machine()])

    async def use(client):
        leaving = asyncio.create_task(client.listing.everything(script.operation))
        staying = asyncio.create_task(client.listing.everything(script.operation))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert len(script.run(use)) == 1


def test_a_list_that_failed_is_asked_for_anew(script, machine):
    script.answer("GET /instances", script.error(401, "global/invalid-api-key"), [machine()])

    async def use(client):
        with pytest.raises(ApiError):
            await client.listing.everything(script.operation)
        return await client.listing.everything(script.operation)

    assert len(script.run(use)) == 1
