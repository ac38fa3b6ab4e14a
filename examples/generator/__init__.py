"""The example companies' data, made from a fixed seed with the standard library alone."""
