"""The object storage of a home, through Amazon's own client: it checks, it keeps, and every stack has its own."""

import io
import os
import secrets
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError

import catalog
from catalog.object_storage import ObjectStorage
from rehearsal import Rehearsal, configuration, object_storage
from rehearsal.machines import names
from rehearsal.process import find
from rehearsal.toolchain import progress_for
from tests.rehearsal.definitions import define

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

QUIET = progress_for(io.StringIO())
STORAGE: ObjectStorage = catalog.load().object_storage
BACKUPS = STORAGE.buckets["backups"]
SECRETS = tuple(BACKUPS.secrets.values())

Rehearse = Callable[[str], Rehearsal]


def up(rehearsal: Rehearsal, folder: Path) -> Rehearsal:
    rehearsal.start(QUIET, object_storage=STORAGE)
    rehearsal.configure(define(folder, SECRETS, rehearsal.stack))
    return rehearsal


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("committed")


@pytest.fixture(scope="module")
def dev(neighbours: Rehearse, committed: Path) -> Rehearsal:
    return up(neighbours("dev"), committed)


@pytest.fixture(scope="module")
def prod(neighbours: Rehearse, committed: Path) -> Rehearsal:
    return up(neighbours("prod"), committed)


def drawn(rehearsal: Rehearsal, name: str) -> str:
    value = configuration.secret(rehearsal.folder, name)
    assert value
    return value


def client(rehearsal: Rehearsal, *, secret: str = "", verify: str | bool = "", style: str = "path") -> Any:
    """A client of a stack, on this computer: the gate leads to where the machines would get."""
    session = botocore.session.Session()
    return session.create_client(
        "s3",
        region_name=STORAGE.region,
        endpoint_url=STORAGE.url,
        aws_access_key_id=drawn(rehearsal, BACKUPS.access_key_id),
        aws_secret_access_key=secret or drawn(rehearsal, BACKUPS.secret_access_key),
        verify=str(rehearsal.account.storage.authority) if verify == "" else verify,
        config=Config(
            proxies={"https": rehearsal.account.room.gate}, retries={"max_attempts": 1}, s3={"addressing_style": style}
        ),
    )


def bucket(rehearsal: Rehearsal) -> str:
    return BACKUPS.names[rehearsal.stack]


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_an_object_is_put_listed_read_and_deleted(dev: Rehearsal) -> None:
    s3, body = client(dev), secrets.token_bytes(1024**2)
    s3.put_object(Bucket=bucket(dev), Key="a/b c", Body=body)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket(dev), Prefix="a/")["Contents"]] == ["a/b c"]
    assert s3.get_object(Bucket=bucket(dev), Key="a/b c")["Body"].read() == body
    s3.delete_object(Bucket=bucket(dev), Key="a/b c")
    assert s3.list_objects_v2(Bucket=bucket(dev))["KeyCount"] == 0


def test_a_large_one_comes_in_parts_by_the_name_of_its_bucket(dev: Rehearsal) -> None:
    s3, part = client(dev, style="virtual"), secrets.token_bytes(5 * 1024**2)
    place = {"Bucket": bucket(dev), "Key": "large"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**place, UploadId=upload, PartNumber=n, Body=part)["ETag"]}
        for n in (1, 2)
    ]
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(**place)["Body"].read() == part * 2
    s3.delete_object(**place)


def test_who_has_not_the_secret_is_refused(dev: Rehearsal) -> None:
    wrong = client(dev, secret=secrets.token_hex(20))
    assert refusal(lambda: wrong.list_objects_v2(Bucket=bucket(dev))) == "SignatureDoesNotMatch"


def test_a_stack_opens_its_own_bucket_alone_and_makes_none(dev: Rehearsal, prod: Rehearsal) -> None:
    client(prod).put_object(Bucket=bucket(prod), Key="kept", Body=b"prod's")
    other = client(dev)
    assert refusal(lambda: other.list_objects_v2(Bucket=bucket(prod))) == "AccessDenied"
    assert refusal(lambda: other.get_object(Bucket=bucket(prod), Key="kept")) == "AccessDenied"
    assert refusal(lambda: other.put_object(Bucket=bucket(prod), Key="kept", Body=b"dev's")) == "AccessDenied"
    assert refusal(lambda: other.create_bucket(Bucket="sophia-ai-another")) == "AccessDenied"
    assert client(prod).get_object(Bucket=bucket(prod), Key="kept")["Body"].read() == b"prod's"


