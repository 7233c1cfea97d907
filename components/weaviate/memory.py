"""``sophia:weaviate:Memory``."""

from collections.abc import Mapping

import pulumi

import catalog
from components.weaviate import plan
from providers.weaviate import sdk


class Memory(pulumi.ComponentResource):
    """``sophia:weaviate:Memory``: the vector store has the stack's collections, and keys for those who use them.

    Creates:
        - ``weaviate``, the provider: where the server is and its key come from the environment and are never stored.
        - Collection for each collection of the stack, behind an alias of its name.
        - Role for each role of the catalog.
        - User for each user, with a key of its own.

    Does not create the server.
    """

    collections: pulumi.Output[Mapping[str, str]]
    """The version that each collection's name leads to."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        server: pulumi.Resource | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the memory.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its collections, their modules, who may use them.
            server: what runs the server, where that is the stack's own: the memory waits for it and goes with it.
            opts: resource options.
        """
        hosting = stack.weaviate.hosting[stack.name]
        super().__init__("sophia:weaviate:Memory", name, {"stack": stack.name, "hosting": hosting}, opts)
        waiting = [server] if server else []
        provider = sdk.Provider(
            f"{name}-provider", opts=pulumi.ResourceOptions(parent=self, depends_on=waiting, deleted_with=server)
        )
        guarded = hosting == "cloud"
        child = pulumi.ResourceOptions(parent=self, provider=provider, depends_on=waiting, deleted_with=server)
        kept = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=guarded))
        made = {
            each: sdk.Collection(
                f"{name}-{plan.logical(each)}", **plan.collection(each, one, stack.weaviate, guarded=guarded), opts=kept
            )
            for each, one in stack.collections.items()
        }
        roles = {
            each: sdk.Role(f"{name}-{each}", name=each, permissions=plan.permissions(one), opts=child)
            for each, one in stack.weaviate.roles.items()
        }
        users = {
            each: sdk.User(f"{name}-{each}", name=each, roles=[roles[role].name for role in one.roles], opts=child)
            for each, one in stack.weaviate.users.items()
        }
        self.collections = pulumi.Output.all(**{each: one.class_name for each, one in made.items()})
        # The key of each user, by the name of its secret.
        self.secrets = {one.secret: users[each].api_key.apply(_made) for each, one in stack.weaviate.users.items()}
        self.register_outputs({"collections": self.collections})


def _made(key: str | None) -> str:
    """Return a user's key; of one that was there before, the server does not tell it."""
    if key is None:
        msg = "the key of a user of Weaviate is not known; remove the user, and `up` makes it anew with a key"
        raise ValueError(msg)
    return key
