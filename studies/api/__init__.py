"""REST for researchers about studies: /api/v1/studies/. Participants' tokens open nothing here."""
