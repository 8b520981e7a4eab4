"""The commands of `tastemaker`, a few to a file."""
