"""A strict, stateful fake of the Lambda Cloud API 1.10.0, over real HTTP and in virtual time."""

from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud.contract import BreachError
from rehearsal.lambda_cloud.control import Control, ControlError
from rehearsal.lambda_cloud.faults import Fault, FaultKind, Faults
from rehearsal.lambda_cloud.log import Entry
from rehearsal.lambda_cloud.records import Status
from rehearsal.lambda_cloud.serving import Fake, serve
from rehearsal.lambda_cloud.view import AccountView, InstanceView

__all__ = [
    "Account",
    "AccountView",
    "BreachError",
    "Clock",
    "Control",
    "ControlError",
    "Entry",
    "Fake",
    "Fault",
    "FaultKind",
    "Faults",
    "InstanceView",
    "Status",
    "serve",
]
