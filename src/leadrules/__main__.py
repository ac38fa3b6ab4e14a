"""`python -m leadrules`: the program, for who has the package but not its script on the path."""

from leadrules.cli.main import main

main()
