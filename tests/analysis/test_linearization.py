import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.linearization import eigenmodes


def with_spectrum(values, seed=0):
    """Return a real matrix with the given eigenvalues, complex ones in conjugate pairs."""
    blocks = []
    for value in values:
        if np.imag(value) > 0:
            blocks.append(np.array([[value.real, -value.imag], [value.imag, value.real]]))
        elif np.imag(value) == 0:
            blocks.append(np.array([[np.real(value)]]))
    size = sum(len(b) for b in blocks)
    matrix, at = np.zeros((size, size)), 0
    for block in blocks:
        matrix[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    basis = np.random.default_rng(seed).standard_normal((size, size))
    return basis @ matrix @ np.linalg.inv(basis)


class Linear(eqx.Module):
    """x ↦ J x; the matrix is an argument of compiled programs, so one serves all of a size."""

    matrix: np.ndarray

    def evaluate(self, x):
        return self.matrix @ x


def linear_map(J, dt=10.0):
    return sx.DiscreteMap(Linear(np.asarray(J, float)).evaluate, len(J), dt)


def linear_flow(J, tau=100.0):
    return sx.Flow(Linear(np.asarray(J, float)).evaluate, len(J), tau)


MAP_SPECTRUM = [1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5]
FLOW_SPECTRUM = [0.5, -0.2 + 3.0j, -0.2 - 3.0j, -1.0, -4.0]


def test_spectrum_time_constants_and_periods_of_a_map():
    lin = sx.linearize(linear_map(with_spectrum(MAP_SPECTRUM)), np.zeros((1, 5)))
    values = lin.eigenvalues[0]
    np.testing.assert_allclose(np.abs(values), [1.25, 0.9, 0.45**0.5, 0.45**0.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(
        lin.time_constants[0], -10.0 / np.log([1.25, 0.9, 0.45**0.5, 0.45**0.5, 0.5]), rtol=1e-10
    )
    turn = 2 * np.pi * 10.0 / np.arctan2(0.6, 0.3)
    np.testing.assert_allclose(lin.periods[0], [np.inf, 20.0, turn, turn, np.inf], rtol=1e-10)
    assert lin.time_constants[0, 0] < 0 < lin.time_constants[0, 1]
    assert (lin.n_unstable[0], lin.stability[0]) == (1, "saddle")
    assert (lin.system, lin.time_unit) == ("map", 10.0)


def test_spectrum_time_constants_and_periods_of_a_flow():
    lin = sx.linearize(linear_flow(with_spectrum(FLOW_SPECTRUM)), np.zeros((1, 5)))
    np.testing.assert_allclose(lin.eigenvalues[0].real, [0.5, -0.2, -0.2, -1, -4], rtol=1e-10)
    np.testing.assert_allclose(lin.time_constants[0], [-200, 500, 500, 100, 25], rtol=1e-10)
    turn = 2 * np.pi * 100.0 / 3.0
    np.testing.assert_allclose(lin.periods[0], [np.inf, turn, turn, np.inf, np.inf], rtol=1e-10)
    assert (lin.n_unstable[0], lin.stability[0]) == (1, "saddle")


@pytest.mark.parametrize(
    ("values", "as_map", "as_flow"),
    [
        ([0.5, -0.5], "stable", "saddle"),
        ([-2.0, -3.0], "unstable", "stable"),
        ([-1.5, 0.5], "saddle", "saddle"),
        ([2.0, 3.0], "unstable", "unstable"),
        ([1.0, 0.5], "marginal", "unstable"),
        ([0.0, -0.5], "stable", "marginal"),
        ([1.0, 2.0], "saddle", "unstable"),
    ],
)
def test_stability_of_maps_and_flows_are_different_things(values, as_map, as_flow):
    J = np.diag(values)
    assert sx.linearize(linear_map(J), np.zeros((1, 2))).stability.tolist() == [as_map]
    assert sx.linearize(linear_flow(J), np.zeros((1, 2))).stability.tolist() == [as_flow]


def test_the_marginal_band_is_the_users():
    system = linear_map(np.diag([1 + 1e-4, 0.5]))
    names = [
        sx.linearize(system, np.zeros((1, 2)), marginal_band=b).stability[0] for b in (1e-6, 1e-3)
    ]
    assert names == ["saddle", "marginal"]


@pytest.mark.parametrize("make", [linear_map, linear_flow])
def test_left_and_right_modes_are_eigenvectors_and_dual(make):
    J = with_spectrum(MAP_SPECTRUM)
    lin = sx.linearize(make(J), np.zeros((1, 5)))
    values, right, left = lin.eigenvalues[0], lin.right[0], lin.left[0]
    np.testing.assert_allclose(J @ right, right * values, atol=1e-12)
    np.testing.assert_allclose(left @ J, values[:, None] * left, atol=1e-12)
    np.testing.assert_allclose(left @ right, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(right, axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose((right * values) @ left, J, atol=1e-12)
    np.testing.assert_allclose(lin.condition, np.linalg.cond(right), rtol=1e-6)


def test_modes_are_sorted_the_slowest_first():
    known = systems.ring(4, "map")
    points = sx.find_fixed_points(known.system, known.candidates)
    as_map = sx.linearize(known.system, points).eigenvalues
    as_flow = sx.linearize(systems.ring(4, "flow").system, points).eigenvalues
    assert (np.diff(np.abs(as_map)) <= 1e-12).all()
    assert (np.diff(as_flow.real) <= 1e-12).all()


def test_a_defective_matrix_has_no_pairing_of_modes():
    J = np.stack([np.array([[0.5, 1.0], [0.0, 0.5]]), np.diag([0.5, 0.2])])
    system = sx.DiscreteMap(lambda x: jnp.where(x[0] > 0, J[0] @ x, J[1] @ x), 2)
    lin = sx.linearize(system, np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert np.isinf(lin.condition[0])
    assert np.isnan(lin.left[0]).all()
    assert np.isfinite(lin.right).all()
    assert np.isfinite(lin.left[1]).all()
    np.testing.assert_allclose(lin.eigenvalues[0], [0.5, 0.5], atol=1e-7)
    assert lin.stability.tolist() == ["stable", "stable"]


def test_a_jacobian_that_is_not_finite_gives_nan_modes_and_no_error():
    lin = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0], [1.0]]))
    for field in (lin.eigenvalues, lin.right, lin.left, lin.time_constants, lin.periods):
        assert np.isnan(field[0]).all()
        assert not np.isnan(field[1]).any()
    assert lin.stability.tolist() == ["unknown", "stable"]
    assert lin.eigenvalues[1, 0] == 0.5


def test_nan_modes_have_no_condition_number():
    lin = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0], [1.0]]))
    assert np.isnan(lin.condition[0])
    assert lin.condition[1] == 1
    assert lin.n_unstable.tolist() == [-1, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", ["map", "flow"])
def test_nothing_is_known_at_a_state_that_is_not_finite(kind, bad):
    """A rectifier has slope 0 or 1 even there, so its Jacobian looks sound."""
    net = sx.networks.CTRNN(3, 4, 3, activation="relu", key=jax.random.key(0))
    system = net.at_input([1, 0.5, 0.5]) if kind == "map" else net.flow_at_input([1, 0.5, 0.5])
    states = np.zeros((2, 4))
    states[0, 1] = bad
    lin = sx.linearize(system, states)
    for field in (lin.jacobians, lin.input_jacobians, lin.eigenvalues, lin.right, lin.condition):
        assert np.isnan(field[0]).all()
        assert np.isfinite(field[1]).all()
    assert lin.stability[0] == "unknown"
    assert lin.stability[1] != "unknown"
    assert (lin.n_unstable[0], np.isnan(lin.time_constants[0]).all()) == (-1, True)


def test_every_name_of_a_stability_is_described():
    infos = {info.name: info.description for info in sx.Linearization.field_infos()}
    for name in ("stable", "saddle", "unstable", "marginal", "unknown"):
        assert f'"{name}"' in infos["stability"]


def test_a_silent_mode_decays_at_once_and_does_not_oscillate():
    lin = sx.linearize(linear_map(np.zeros((2, 2))), np.zeros((1, 2)))
    assert lin.time_constants.tolist() == [[0.0, 0.0]]
    assert np.isinf(lin.periods).all()


def test_the_sign_of_zero_is_no_oscillation():
    lin = sx.linearize(sx.DiscreteMap(lambda x: -0.0 * x, 2), np.zeros((1, 2)))
    assert np.isinf(lin.periods).all()


def test_input_jacobians():
    W, B = with_spectrum(MAP_SPECTRUM), np.random.default_rng(1).standard_normal((5, 3))
    system = sx.DiscreteMap(lambda x, u: jnp.tanh(W @ x + B @ u), 5, input=np.array([1, 0.5, 0.5]))
    state = np.random.default_rng(2).standard_normal(5)
    slope = 1 - np.tanh(W @ state + B @ system.input) ** 2
    lin = sx.linearize(system, state[None])
    np.testing.assert_allclose(lin.jacobians[0], slope[:, None] * W, rtol=1e-12)
    np.testing.assert_allclose(lin.input_jacobians[0], slope[:, None] * B, rtol=1e-12)
    assert sx.linearize(linear_map(W), state[None]).input_jacobians is None


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_a_network_as_map_and_as_flow(alpha):
    net = sx.networks.CTRNN(
        3, 12, 3, tau=100.0, dt=100 * alpha, activation="tanh", key=jax.random.key(0)
    )
    u = [1.0, 0.5, 0.5]
    points = sx.find_fixed_points(net.at_input(u), systems.box(12, -1, 1, 50)).fixed
    assert len(points)
    as_map = sx.linearize(net.at_input(u), points)
    as_flow = sx.linearize(net.flow_at_input(u), points)
    for mu, lam in zip(as_map.eigenvalues, as_flow.eigenvalues, strict=True):
        distance = np.abs(mu[:, None] - (1 + alpha * lam))
        assert distance.min(1).max() < 1e-12
    np.testing.assert_allclose(
        as_map.input_jacobians, alpha * as_flow.input_jacobians, rtol=1e-6, atol=1e-12
    )


def test_known_eigenvalues():
    known = systems.wilson_cowan()
    lin = sx.linearize(known.system, known.states)
    np.testing.assert_allclose(lin.eigenvalues, systems.WILSON_COWAN_EIGENVALUES, atol=1e-6)
    known = systems.rank_one()
    lin = sx.linearize(known.system, known.states)
    at_point, at_origin = systems.RANK_ONE_EIGENVALUES
    np.testing.assert_allclose(lin.eigenvalues[:, 0], [at_point, at_point, at_origin], atol=1e-9)
    np.testing.assert_allclose(lin.eigenvalues[:, 1:], -1, atol=1e-6)
    unit = systems.tanh_unit(2.0)
    lin = sx.linearize(unit.system, unit.states)
    np.testing.assert_allclose(lin.eigenvalues[:, 0], [0.166372087752] * 2 + [2.0], atol=1e-11)
    for a in (0.9, 1.05):
        lin = sx.linearize(systems.hopf(a, 1.0).system, np.zeros((1, 2)))
        np.testing.assert_allclose(np.sort_complex(lin.eigenvalues[0]), [a - 1 - 1j, a - 1 + 1j])


def test_what_linearize_takes():
    known = systems.ring(4, "map")
    points = sx.find_fixed_points(known.system, known.candidates)
    one, two = sx.linearize(known.system, points), sx.linearize(known.system, points.states)
    assert (one.eigenvalues == two.eigenvalues).all()
    single = sx.linearize(known.system, points.states[:1].astype(np.float32))
    assert single.states.dtype == single.jacobians.dtype == np.float64
    assert len(sx.linearize(known.system, np.zeros((0, 4)))) == 0
    assert len(sx.linearize(known.system, points[:0])) == 0


@pytest.mark.parametrize("shape", [(2, 3), (0, 1)])
def test_points_of_another_shape_are_refused(shape):
    with pytest.raises(sx.InvalidInputError) as caught:
        sx.linearize(systems.ring(4, "map").system, np.zeros(shape))
    assert str(caught.value) == (
        f"points must have shape (point, 4), one column for each unit of the system, got {shape}."
    )


def test_its_summary():
    lin = sx.linearize(linear_map(np.eye(2)), np.zeros((3, 2)))
    assert repr(lin).startswith("Linearization of a map of 2 units at 3 points\n")


def at_origin(J, kind="map", **kwargs):
    return sx.linearize((linear_map if kind == "map" else linear_flow)(J), np.zeros((1, len(J))))


def test_modes_pair_to_rounding_and_each_has_its_condition():
    lin = at_origin(with_spectrum(MAP_SPECTRUM))
    assert lin.pairing_error[0] < 1e-13
    assert lin.pairing.tolist() == ["paired"]
    cosines = np.abs((lin.left[0] * lin.right[0].T).sum(1)) / (
        np.linalg.norm(lin.left[0], axis=1) * np.linalg.norm(lin.right[0], axis=0)
    )
    np.testing.assert_allclose(lin.mode_condition[0], 1 / cosines, rtol=1e-12)
    np.testing.assert_allclose(at_origin(np.diag([0.9, 0.5])).mode_condition, 1)


@pytest.mark.parametrize(
    ("split", "pairing"), [(0.0, "defective"), (1e-9, "nearly defective"), (1e-3, "paired")]
)
def test_a_defective_spectrum_is_told_from_one_nearly_so(split, pairing):
    lin = at_origin(np.array([[0.5, 1.0], [0.0, 0.5 + split]]))
    assert lin.pairing.tolist() == [pairing]
    if split:  # (0, 1)ᵀ and (1, split)ᵀ/|…|: the condition is 2/split, that of a mode half of it
        np.testing.assert_allclose(lin.condition, 2 / split, rtol=1e-6)
        np.testing.assert_allclose(lin.mode_condition, 1 / split, rtol=1e-6)
    unknown = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0]]))
    assert unknown.pairing.tolist() == ["unknown"]


