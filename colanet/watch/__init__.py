"""A run as a page of a local browser while it lasts: what has been learnt so far, told to whoever looks."""
