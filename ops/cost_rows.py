"""The rows of what ``cost`` answers; money is United States dollars as a decimal number."""

from datetime import date

from catalog.bill import Kind
from catalog.limits import Standing
from ops.row import Row


class ItemRow(Row):
    """One thing that is billed."""

    name: str
    """Its name."""
    kind: Kind
    """What it is."""
    what: str
    """What it is priced as, such as an instance type."""
    unit: str
    """What its price is for."""
    quantity: int | None
    """How many of these a month has; null where nobody says."""
    price_usd: str | None
    """Price of one; null where it is not known."""
    monthly_usd: str | None
    """What a month that runs through costs; null where that is not known."""
    expected_usd: str | None
    """The same for the hours in which it is expected to exist."""
    before_usd: str | None = None
    """What it cost before, by the same prices; null where it was not there."""
    gpu_shares: int = 0
    """GPU shares that it offers."""
    gpu_shares_used: int = 0
    """How many of these pods take at the floors."""
    cpu_percent: int | None = None
    """CPU that pods ask for at the floors, of what they may use; null for what is no machine."""
    memory_percent: int | None = None
    """The same of memory."""


class BookRow(Row):
    """The prices."""

    name: str
    """Name of the price book."""
    as_of: date
    """The day they were read."""
    source: str
    """Where they were read."""
    age_days: int
    """How old they are."""


class BudgetRow(Row):
    """What the stack may cost a month."""

    warn_usd: str
    """From here on it warns."""
    block_usd: str
    """From here on it is refused."""
    used_percent: int
    """How much of the latter it costs."""
    standing: Standing
    """Where it stands."""


class SavingRow(Row):
    """One machine that is another type, or is not there."""

    machine: str
    """The machine."""
    was: str
    """The type that it is."""
    becomes: str | None
    """The type that it would be; null where the stack would do without it."""
    saves_usd: str
    """What that saves a month."""
    caveat: str = ""
    """What the sums do not say; empty where there is nothing."""


class WayRow(Row):
    """Changes after which all pods at their floors still fit."""

    changes: tuple[SavingRow, ...]
    """The changes."""
    monthly_usd: str
    """What a month costs then."""


class TargetRow(Row):
    """A target of the source documents, and what it would take."""

    target_usd: str
    """The target, a month."""
    over_usd: str
    """By how much the stack exceeds it; 0.00 where it does not."""
    ways: tuple[WayRow, ...] = ()
    """Ways with the fewest changes, the least saving first; none where it is met, or where there is no way."""
    awake_hours_per_week: float | None = None
    """Hours a week that all machines could exist for it; null where it is met, or where none could."""


class IdleRow(Row):
    """A machine whose GPU no pod asks for."""

    machine: str
    """The machine."""
    instance_type: str
    """Its type."""
    gpu_shares: int
    """Shares that it offers."""
    monthly_usd: str
    """What the machine costs a month."""


class DeltaRow(Row):
    """What changes against what is deployed, or against a commit."""

    against: str
    """With what it is compared."""
    before_usd: str
    """What a month cost, by the same prices."""
    difference_usd: str
    """By how much that changes."""
    percent: float | None
    """The same in percent; null where it cost nothing."""
    standing: Standing
    """Where that stands against what one change may add."""
    removed: tuple[ItemRow, ...] = ()
    """What is billed no more."""
