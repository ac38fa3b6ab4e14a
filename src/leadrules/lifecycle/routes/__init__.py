"""Who gets a lead: candidates, eligibility, dealing, credits, response times."""
