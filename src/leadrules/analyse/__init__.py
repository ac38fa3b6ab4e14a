"""Static analysis: what the rules can and cannot do, without any lead."""
