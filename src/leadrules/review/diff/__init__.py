"""Two versions of the rules over the same leads: what changes, because of which edited line."""
