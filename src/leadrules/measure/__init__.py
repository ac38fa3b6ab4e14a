"""What the rules did, what it cost, and what it takes to reach a goal: figures from the same exports that runs decide on."""
