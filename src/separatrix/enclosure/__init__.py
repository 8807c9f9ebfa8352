"""Programs of JAX functions, and proofs about them: intervals, Krawczyk's test, exhaustive search.

Nothing here knows a solver, a system or an analysis: functions of arrays and boxes only.
"""