@pytest.mark.parametrize("seed", range(3))
def test_many_points_at_once_are_the_points_one_by_one(seed):
    """More points than fit one part of the work, with rotations, and one that is not finite."""
    W = np.random.default_rng(seed).standard_normal((30, 30)) / 30**0.5
    system = sx.DiscreteMap(lambda x: jnp.tanh(W @ x), 30)
    states = np.random.default_rng(seed + 10).standard_normal((50, 30))
    states[7, 3] = np.nan
    lin = sx.linearize(system, states)
    for point in (0, 7, 49):
        J = (1 - np.tanh(W @ states[point]) ** 2)[:, None] * W
        np.testing.assert_allclose(lin.jacobians[point], J, atol=1e-14)
        right, left, values = lin.right[point], lin.left[point], lin.eigenvalues[point]
        np.testing.assert_allclose(J @ right, right * values, atol=1e-12)
        np.testing.assert_allclose((right * values) @ left, J, atol=1e-10)
    assert np.nanmax(lin.pairing_error) < 1e-10
    assert np.isnan(lin.pairing_error).tolist() == [k == 7 for k in range(50)]


def test_stacks_cut_into_parts_are_the_matrices_one_by_one():
    """70 matrices of 64 units are worked on a few at a time; the odd ones stay where they are."""
    J = np.random.default_rng(0).standard_normal((70, 64, 64)) / 8
    J[40] = np.eye(64) + np.eye(64, k=1)
    J[41, 3, 3] = np.nan
    together = eigenmodes(J, "flow")
    for k in (0, 31, 32, 33, 39, 40, 41, 42, 64, 69):
        for whole, alone in zip(together, eigenmodes(J[k : k + 1], "flow"), strict=True):
            np.testing.assert_array_equal(whole[k], alone[0])
    assert np.flatnonzero(np.isinf(together.condition)).tolist() == [40]
    assert np.flatnonzero(np.isnan(together.condition)).tolist() == [41]
    products = np.delete(together.left @ together.right, [40, 41], axis=0)
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(64), products.shape), atol=1e-11)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_orthogonal_modes_are_normal(kind):
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    block = np.array([[-0.3, -0.4], [0.4, -0.3]])
    D = np.zeros((4, 4))
    D[:2, :2], D[2, 2], D[3, 3] = block, -0.8, -0.1
    measured = at_origin(Q @ D @ Q.T, kind).non_normality()
    assert measured.departure[0] < 1e-7  # √ of rounding
    np.testing.assert_allclose(measured.numerical_abscissa, -0.1, rtol=1e-12)
    np.testing.assert_allclose(measured.largest_gain, 0.8, rtol=1e-12)
    np.testing.assert_allclose(measured.kreiss_bound, 1, rtol=1e-12)


