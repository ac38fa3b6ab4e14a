"""Why a lead has its score, band, owner, move or non-move, and what would change it."""
