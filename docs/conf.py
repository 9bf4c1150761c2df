"""How Sphinx makes the site of these pages: ``make docs``.

Pages of the reference that are made of the code are written into ``_generated`` first.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from generated import write_pages

from smppgate.version import installed_version

project = "smppgate"
release = version = installed_version()
project_copyright = "the smppgate authors"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
# A word in backticks is a name of the code's.
default_role = "code"

html_theme = "furo"
html_title = f"smppgate {release}"
html_show_copyright = False


def setup(app: Any) -> None:
    """Write the pages that are made of the code, in front of everything else."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir, "_generated")))
