"""`docs/cost.md` from what was measured (`measured.json`), prices and assumptions: `python -m infra.docs.cost`.

`make measure-cost` writes `measured.json` anew.
"""