def test_the_departure_of_a_triangular_matrix_is_what_is_off_its_diagonal():
    J = np.array([[0.5, 3.0, 1.0], [0.0, -0.2, 2.0], [0.0, 0.0, 0.1]])
    measured = at_origin(J).non_normality()
    np.testing.assert_allclose(measured.departure, 14**0.5, rtol=1e-12)
    np.testing.assert_allclose(measured.relative_departure, (14 / (J**2).sum()) ** 0.5)
    np.testing.assert_allclose(
        measured.numerical_abscissa, np.linalg.eigvalsh((J + J.T) / 2).max(), rtol=1e-12
    )


def kreiss_by_grid(J, kind):
    """The supremum over a fine grid, from singular values."""
    n = len(J)
    if kind == "map":
        radii, angles = 1 + np.geomspace(1e-5, 10, 200), np.linspace(0, np.pi, 181)
        z = (radii[:, None] * np.exp(1j * angles)).ravel()
        distance = np.abs(z) - 1
    else:
        z = (np.geomspace(1e-5, 30, 200)[:, None] + 1j * np.linspace(0, 5, 181)).ravel()
        distance = z.real
    smallest = np.linalg.svd(z[:, None, None] * np.eye(n) - J, compute_uv=False)[:, -1]
    return (distance / smallest).max()


