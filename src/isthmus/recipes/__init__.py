"""One published system a file, as a composition of parts."""
