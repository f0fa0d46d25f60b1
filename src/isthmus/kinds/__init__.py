"""Kinds of data: raw files in, tensors out, and back. Nothing outside this folder knows a container."""
