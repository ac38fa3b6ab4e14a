"""What runs remember: the store, the next state, the commit, the way back."""
