"""The reference checks itself: gradients by central differences, forward passes by loops.py, inputs away from kinks."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import graph
import loops
from network import loss as array_loss

STEP = 1e-6
GRADIENT_TOLERANCE = 1e-7  # relative to max(1, |gradient|)
FORWARD_TOLERANCE = 1e-12  # the same, against the loops
FILE_TOLERANCE = 1e-10  # the same, file against a fresh run
MARGIN = 1e-4  # least distance of an argument from a kink


class Failure(Exception):
    pass


@dataclass
class Seen:
    gradients: int = 0
    gradient_error: float = 0.0
    forward_error: float = 0.0
    file_error: float = 0.0
    margin: float = float("inf")


seen = Seen()


def error(got, want):
    """Largest |got - want| / max(1, |want|); NaN is equal to NaN only."""
    got, want = np.asarray(got, dtype=np.float64).ravel(), np.asarray(want, dtype=np.float64).ravel()
    if got.shape != want.shape or not np.array_equal(np.isnan(got), np.isnan(want)):
        return float("inf")
    e = np.abs(got - want) / np.maximum(1, np.abs(want))
    return float(np.nanmax(e, initial=0.0))


def gradients(what, f, at, analytic, skip=()):
    """Central differences of f in every entry of the named tensors `at`, except the entries skip of "affinity"."""
    flat, unravel = ravel_pytree(at)

    def differences(flat):
        def one(i):
            move = lambda by: f(unravel(flat.at[i].add(by)))
            return (move(STEP) - move(-STEP)) / (2 * STEP)

        return jax.lax.map(one, jnp.arange(flat.size), batch_size=64)

    numeric = unravel(jax.jit(differences)(flat))
    for name in at:
        for index in np.ndindex(at[name].shape):
            if name == "affinity" and index in skip:
                continue
            got, want = float(analytic[name][index]), float(numeric[name][index])
            e = error(got, want)
            if not e <= GRADIENT_TOLERANCE:
                raise Failure(f"{what}: {name}{list(index)} has gradient {got}, central difference {want}")
            seen.gradients += 1
            seen.gradient_error = max(seen.gradient_error, e)


def alive(what, analytic):
    """No tensor's gradient is 0 throughout: such a case would not notice that it is missing."""
    for name, value in analytic.items():
        if not np.any(np.asarray(value)):
            raise Failure(f"{what}: the gradient of {name} is 0 everywhere; choose another seed")


def forward(what, got, want):
    e = error(got, want)
    if e > FORWARD_TOLERANCE:
        raise Failure(f"{what}: arrays and loops differ by {e}")
    seen.forward_error = max(seen.forward_error, e)


def margin(what, kinks):
    least = min(float(np.abs(np.asarray(k)).min()) for k in kinks)
    if least < MARGIN:
        raise Failure(f"{what}: an argument is {least} from its kink; choose another seed")
    seen.margin = min(seen.margin, least)


def lists(p):
    return {name: np.asarray(value).tolist() for name, value in p.items()}


def network(c, case, x, y, quantile, output, objective, analytic, kinks):
    p = lists(case)
    looped = [loops.forward(c, p, p["affinity"], sample.tolist()) for sample in x]
    forward("network", output, looped)
    forward("loss", objective(case), loops.loss(np.ravel(looped).tolist(), y.ravel().tolist(), quantile))

    d = (y - np.asarray(output))[~np.isnan(y)]
    forward("quantile 0.5 is L1", array_loss(output, y, 0.5), np.mean(np.abs(d)))
    if not (d > 0).any() or not (d < 0).any():
        raise Failure("network: both sides of the pinball loss must occur; choose another seed")
    margin("network", kinks + [d])
    alive("network", analytic)
    gradients("network", objective, case, analytic)


def union(graphs, result):
    forward("union", result, loops.union([A.tolist() for A in graphs]))


def jumps(A):
    """Entries of empty rows. However weak, a first edge there lifts D^-1/2 from 0 towards infinity, and with it
    the column and the diagonal of that service: no difference exists, and the gradient is 0 by convention."""
    return {(i, j) for i in range(len(A)) if not np.asarray(A)[i].any() for j in range(len(A))}


def thresholds(A, epsilon):
    return graph.scale(A) - epsilon


def norm(A, epsilon, objective, analytic):
    forward("norm", graph.norm(A, epsilon), loops.norm(A.tolist(), epsilon))
    margin("norm", [thresholds(A, epsilon)])
    gradients("norm", objective, {"affinity": A}, analytic, jumps(A))


def generator(case, epsilon, stages, objective, analytic, kinks):
    p = lists(case)
    forward("generator", stages["output"], loops.generate(p, p["affinity"], epsilon))
    output = np.asarray(stages["output"])
    off_diagonal = output[~np.eye(len(output), dtype=bool)]
    if not (off_diagonal > 0).any() or not (off_diagonal == 0).any():
        raise Failure("generator: edges must both survive and fall under the threshold; choose another seed")
    margin("generator", kinks)
    alive("generator", analytic | {f"hidden unit {k} of h": row for k, row in enumerate(analytic["h.weight0"])})
    gradients("generator", objective, case, analytic, jumps(stages["mix"]))


def update(losses, graphs, epsilon, weights, mixture):
    forward("softmax", weights, loops.softmax([max(losses) - v for v in losses]))
    forward("mixture", mixture, loops.update(losses, [A.tolist() for A in graphs]))
    margin("update", [thresholds(mixture, epsilon)])


def same(name, stored, fresh, path=""):
    """The stored file holds what a fresh run gives: same structure, same texts, numbers within the tolerance."""
    if isinstance(fresh, dict) and isinstance(stored, dict) and list(fresh) == list(stored):
        for key in fresh:
            same(name, stored[key], fresh[key], f"{path}.{key}")
    elif isinstance(fresh, list) and isinstance(stored, list) and len(fresh) == len(stored):
        for i, (a, b) in enumerate(zip(stored, fresh)):
            same(name, a, b, f"{path}[{i}]")
    elif isinstance(fresh, (int, float)) and isinstance(stored, (int, float)):
        e = error(stored, fresh)
        if e > FILE_TOLERANCE:
            raise Failure(f"testdata/{name}: {path} is {stored}, a fresh run gives {fresh}")
        seen.file_error = max(seen.file_error, e)
    elif fresh != stored or type(fresh) is not type(stored):
        raise Failure(f"testdata/{name}: {path} differs from a fresh run; remake the files")


def report():
    print(f"gradients: {seen.gradients} entries against central differences, largest error {seen.gradient_error:.1e}")
    print(f"forward: arrays against loops, largest error {seen.forward_error:.1e}")
    print(f"margin: nothing nearer than {seen.margin:.1e} to a kink")
    print(f"files: testdata against a fresh run, largest error {seen.file_error:.1e}")
