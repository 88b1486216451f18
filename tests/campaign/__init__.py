"""A fault campaign: the promises of docs/reliability.md, tried with faults on purpose.

`python -m tests.campaign --minutes 30 --seed 1` tries every kind in turn and prints how many trials held. Each kind has
a file here and a line in `kinds.py`. A trial is a function of a seed and an empty folder; it returns what was not as
promised.
"""
