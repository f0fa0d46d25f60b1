"""Figures and self-contained HTML for people."""
