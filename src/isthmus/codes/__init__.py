"""What fits through the narrow place, a kind of code a file."""
