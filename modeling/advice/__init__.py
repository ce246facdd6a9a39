"""Advice as structure and as text: what is said, how it is written, and how it is read back."""
