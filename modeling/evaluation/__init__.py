"""How well a system advises: cases with known errors, answers, metrics with intervals."""
