"""Object storage: where data lies that outlives machines, in buckets by stack and purpose."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from catalog.gateway import Host
from catalog.model import DnsLabel, EnvName, Model

_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")


def _not_reserved(name: str) -> str:
    if name.startswith(_RESERVED_BEGINNINGS) or name.endswith(_RESERVED_ENDS):
        message = (
            f"a bucket's name begins with none of {', '.join(_RESERVED_BEGINNINGS)} "
            f"and ends with none of {', '.join(_RESERVED_ENDS)}, which S3 keeps for itself"
        )
        raise ValueError(message)
    return name


BucketName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", examples=["sophia-ai-backups-dev"]),
    AfterValidator(_not_reserved),
]
"""The name of a bucket (Amazon S3, general purpose bucket naming rules), without dots: a name that has some is covered
by no certificate where it stands before the endpoint's."""

Region = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)+-[0-9]+$", examples=["us-west-2"])]
"""A region, which requests are signed for."""


class Buckets(Model):
    """The buckets of one purpose, a stack's own each, and what opens them and what is in them."""

    description: Annotated[str, Field(max_length=100)]
    """What they hold, in one line."""
    names: Mapping[DnsLabel, BucketName]
    """Their names by stack."""
    access_key_id: EnvName
    """The secret with the id of the key that opens a stack's bucket, and no other."""
    secret_access_key: EnvName
    """The secret with that key itself."""
    encryption_key: EnvName
    """The secret under which what is put there was encrypted before; whoever loses it loses all of it."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Canonical names of its secrets, by the field that names them."""
        return {
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "encryption_key": self.encryption_key,
        }


class ObjectStorage(Model):
    """The file ``catalog/object_storage.yaml``."""

    owner: DnsLabel
    """The stack that manages the buckets."""
    provider: Literal["s3"]
    """The API that it speaks."""
    endpoint: Host
    """Its name in public DNS, without the name of a bucket; it speaks HTTPS at port 443."""
    region: Region
    """Its region."""
    buckets: Mapping[DnsLabel, Buckets]
    """Buckets by purpose."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://{self.endpoint}"

    def names(self, stack: str) -> Mapping[str, str]:
        """Return the names of a stack's buckets by purpose.

        Args:
            stack: the stack's name.
        """
        return {purpose: one.names[stack] for purpose, one in self.buckets.items()}

    def hosts(self, stack: str) -> tuple[str, ...]:
        """Return the names that whoever uses a stack's buckets connects to: clients name the bucket in either place.

        Args:
            stack: the stack's name.
        """
        return (self.endpoint, *(f"{bucket}.{self.endpoint}" for bucket in self.names(stack).values()))
