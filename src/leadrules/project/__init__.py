"""From leadrules.yaml, JSON Schemas and team.yaml to a checked project."""
