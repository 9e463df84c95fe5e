"""Keys, signatures and memory of what was verified: who is believed, and since when."""
