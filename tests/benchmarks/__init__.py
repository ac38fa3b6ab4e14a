"""The benchmark of the whole run: data from a fixed seed, a realistic project, the floor it is measured against."""
