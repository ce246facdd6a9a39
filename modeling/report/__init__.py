"""The evaluation of every row on songs from disk: answers, effect, tables, figures, one page."""