@pytest.mark.parametrize(
    ("J", "kind"),
    [
        (np.array([[-1.0, 40.0], [0.0, -2.0]]), "flow"),
        (np.array([[-0.1, 30.0, 0.0], [0.0, -0.1, 5.0], [0.0, 0.0, -0.1]]), "flow"),
        (with_spectrum([-0.1 + 1j, -0.1 - 1j, -0.5, -1.0]), "flow"),
        (np.array([[0.9, 10.0], [0.0, 0.5]]), "map"),
        (np.array([[0.5, 4.0], [0.0, 0.5]]), "map"),
        (with_spectrum([0.9, -0.9, 0.3 + 0.6j, 0.3 - 0.6j]), "map"),
        (np.zeros((2, 2)), "map"),
        (np.zeros((2, 2)), "flow"),
    ],
)
def test_the_kreiss_bound_is_a_lower_bound_and_a_near_one(J, kind):
    """Defective matrices too: the bound is what a vector does, however it was found."""
    measured = at_origin(J, kind).non_normality()
    best = max(kreiss_by_grid(J, kind), 1.0)  # its value at infinity
    assert measured.kreiss_bound[0] <= best * 1.01 + 1e-9
    assert measured.kreiss_bound[0] >= 0.6 * best
    from scipy.linalg import expm

    powers = (
        [np.linalg.matrix_power(J, k) for k in range(300)]
        if kind == "map"
        else [expm(J * t) for t in np.linspace(0, 40, 400)]
    )
    growth = max(np.linalg.norm(power, 2) for power in powers)
    assert growth * (1 + 1e-12) >= measured.kreiss_bound[0]


