"""Encoders and decoders: modules that know nothing of codes, distances or training."""
