"""Images: which ones, from where, and that they run on the node that gets them."""

from collections.abc import Iterator

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.images import Reference, reference
from policies.nodes import reachable
from policies.pods import PODS, Pod
from policies.rule import nsa, rule, soc2


def _images(pod: Pod) -> Iterator[tuple[Field, Reference]]:
    """Yield containers with the images that they name."""
    for container in pod.containers():
        if (text := container.text("image", unknown=None)) is not None:
            yield container, reference(text)


@rule(
    "K8S-IMG-1",
    PODS,
    title="Images name a version",
    severity=Severity.MEDIUM,
    standards=(nsa("C-0075"), soc2("CC8.1")),
    also=("CKV_K8S_14", "KSV-0013"),
    remedy="name the version",
)
def tag(pod: Pod, _: Context) -> Iterator[Problem]:
    """What latest is changes while nobody looks: pods of one workload run different programs, and none goes back."""
    for container, image in _images(pod):
        if not image.digest and image.tag in {"", "latest"}:
            yield container.problem("must have a tag that is not latest, or a digest", "image")


@rule(
    "K8S-IMG-2",
    PODS,
    title="Images are pinned by digest",
    severity=Severity.MEDIUM,
    standards=(nsa("C-0237"), soc2("CC8.1")),
    also=("CKV_K8S_43", "require-image-checksum"),
    remedy="run `./sophia lock published`, or add @sha256:... to the tag",
)
def digest(pod: Pod, _: Context) -> Iterator[Problem]:
    """Whoever may push to the registry may put another program behind a tag, and the next pod runs it."""
    for container, image in _images(pod):
        if not image.digest:
            yield container.problem("must have a digest", "image")


@rule(
    "K8S-IMG-3",
    PODS,
    title="Images come from registries that are named",
    severity=Severity.HIGH,
    standards=(nsa("C-0001"), nsa("C-0078"), soc2("CC6.8")),
    also=("KSV-0125", "restrict-image-registries"),
    remedy="take the image from a source of bounds.image_sources in catalog/policy.yaml, or add its source there",
)
def source(pod: Pod, context: Context) -> Iterator[Problem]:
    """A name that is off by a letter is somebody else's program."""
    sources = context.policy.bounds.image_sources.get(context.stack)
    for container, image in _images(pod):
        if sources is not None and not image.is_of(sources):
            yield container.problem("must come from a source that the stack allows", "image")


@rule(
    "K8S-IMG-4",
    PODS,
    title="A tag is asked for anew, a digest is not",
    severity=Severity.LOW,
    standards=(nsa("C-0075"), soc2("CC8.1")),
    also=("CKV_K8S_15",),
    remedy="pin the image by digest, or set Always",
)
def pull(pod: Pod, _: Context) -> Iterator[Problem]:
    """A node that has the tag keeps what it has: two nodes run two programs; and asks nobody for credentials."""
    for container, image in _images(pod):
        policy = container.text("imagePullPolicy", unknown="Always")
        # By default it is Always for latest alone.
        always = policy == "Always" or (policy is None and image.tag in {"", "latest"})
        if not image.digest and not always and not (pod.partial and policy is None):
            yield container.problem("must be Always for an image without a digest", "imagePullPolicy")


@rule(
    "K8S-IMG-5",
    PODS,
    title="Images run on every node that their pods can get to",
    severity=Severity.HIGH,
    standards=(soc2("A1.1"),),
    remedy="ask for kubernetes.io/arch by node affinity, or build the image for both and say so in the catalog",
)
def architecture(pod: Pod, context: Context) -> Iterator[Problem]:
    """The GH200 is an arm64 machine, the others are amd64: a pod that gets to the wrong one never starts."""
    if pod.partial or not pod.kind or not context.nodes:
        return
    possible = {node.architecture for node in reachable(pod, context)}
    for container, image in _images(pod):
        built = context.platforms.get(f"{image.repository}:{image.tag}")
        if not possible:
            yield container.problem("must be for the architecture of a node that its pods can get to", "image")
        elif not possible <= built if built is not None else len(possible) > 1:
            yield container.problem("must be for every architecture of the nodes that its pods can get to", "image")
