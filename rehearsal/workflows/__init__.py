"""Runs the jobs of a workflow here, step by step, as GitHub would: what it does not evaluate is an error."""

from rehearsal.workflows.run import JobRun, Runner, StepRun, WorkflowRun
from rehearsal.workflows.workflow import Workflow, WorkflowError, read

__all__ = ["JobRun", "Runner", "StepRun", "Workflow", "WorkflowError", "WorkflowRun", "read"]
