"""What an operator does to a whole data directory: back it up, restore it, examine it."""