def test_an_unstable_point_grows_without_bound_and_an_unknown_one_is_unknown():
    lin = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0], [0.01], [1.0]]))
    measured = lin.non_normality()
    assert np.isnan(measured.kreiss_bound).tolist() == [True, False, False]
    assert measured.kreiss_bound[1:].tolist() == [np.inf, 1.0]
    assert np.isnan(measured.departure).tolist() == [True, False, False]


def line_attractor():
    """J = r lᵀ + 0.3 (1 − r lᵀ): one mode that keeps (μ = 1), driven along l, seen along r."""
    rng = np.random.default_rng(3)
    r, left = rng.standard_normal(6), rng.standard_normal(6)
    r /= np.linalg.norm(r)
    r *= np.sign(r[np.abs(r).argmax()])
    left /= left @ r
    B = rng.standard_normal((6, 3))
    B[:, 1] = left
    B[:, 2] -= left * (left @ B[:, 2]) / (left @ left)
    J = 0.3 * np.eye(6) + 0.7 * np.outer(r, left)
    system = sx.DiscreteMap(lambda x, u: J @ x + B @ u, 6, 10.0, input=np.zeros(3))
    return sx.linearize(system, np.zeros((2, 6))), r, left, B


def test_the_selection_vector_of_a_line_attractor():
    lin, r, left, B = line_attractor()
    readout = np.stack([r, left, np.eye(6)[0]])
    got = lin.selection_vectors(readout=readout)
    np.testing.assert_allclose(got.directions[1, 0], r, atol=1e-12)
    np.testing.assert_allclose(got.selection[1, 0], left, atol=1e-12)
    np.testing.assert_allclose(got.input_drive[1, 0], left @ B, atol=1e-12)
    lengths = np.linalg.norm(left) * np.linalg.norm(B, axis=0)
    np.testing.assert_allclose(got.input_alignment[1, 0], np.abs(left @ B) / lengths, atol=1e-12)
    np.testing.assert_allclose(got.input_alignment[1, 0, 1:], [1, 0], atol=1e-12)
    np.testing.assert_allclose(got.readout_gain[1, 0], readout @ r, atol=1e-12)
    cosine = 1 / np.linalg.norm(left)
    np.testing.assert_allclose(got.readout_alignment[0, 0, :2], [1, cosine], atol=1e-12)
    np.testing.assert_allclose(got.selection_readout_alignment[0, 0, :2], [cosine, 1], atol=1e-12)
    np.testing.assert_allclose(got.condition, np.linalg.norm(left), rtol=1e-12)
    np.testing.assert_allclose(got.eigenvalues, 1, atol=1e-12)
    assert got.chance_alignment == pytest.approx(6**-0.5)


