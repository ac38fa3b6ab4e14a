"""Rules against what really happened: leads as they were, figures, and a patch."""
