"""``python -m render STACK``: print the stack's resource graph as JSON."""

import sys

from catalog import CatalogError
from render import RenderError, render

if len(sys.argv) != 2:  # noqa: PLR2004 - the module and one stack
    sys.exit("usage: python -m render STACK")
try:
    sys.stdout.write(render(sys.argv[1]).to_json())
except (CatalogError, RenderError) as error:
    sys.exit(str(error))
