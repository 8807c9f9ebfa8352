"""Systems of few variables of which it is known what holds their states.

A law is a function of NumPy or jax.numpy, of z (variable, ...) and of its numbers: dz/dt with T as the
unit of time, or the next z of a map. `CLASSES` has a maker for each class (`few.Few`); `page` holds a
law, run on by itself, against the page of the words.
"""

from . import cycles, maps, points, sets

CLASSES = {
    "line": sets.line,
    "bumpy line": sets.bumpy_line,
    "exact line, few conditions": sets.few_conditions,
    "exact line, clumps": sets.few_clumps,
    "two lines": sets.two_lines,
    "ring": sets.ring,
    "bumpy ring": sets.bumpy_ring,
    "plane": sets.plane,
    "bumpy plane": sets.bumpy_plane,
    "leaking plane": sets.leaking_plane,
    "leak": sets.leak,
    "common drift": sets.drift,
    "parting line": points.parting,
    "wells": points.discrete,
    "two wells, slow": points.slow_wells,
    "one point": points.one_point,
    "saturated start": points.saturated_start,
    "lags": points.lags,
    "marginal point": points.algebraic,
    "too short": points.too_short,
    "on a stable set": points.stable_set,
    "saddle on the way": points.passing,
    "ghost": points.ghost,
    "spiral in": points.spiral_in,
    "spiral out": points.spiral_out,
    "point beside infinity": points.beside_infinity,
    "diverging": points.diverging,
    "limit cycle": cycles.limit_cycle,
    "weak Hopf": cycles.weak_hopf,
    "van der Pol": cycles.relaxation,
    "center": cycles.center,
    "line × cycle": cycles.line_times_cycle,
    "cycle beside point": cycles.cycle_beside_point,
    "torus": cycles.torus,
    "Lorenz": cycles.lorenz,
    "Rössler": cycles.rossler,
    "May–Leonard": cycles.may_leonard,
    "turn by p/k": maps.turn_by_part,
    "invariant circle": maps.invariant_circle,
    "alternation": maps.alternation,
    "shift register": maps.shift_register,
    "delay line": maps.delay_line,
    "logistic cycle": maps.logistic_cycle,
    "logistic chaos": maps.logistic_chaos,
}
