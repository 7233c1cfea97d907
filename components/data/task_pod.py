"""The pods of tasks: they do one thing and end. They meet the Pod Security Standard "restricted", as all pods do."""

from collections.abc import Mapping, Sequence

import pulumi

from components.workload import pod as workload_pod
from components.workload.labels import PLATFORM, WORKLOAD
from components.workload.pod import Manifest


def pod(
    name: str,
    *,
    image: str,
    command: Sequence[str],
    secret: str,
    environment: Mapping[str, str],
    user: int,
    pull_secret: pulumi.Input[str],
    resources: Manifest,
    authority: str,
    files: str | None = None,
    storage_authority: str | None = None,
    aside: str = "64Mi",
    before: Manifest | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> Manifest:
    """Return the template of a task's pod.

    Args:
        name: what selects it; also the name of its container, and of the folder of its files below /etc.
        image: full image reference.
        command: program and arguments.
        secret: name of the Secret with its secret environment.
        environment: plain environment.
        user: numeric user and group.
        pull_secret: name of the image pull secret.
        resources: what it asks for and may use.
        authority: name of the Secret of who signs the services' certificates: the certificate is in /run/authority.
        files: name of the ConfigMap with its files; None where it has none.
        storage_authority: name of the ConfigMap with who signs the object storage's, in /run/storage-authority; None
            where the usual ones do.
        aside: upper bound of what it writes in /tmp.
        before: a container that has to end well before it begins.
        annotations: of the pod.
    """
    folders = {"authority": "/run/authority", "tmp": "/tmp"}  # noqa: S108 - a path in a container
    folders |= {"files": f"/etc/{files}"} if files else {}
    folders |= {"storage-authority": "/run/storage-authority"} if storage_authority else {}
    volumes: dict[str, Manifest] = {
        # Its certificate alone: the key stays with who signs.
        "authority": {"secret": {"secretName": authority, "items": [{"key": "tls.crt", "path": "ca.crt"}]}},
        "tmp": {"emptyDir": {"sizeLimit": aside}},
        "files": {"configMap": {"name": files}},
        "storage-authority": {"configMap": {"name": storage_authority}},
    }
    container = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "envFrom": [{"secretRef": {"name": secret}}],
        "env": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "resources": resources,
        "securityContext": RESTRICTED,
        "volumeMounts": [
            {"name": volume, "mountPath": place, **({} if volume == "tmp" else {"readOnly": True})}
            for volume, place in folders.items()
        ],
    }
    return {
        "metadata": {"labels": {WORKLOAD: name, **PLATFORM}, "annotations": dict(annotations or {})},
        "spec": {
            # A pod that failed stays with its log; one that is started again is deleted with the last try.
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": pull_secret}],
            "securityContext": workload_pod.security(user, user),
            **({"initContainers": [before]} if before else {}),
            "containers": [container],
            "volumes": [{"name": volume, **volumes[volume]} for volume in folders],
        },
    }


RESTRICTED = workload_pod.RESTRICTED
"""The security context of its containers."""
