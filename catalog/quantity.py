"""Kubernetes quantities as typed strings, and the whole numbers that arithmetic on them needs.

The grammar is the part of ``apimachinery/pkg/api/resource`` that people write by hand: CPU in cores or millicores,
memory and storage in binary units.

>>> millicores("500m"), millicores("2"), mebibytes("2Gi"), mebibytes("512Mi")
(500, 2000, 2048, 512)
"""

from typing import Annotated

from pydantic import BeforeValidator, Field

_MEBIBYTES = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


def _text(value: object) -> object:
    """YAML reads ``cpu: 1`` as a number; a quantity is text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Cpu = Annotated[str, Field(pattern=r"^[1-9][0-9]*m?$", examples=["500m", "2"])]

CpuQuantity = Annotated[_Cpu, BeforeValidator(_text, json_schema_input_type=_Cpu | int)]
"""CPU as Kubernetes writes it: whole cores (``2``) or millicores (``500m``)."""

MemoryQuantity = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$", examples=["512Mi", "2Gi"])]
"""Memory or storage as Kubernetes writes it, in binary units."""


def millicores(quantity: str) -> int:
    """Return a CPU quantity in thousandths of a core."""
    return int(quantity[:-1]) if quantity.endswith("m") else int(quantity) * 1000


def mebibytes(quantity: str) -> int:
    """Return a memory quantity in MiB."""
    return int(quantity[:-2]) * _MEBIBYTES[quantity[-2:]]


def cpu(thousandths: int) -> str:
    """Return millicores as the shortest CPU quantity.

    >>> cpu(1500), cpu(2000)
    ('1500m', '2')
    """
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def memory(mib: int) -> str:
    """Return MiB as the shortest memory quantity.

    >>> memory(1536), memory(2048)
    ('1536Mi', '2Gi')
    """
    return f"{mib}Mi" if mib % 1024 else f"{mib // 1024}Gi"
