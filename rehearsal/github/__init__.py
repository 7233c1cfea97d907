"""A strict, stateful fake of GitHub's REST API, over real HTTP: what tells people asks it as it would ask GitHub."""

from rehearsal.github.faults import Fault
from rehearsal.github.records import Comment, Issue, Repository, User
from rehearsal.github.serving import GitHub, serve

__all__ = ["Comment", "Fault", "GitHub", "Issue", "Repository", "User", "serve"]
