"""The platform on the engineer's own machine: the tool chain and the parts that stand in for the cloud."""

from rehearsal.account import Account
from rehearsal.error import RehearsalError
from rehearsal.home import home, remove_shared, stacks
from rehearsal.service import ServiceStatus
from rehearsal.stack import Rehearsal

__all__ = ["Account", "Rehearsal", "RehearsalError", "ServiceStatus", "home", "remove_shared", "stacks"]
