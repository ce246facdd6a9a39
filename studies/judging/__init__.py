"""Judges: what is asked of a language model, how its verdict is read, and the rubric rater."""
