"""The rehearsal's runner, which the engine's connections to hosts begin at, as a peer of the access network."""

import catalog
from ops.access import CI, hosts, wg_quick
from rehearsal import Rehearsal
from rehearsal.access import CI_KEY
from rehearsal.configuration import secret


def join(rehearsal: Rehearsal, facts: catalog.Catalog) -> bool:
    """Make the runner the peer ``ci`` of a stack's hosts, with the file that ``access config ci`` prints.

    Nothing happens, and False is returned, while no host has an access interface, or where ci's key is not known. The
    runner is a peer of one stack's hosts at a time: each verb that goes to them joins first.

    Args:
        rehearsal: the stack's; it was started.
        facts: the catalog.

    Raises:
        RehearsalError: the state cannot be read, or the interface cannot be made.
    """
    found = hosts(rehearsal.state.resources())
    key = secret(rehearsal.folder, CI_KEY)
    if not found or key is None:
        return False
    file = wg_quick(CI, facts.access.peers[CI], stack=rehearsal.stack, hosts=found, private_key=key)
    rehearsal.account.room.join_access(file)
    return True
