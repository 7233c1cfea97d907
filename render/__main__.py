"""``python -m render STACK``: print the stack's resource graph as JSON."""

import sys

from catalog import CatalogError
from render import RenderError, render

try:
    sys.stdout.write(render(sys.argv[1]).to_json())
except (CatalogError, RenderError) as error:
    sys.exit(str(error))
