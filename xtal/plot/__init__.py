"""Pictures: the only package, with `xtal.report`, that draws."""
