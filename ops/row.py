"""What verbs answer in: read by others, and changed by nobody."""

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """A part of an answer: frozen, its fields documented where they are declared."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)