def test_what_it_holds_outlives_a_kill(dev: Rehearsal) -> None:
    client(dev).put_object(Bucket=bucket(dev), Key="outlives", Body=b"a kill")
    before = find(dev.account.folder, [object_storage.NAME])[object_storage.NAME]
    os.kill(before.pid, signal.SIGKILL)
    dev.start(QUIET)
    assert find(dev.account.folder, [object_storage.NAME])[object_storage.NAME].pid != before.pid
    assert client(dev).get_object(Bucket=bucket(dev), Key="outlives")["Body"].read() == b"a kill"


def test_only_its_own_authority_vouches_for_it(dev: Rehearsal) -> None:
    with pytest.raises(SSLError, match="certificate verify failed"):
        client(dev, verify=True).list_objects_v2(Bucket=bucket(dev))
    given = configuration.chosen(dev.folder)["object_storage_ca"]
    context = ssl.create_default_context(cadata=given)
    answer = httpx.get(STORAGE.url, verify=context, proxy=dev.account.room.gate, trust_env=False)
    assert answer.status_code == 403, "whoever signs nothing is told so over TLS"
    choice = catalog.load().stack("dev", machines=["sophia-development"], object_storage_ca=given)
    assert choice.object_storage_ca == given


def test_machines_find_it_under_its_name_and_every_other_where_it_was(dev: Rehearsal) -> None:
    room = dev.account.room
    dev.start(QUIET, names=["api.github.com", "*.slack.com", *STORAGE.hosts("dev")], object_storage=STORAGE)
    program = "import sys; from dnslib import DNSRecord as D; print(*(D.parse(D.question(n).send(sys.argv[1])).short() "
    program += "or 'none' for n in sys.argv[2:]), sep='\\n')"
    asked = [*STORAGE.hosts("dev"), "api.github.com", "files.slack.com", "s3.us-east-1.amazonaws.com"]
    python = sys.executable
    told = room.runner.run([python, "-c", program, names.INTERNET, *asked])
    assert told.stdout.split() == [names.OBJECT_STORAGE] * 2 + [names.INTERNET] * 2 + ["none"], told.stderr


def test_no_key_stands_in_a_log_or_a_command(dev: Rehearsal) -> None:
    canaries = [drawn(dev, name) for name in SECRETS]
    client(dev).put_object(Bucket=bucket(dev), Key="seen", Body=b"")
    wrong = client(dev, secret=secrets.token_hex(20))
    assert refusal(lambda: wrong.list_objects_v2(Bucket=bucket(dev))) == "SignatureDoesNotMatch"
    server = find(dev.account.folder, [object_storage.NAME])[object_storage.NAME].pid
    told = {f"log {log.name}": log.read_text(encoding="utf-8") for log in dev.account.folder.logs.iterdir()}
    told |= {f"process {one.pid}": " ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])}
    told["environment"] = " ".join(psutil.Process(server).environ().values())
    assert {f"log {object_storage.NAME}.log", f"process {server}"} <= told.keys()
    assert [where for where, text in told.items() for canary in canaries if canary in text] == []


def test_what_opens_it_is_its_owners_alone(dev: Rehearsal) -> None:
    private = [path for path in dev.account.storage.folder.iterdir() if path.is_file() and not path.is_symlink()]
    assert {path.name for path in private} >= {"accounts.json", "key.pem"}
    assert [path.name for path in private if path.stat().st_mode & 0o077] == []


def test_a_stacks_bucket_goes_with_its_stack_and_no_other(rehearse: Rehearse, tmp_path: Path) -> None:
    dev, staging = up(rehearse("dev"), tmp_path), up(rehearse("staging"), tmp_path)
    for one in (dev, staging):
        client(one).put_object(Bucket=bucket(one), Key="held", Body=b"data")
    gone = client(dev)
    dev.remove(release=False)
    assert refusal(lambda: gone.list_objects_v2(Bucket=bucket(dev))) == "InvalidAccessKeyId"
    assert [path.name for path in staging.account.storage.buckets.iterdir()] == [bucket(staging)]
    assert client(staging).get_object(Bucket=bucket(staging), Key="held")["Body"].read() == b"data"
    again = up(rehearse("dev"), tmp_path)
    assert client(again).list_objects_v2(Bucket=bucket(again))["KeyCount"] == 0
    again.remove(release=False)
    staging.remove(release=False)
    assert not staging.home.exists(), "the last one takes all of it"
