"""What Gainsay measures of itself, each figure beside what it is compared with.

`python -m benchmarks` runs every module here that has `run(quick: bool) -> list[Row]`.
"""
