"""What really happened, beside what the rules said: how well scores rank, what each line is worth, which weights fit.

In: columns of leads: scores, lines, fields, and whether each lead reached the outcome. Out: figures, each with the number
of leads behind it. Refuses to know files, commands and the language; scikit-learn is imported where it is used.
"""
