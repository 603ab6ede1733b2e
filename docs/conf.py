"""How Sphinx builds these pages: `python -m sphinx -W -n --keep-going -b html docs docs/_build/html`."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "tiktok-async"
author = "The tiktok-async authors"
copyright = "the tiktok-async authors"  # noqa: A001 - Sphinx's word
version = release = installed_version("tiktok-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "house_docstrings"]
exclude_patterns = ["_build", "_ext"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# As `:ivar:` fields: an attribute that is documented in its class' docstring is documented once.
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"tiktok-async {version.partition('.dev')[0]}"  # a development version is too long to read
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_extra_path = ["llms.txt"]
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#b3123b", "color-brand-content": "#b3123b"},
    "dark_css_variables": {"color-brand-primary": "#ff7a94", "color-brand-content": "#ff7a94"},
}
pygments_style = "default"
pygments_dark_style = "github-dark"
