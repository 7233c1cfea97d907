"""What each verb answers with ``--json``; the schemas are published in ``docs/schema/``."""

from collections.abc import Mapping

from pydantic import BaseModel

from ops.manifest_rows import ManifestRow
from ops.results.changes import Change, DriftedResource, Edit, PlannedChange
from ops.results.drift import DriftResult, DriftStatus, RepairResult, TellResult
from ops.results.machines import DoctorResult, MachinesResult, PeersResult, ScanResult, ToolRow
from ops.results.plans import (
    CapacityResult,
    CostResult,
    LockResult,
    PlanResult,
    PolicyResult,
    PreviewResult,
    ReviewResult,
    ReviewTellResult,
)
from ops.results.reports import DeliveryResult, ReportResult, Verdict
from ops.results.result import Result
from ops.results.running import (
    BackupResult,
    BackupRow,
    LoadResult,
    NodeRow,
    Returned,
    RollbackResult,
    RolloutResult,
    RolloutStep,
    ServerRow,
    SleepResult,
    UpResult,
    VerifyResult,
)
from ops.results.secrets import (
    SecretsAuditResult,
    SecretsDoctorResult,
    SecretsPushResult,
    SecretsRotateResult,
    SecretsSearchResult,
)
from ops.results.sites import DnsResult, SitesResult, SwitchResult

__all__ = [
    "VERBS",
    "BackupResult",
    "BackupRow",
    "CapacityResult",
    "Change",
    "CostResult",
    "DeliveryResult",
    "DnsResult",
    "DoctorResult",
    "DriftResult",
    "DriftStatus",
    "DriftedResource",
    "Edit",
    "LoadResult",
    "LockResult",
    "MachinesResult",
    "NodeRow",
    "PeersResult",
    "PlanResult",
    "PlannedChange",
    "PolicyResult",
    "PreviewResult",
    "RepairResult",
    "ReportResult",
    "Result",
    "Returned",
    "ReviewResult",
    "ReviewTellResult",
    "RollbackResult",
    "RolloutResult",
    "RolloutStep",
    "ScanResult",
    "SecretsAuditResult",
    "SecretsDoctorResult",
    "SecretsPushResult",
    "SecretsRotateResult",
    "SecretsSearchResult",
    "ServerRow",
    "SitesResult",
    "SleepResult",
    "SwitchResult",
    "TellResult",
    "ToolRow",
    "UpResult",
    "Verdict",
    "VerifyResult",
]

VERBS: Mapping[str, type[BaseModel]] = {
    "up": UpResult,
    "preview": PreviewResult,
    "report": ReportResult,
    "review": ReviewResult,
    "review tell": ReviewTellResult,
    "drift": DriftResult,
    "drift tell": TellResult,
    "drift repair": RepairResult,
    "verify": VerifyResult,
    "load": LoadResult,
    "rollback": RollbackResult,
    "delivery": DeliveryResult,
    "scan": ScanResult,
    "rollout": RolloutResult,
    "backup": BackupResult,
    "restore": BackupResult,
    "restore-drill": BackupResult,
    "plan": PlanResult,
    "policy": PolicyResult,
    "doctor": DoctorResult,
    "lock": LockResult,
    "cost": CostResult,
    "capacity": CapacityResult,
    "machines": MachinesResult,
    "machines sleep": SleepResult,
    "machines wake": UpResult,
    "access peers": PeersResult,
    "dns check": DnsResult,
    "sites check": SitesResult,
    "sites switch": SwitchResult,
    "policy check-manifests": ManifestRow,
    "secrets push": SecretsPushResult,
    "secrets diff": SecretsPushResult,
    "secrets audit": SecretsAuditResult,
    "secrets rotate": SecretsRotateResult,
    "secrets doctor": SecretsDoctorResult,
    "secrets search": SecretsSearchResult,
}
"""The result of every verb that has ``--json``; of ``policy check-manifests`` a line of it."""
