"""Values as text, JSON and pages. Computes nothing."""