def test_an_input_moves_the_state_by_its_drive_for_good():
    """What is integrated after a pulse is l · b along r: the meaning of the selection vector."""
    lin, _, _, B = line_attractor()
    state = B @ np.array([1.0, -2.0, 0.5])
    for _ in range(60):
        state = np.asarray(lin.jacobians[0]) @ state
    got = lin.selection_vectors()
    kept = (got.input_drive[0, 0] @ [1.0, -2.0, 0.5]) * got.directions[0, 0]
    np.testing.assert_allclose(state, kept, atol=1e-12)


def test_selection_vectors_come_slowest_first_and_without_what_is_not_there():
    lin = at_origin(with_spectrum([0.5, -1.0, 0.98, 0.1]))
    got = lin.selection_vectors(3)
    np.testing.assert_allclose(got.eigenvalues[0], [0.98, 0.5, 0.1], atol=1e-12)
    np.testing.assert_allclose((got.selection * got.directions).sum(2), 1, atol=1e-12)
    assert got.input_drive is None
    assert got.readout_gain is None
    slow_flow = at_origin(with_spectrum([-3.0, -0.01 + 0.1j, -0.01 - 0.1j]), "flow")
    values = slow_flow.selection_vectors(2).eigenvalues[0]
    np.testing.assert_allclose(np.abs(values), np.hypot(0.01, 0.1), rtol=1e-10)


def test_an_input_without_effect_has_no_direction():
    system = sx.DiscreteMap(lambda x, u: 0.5 * x + 0 * u[0], 2, input=np.zeros(1))
    got = sx.linearize(system, np.zeros((1, 2))).selection_vectors()
    assert got.input_drive[0, 0, 0] == 0
    assert np.isnan(got.input_alignment[0, 0, 0])


@pytest.mark.parametrize("count", [0, 3, -1])
def test_impossible_numbers_of_modes_are_refused(count):
    with pytest.raises(sx.InvalidInputError, match="between 1 and 2, got"):
        at_origin(np.eye(2)).selection_vectors(count)


@pytest.mark.parametrize("shape", [(2,), (1, 3), (1, 1, 2)])
def test_a_readout_of_another_shape_is_refused(shape):
    with pytest.raises(sx.InvalidInputError, match=r"the readout must have shape \(output, 2\)"):
        at_origin(np.eye(2)).selection_vectors(readout=np.zeros(shape))
