"""Kubernetes quantities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.quantity import cpu, mebibytes, memory, millicores
from catalog.workload import Amount

AMOUNTS = st.integers(1, 10**9)


@given(AMOUNTS)
def test_cpu_survives_the_way_to_text_and_back(thousandths: int) -> None:
    assert millicores(cpu(thousandths)) == thousandths


@given(AMOUNTS)
def test_memory_survives_the_way_to_text_and_back(mib: int) -> None:
    assert mebibytes(memory(mib)) == mib


@given(AMOUNTS, AMOUNTS)
def test_what_the_arithmetic_writes_the_model_accepts(thousandths: int, mib: int) -> None:
    amount = Amount(cpu=cpu(thousandths), memory=memory(mib))
    assert (amount.millicores, amount.mebibytes) == (thousandths, mib)


def test_whole_cores_may_be_written_as_a_number() -> None:
    assert Amount.model_validate({"cpu": 2, "memory": "1Ti"}).millicores == 2000


@pytest.mark.parametrize(
    ("cpu_text", "memory_text"), [("0", "1Gi"), ("0.5", "1Gi"), ("1", "1G"), ("1", "0Mi"), ("-1", "1Gi")]
)
def test_other_spellings_are_refused(cpu_text: str, memory_text: str) -> None:
    with pytest.raises(ValidationError):
        Amount(cpu=cpu_text, memory=memory_text)
