"""From text to syntax tree. lark is known here and nowhere else."""
