"""Backups made, tried out and restored now: a Job of the stack's own CronJob, waited for and understood."""

import json
import secrets
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import tenacity

from catalog.backups import Verb
from catalog.namespace import DATA
from ops.cluster import WORKLOAD, conditions, objects
from ops.deployment import Deployment
from ops.error import InputError
from ops.results import BackupRow

_JOBS = f"/apis/batch/v1/namespaces/{DATA}/jobs"
_GRACE_SECONDS = 60.0
"""How much longer a Job is waited for than it may run."""
_KEPT_SECONDS = 86_400
"""How long a Job that ended, and what it said, stays to be looked at."""


class _NotEndedError(RuntimeError):
    """A Job still runs."""


def run(deployment: Deployment, verb: Verb, services: Iterable[str] = (), snapshot: str = "") -> tuple[BackupRow, ...]:
    """Return what became of each service, which were worked on side by side.

    Args:
        deployment: the stack's; its cluster is up.
        verb: what is done: backup, drill or restore.
        services: names of data services; all of the stack's by default.
        snapshot: id of the backup that is tried out or restored, of one service; the newest by default.

    Raises:
        InputError: the stack has no such service, or a backup of one shall serve several.
    """
    cluster = deployment.cluster
    known = [one.name for one in deployment.graph.choice.data if one.backup]
    chosen = [*services] or known
    unknown = sorted({*chosen} - {*known})
    if unknown:
        msg = f"{', '.join(unknown)}: data services of {deployment.stack} are {', '.join(known)}"
        raise InputError(msg)
    if snapshot and len(chosen) != 1:
        msg = f"--snapshot {snapshot}: a backup is of one service; name it: --service {chosen[0]}"
        raise InputError(msg)
    with ThreadPoolExecutor(len(chosen)) as pool:
        return tuple(pool.map(lambda service: _one(cluster, service, verb, snapshot), chosen))


def _one(cluster: httpx.Client, service: str, verb: Verb, snapshot: str) -> BackupRow:
    began = time.monotonic()
    try:
        told = _told(cluster, _made(cluster, service, verb, snapshot))
    except (httpx.HTTPError, _NotEndedError) as error:
        told = {"error": str(error)}
    seconds = round(time.monotonic() - began, 1)
    if "error" in told:
        return BackupRow(service=service, seconds=seconds, error=str(told["error"]))
    checksums: Mapping[str, str] = told["checksums"]
    return BackupRow(
        service=service,
        seconds=seconds,
        snapshot=str(told["snapshot"])[:8],
        taken_at=told["taken_at"],
        age_seconds=told.get("age_seconds", 0),
        items=sum(int(one.partition(":")[0]) for one in checksums.values()),
        checksums=checksums,
    )


def _made(cluster: httpx.Client, service: str, verb: Verb, snapshot: str) -> Mapping[str, Any]:
    """Make a Job of the service's CronJob, and return it; nothing else may be done with the service meanwhile.

    Raises:
        _NotEndedError: something is.
    """
    path = f"/apis/batch/v1/namespaces/{DATA}/cronjobs/{service}-{verb}"
    cron: Mapping[str, Any] = cluster.get(path).raise_for_status().json()
    name = f"{service}-{verb}-{secrets.token_hex(3)}"
    meta, spec = cron["metadata"], cron["spec"]["jobTemplate"]["spec"]
    others = objects(cluster, _JOBS, labelSelector=f"{WORKLOAD}={meta['labels'][WORKLOAD]}")
    if active := [one["metadata"]["name"] for one in others if not _ended(one)]:
        told = f"`kubectl -n {DATA} delete job {active[0]}` ends it"
        msg = f"{', '.join(active)} still works on {service}, and nothing was changed: wait for it, or {told}"
        raise _NotEndedError(msg)
    if snapshot:
        (container,) = spec["template"]["spec"]["containers"]
        container["env"] = [*container.get("env", []), {"name": "SNAPSHOT", "value": snapshot}]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": meta["name"], "uid": meta["uid"]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": meta["labels"], "ownerReferences": [owner]},
        "spec": {**spec, "ttlSecondsAfterFinished": _KEPT_SECONDS},
    }
    made: Mapping[str, Any] = cluster.post(_JOBS, json=job).raise_for_status().json()
    return made


def _ended(job: Mapping[str, Any]) -> bool:
    return bool(conditions(job, "Complete") or conditions(job, "Failed"))


def _told(cluster: httpx.Client, made: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the program of a Job said, once it has ended: of tries that all failed, what the first one said."""
    name = made["metadata"]["name"]
    for attempt in tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((_NotEndedError, httpx.TransportError)),
        stop=tenacity.stop_after_delay(made["spec"]["activeDeadlineSeconds"] + _GRACE_SECONDS),
        wait=tenacity.wait_fixed(1.0),
        reraise=True,
    ):
        with attempt:
            job = cluster.get(f"{_JOBS}/{name}").raise_for_status().json()
            if not _ended(job):
                msg = f"the Job {name} has not ended; `kubectl -n {DATA} describe job {name}` says why"
                raise _NotEndedError(msg)
    pods = objects(cluster, f"/api/v1/namespaces/{DATA}/pods", labelSelector=f"batch.kubernetes.io/job-name={name}")
    lines = [line for pod in sorted(pods, key=_started) for line in _log(cluster, pod["metadata"]["name"])]
    tries: list[Mapping[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
    if tries:
        return next((one for one in tries if "error" not in one), tries[0])
    said = " / ".join(lines[-3:]) or f"see `kubectl -n {DATA} describe job {name}`"
    return {"error": f"the Job {name} told nothing: {said}"}


def _log(cluster: httpx.Client, pod: str) -> list[str]:
    answer = cluster.get(f"/api/v1/namespaces/{DATA}/pods/{pod}/log")
    return answer.text.splitlines() if answer.is_success else []


def _started(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"]["creationTimestamp"])
