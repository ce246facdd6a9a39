"""What leaves the site of a study: one canonical JSON object (docs/study-export.md), tables with a
codebook, and who is who. Blinded unless asked otherwise."""
