"""Reading and writing files: the only part of the toolkit, beside the command line, that opens them."""
