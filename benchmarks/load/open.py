"""A site to visit: `python -m benchmarks.load.open CLIENTS EXCERPTS OVERLAP SEED` makes tables,
audio and an open campaign where the environment says; prints its annotators' tokens as JSON."""

import json
import sys

import django


def main() -> None:
    clients, excerpts, overlap, seed = (int(value) for value in sys.argv[1:])
    django.setup()
    from benchmarks.load.books import open_books

    tokens = open_books(clients=clients, excerpts=excerpts, overlap=overlap, seed=seed)
    print(json.dumps(tokens))


if __name__ == "__main__":
    main()
