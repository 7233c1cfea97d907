"""What every catalog model is: frozen, closed to unknown fields, its fields documented where they are declared."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DnsLabel = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""An RFC 1123 label that starts with a letter: usable as any Kubernetes object name."""

EnvName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""The name of an environment variable, which is also the form of a canonical secret name."""

Cents = Annotated[int, Field(ge=0)]
"""United States cents; money is never a float."""


class Model(BaseModel):
    """A frozen catalog model."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
