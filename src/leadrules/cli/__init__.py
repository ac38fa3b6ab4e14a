"""The commands. The only place that reads a clock, an environment variable or the working directory."""
