"""The mathematics of the affinity matrices: equations (3) and (5)-(9) of the paper.

A graph is a square matrix A; A[i, j] != 0 means that service i is influenced by (calls) service j.
All sums that make a degree are row sums, also for a matrix that is not symmetric.
"""

import jax
import jax.numpy as jnp


def inverse_sqrt(degree):
    """D^-1/2 as a vector. A degree of 0 gives 0, not infinity, and passes no gradient.

    The inner `where` keeps the unused branch finite: without it, 0 * inf would put NaN into the gradient.
    """
    positive = degree > 0
    return jnp.where(positive, 1 / jnp.sqrt(jnp.where(positive, degree, 1.0)), 0.0)


def scale(A):
    """D^-1/2 A D^-1/2 with D_ii = sum_j A_ij. D depends on A, so gradients go through it."""
    s = inverse_sqrt(A.sum(axis=1))
    return s[:, None] * A * s[None, :]


def normalise(A):
    """Right-hand side of (3): D~^-1/2 A~ D~^-1/2 with A~ = A + I."""
    return scale(A + jnp.eye(A.shape[0]))


def union(graphs):
    """(3): the mean of each entry over the normalised graphs in which it is not 0; 0 where it is 0 in all."""
    normalised = jnp.stack([normalise(A) for A in graphs])
    count = (normalised != 0).sum(axis=0)
    return normalised.sum(axis=0) / jnp.maximum(count, 1)


def threshold(A, epsilon):
    """A2 of (6): ReLU(D^-1/2 A D^-1/2 - epsilon)."""
    return jax.nn.relu(scale(A) - epsilon)


def norm(A, epsilon):
    """Norm of (6): D2^-1/2 A2 D2^-1/2."""
    return scale(threshold(A, epsilon))


def generator_parameters(services, rank, hidden=4):
    """Names and shapes of the generator's parameters, in file order."""
    return {
        "m1": (services, rank),
        "m2": (services, rank),
        "lambda": (services,),
        "h.weight0": (hidden, 2),  # columns: A1, A
        "h.bias0": (hidden,),
        "h.weight1": (hidden,),
        "h.bias1": (1,),
    }


def generate(p, A, epsilon):
    """(5): the generated graph G(A), with the stages on the way to it."""
    antisymmetric = p["m1"] @ p["m2"].T - p["m2"] @ p["m1"].T
    before_a1 = antisymmetric + jnp.diag(p["lambda"])
    A1 = jax.nn.relu(before_a1)
    # h: two 1x1 convolutions over the two channels [A1, A], the same weights at every (i, j).
    channels = jnp.stack([A1, A])  # [2, N, N]
    before_hidden = jnp.einsum("kc,cij->kij", p["h.weight0"], channels) + p["h.bias0"][:, None, None]
    S = jax.nn.sigmoid(jnp.einsum("k,kij->ij", p["h.weight1"], jax.nn.relu(before_hidden)) + p["h.bias1"][0])
    mix = S * A1 + (1 - S) * A
    stages = {"a1": A1, "s": S, "mix": mix, "output": norm(mix, epsilon)}
    kinks = [before_a1, before_hidden, scale(mix) - epsilon]
    return stages, kinks


def edges(new, old, delta):
    """(8) and the right half of (7): added edges, their count C, and ReLU(C/N^2 - delta)/delta.

    The count is a step function, so it has no useful gradient and none is given here.
    """
    added = jax.nn.relu((new != 0) * 1.0 - (old != 0) * 1.0)
    count = added.sum()
    return added, count, jax.nn.relu(count / new.size - delta) / delta


def update(losses, graphs):
    """(9) without its Norm: the softmax weights of max(l) - l, and the weighted sum of the graphs."""
    weights = jax.nn.softmax(jnp.max(losses) - losses)
    return weights, jnp.einsum("k,kij->ij", weights, jnp.stack(graphs))
