"""Settings of Sphinx for the site; its sources are put together by `data_tools.site.build`."""

import re

from docutils import nodes
from pydantic import BaseModel

from colanet.version import __version__
from data_tools.site.contents import name_of

project = "colanet"
author = "The colanet developers"
version = release = __version__
html_show_copyright = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["raw/**"]
root_doc = "index"
highlight_language = "text"
pygments_style = "tango"
pygments_dark_style = "monokai"

myst_heading_anchors = 6

default_role = "code"
smartquotes = False  # options begin with two hyphens
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# Methods that scikit-learn makes, whose text points into its own pages; settings of pydantic.
MADE = ("set_fit_request", "set_partial_fit_request", "set_predict_request", "set_score_request", "model_config")
autodoc_default_options = {"exclude-members": ", ".join(MADE)}
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"colanet {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("offline.js", {"priority": 0})]
html_copy_source = False
html_show_sourcelink = False
linkcheck_timeout = 20


def link_pages(app, what, name, thing, options, lines):
    """Pages that a docstring cites as files become links."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(r"`?\b(docs/\w+\.md)`?", lambda found: f":doc:`{found[1]} <{name_of(found[1])}>`", line)


def dashes(app, doctree, name):
    """Between a parameter and its text Sphinx writes two hyphens."""
    for text in doctree.findall(nodes.Text):
        if text.astext() == " -- ":
            text.parent.replace(text, nodes.Text(" – "))


def short(app, what, name, thing, options, signature, annotation):
    """Of a description the fields stand below its name; the types of their checks are nothing to read."""
    described = isinstance(thing, type) and issubclass(thing, BaseModel)
    return ("", None) if described else (signature, annotation)


def setup(app):
    app.connect("autodoc-process-signature", short)
    app.connect("autodoc-process-docstring", link_pages)
    app.connect("doctree-resolved", dashes)
