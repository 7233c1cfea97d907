"""Acts on a host by pulumi-command, which reads nothing back and so holds no state."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import Provider
from pulumi_command.remote import Command, ConnectionArgs, Logging

_LONGEST = pulumi.CustomTimeouts(create="6m", update="6m", delete="6m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Makes commands on one host, whose key is pinned."""

    parent: pulumi.Resource
    """The component that they belong to."""
    name: str
    """How their names begin."""
    provider: Provider
    """Runs them."""
    connection: ConnectionArgs
    """The way to the host."""

    def command(
        self,
        name: str,
        program: str,
        *,
        triggers: Sequence[pulumi.Input[str]],
        after: Sequence[pulumi.Resource],
        create: pulumi.Input[str] | None = None,
        delete: pulumi.Input[str] | None = None,
    ) -> Command:
        """Return something that is done once.

        Args:
            name: what it is called.
            program: the shell program that it is given.
            triggers: when one of them changes, and then alone, it is done again.
            after: what is there before it, and goes after it.
            create: the command that reads the program; none: nothing is done.
            delete: the same, when it goes.
        """
        return Command(
            f"{self.name}-{name}",
            connection=self.connection,
            create=create,
            # Another way in, or another wording, is no reason to do it again. The program is read nevertheless: whoever
            # ends before all of it was sent looks like a connection that was cut.
            update="cat >/dev/null",
            delete=delete,
            stdin=program,
            triggers=triggers,
            # Neither is logged: kubectl repeats what it was given.
            logging=Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self.parent, provider=self.provider, depends_on=after, custom_timeouts=_LONGEST
            ),
        )
