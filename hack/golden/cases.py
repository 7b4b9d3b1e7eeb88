"""The inputs of every golden case, drawn from fixed seeds.

Inputs are multiples of 1/1024, so float32 and float64 hold them exactly and the files stay short. They come from
random.Random.random, whose stream Python guarantees across versions. Seeds are chosen so that no ReLU, threshold
or pinball argument lies near its kink; the self-check asserts it.
"""

import random

import numpy as np

import graph
import network

GRID = 1024


def uniform(rng, shape, low, high):
    count = int(np.prod(shape))
    draws = [round((low + (high - low) * rng.random()) * GRID) / GRID for _ in range(count)]
    return np.array(draws, dtype=np.float64).reshape(shape)


def on_grid(A):
    return np.round(np.asarray(A) * GRID) / GRID


def sparse(rng, services, density):
    """A weighted, directed graph without self-loops."""
    A = uniform(rng, (services, services), 0.25, 2.0)
    keep = np.array([rng.random() < density for _ in range(A.size)]).reshape(A.shape)
    return A * keep * (1 - np.eye(services))


# name, configuration, samples, quantile, seed
NETWORKS = [
    ("small", network.Config(services=3, window=4, features=2, hidden=4, kernel=3, horizon=1, blocks=1), 2, 0.5, 14),
    ("medium", network.Config(services=5, window=6, features=3, hidden=6, kernel=3, horizon=2, blocks=2), 1, 0.9, 5),
    ("large", network.Config(services=7, window=12, features=5, hidden=8, kernel=5, horizon=3, blocks=2), 3, 0.7, 28),
]


def network_parameters(rng, c):
    """Weights spread so that the variance of a layer's output stays near 1; gains around 1."""
    p = {}
    for name, shape in network.parameters(c).items():
        kind = name.split(".", 2)[2] if name.startswith("blocks.") else name
        fan_in = {
            "attention.u1": c.services,
            "attention.u2": shape[0],
            "attention.u3": shape[0],
            "chebyshev.out": shape[0],
            "chebyshev.in": shape[0],
            "residual.weight": shape[0],
            "temporal.weight": c.kernel * c.hidden,
            "head.weight": c.window * c.hidden,
        }.get(kind, 3)
        spread = (3 / fan_in) ** 0.5
        low, high = (0.5, 1.5) if kind == "norm.gain" else (-spread, spread)
        p[name] = uniform(rng, shape, low, high)
    return p


def network_case(c, samples, seed):
    """The parameters and "affinity" by name, the inputs x and the labels y."""
    rng = random.Random(seed)
    p = network_parameters(rng, c)
    A = graph.norm(graph.union([sparse(rng, c.services, 0.4)]), 0.05)
    x = uniform(rng, (samples, c.window, c.services, c.features), -1.5, 1.5)
    y = uniform(rng, (samples, c.services, c.horizon), -2.0, 2.0)
    y[0, 1, 0] = y[0, -1, -1] = np.nan
    if samples > 2:
        y[-1] = np.nan  # a sample without any label
    return p | {"affinity": on_grid(A)}, x, y


def matrix(text):
    return np.array([[float(v) for v in row.split()] for row in text.strip().split(";")])


def union_cases():
    rng = random.Random(3)
    return [
        ("one graph", [sparse(rng, 3, 0.6)]),
        ("an edge in only one of two graphs", [matrix("0 1 0; 0 0 0; 0 0 0"), matrix("0 1 0; 0 0 1; 0 0 0")]),
        ("no edges", [np.zeros((3, 3)), np.zeros((3, 3))]),
        ("three weighted graphs", [sparse(rng, 5, 0.4) for _ in range(3)]),
    ]


def norm_cases():
    rng = random.Random(4)
    isolated = sparse(rng, 5, 0.5) + np.eye(5)
    isolated[2, :] = 0  # depends on nobody, others depend on it
    unused = sparse(rng, 4, 0.6) + np.eye(4)
    unused[:, 1] = 0
    unused[1, :] = 0
    weak = matrix("4 2 1 0; 0 4 0 2; 0.0625 0.03125 0 0.03125; 1 0 2 4")  # row 2
    cases = [
        ("dense", uniform(rng, (4, 4), 0.25, 1.0), 0.05),
        ("sparse", sparse(rng, 6, 0.4) + np.eye(6), 0.1),
        ("a service without outgoing edges", isolated, 0.05),
        ("a service without any edge", unused, 0.05),
        ("a row entirely under the threshold", weak, 0.3),
        ("no edges", np.zeros((3, 3)), 0.05),
    ]
    return [(name, A, epsilon, uniform(rng, A.shape, -1, 1)) for name, A, epsilon in cases]


def generator_cases():
    cases = []
    for name, services, rank, epsilon, density, seed in [
        ("small", 3, 2, 0.05, 0.6, 36),
        ("sparse", 6, 3, 0.1, 0.3, 2),
        ("a service that ends without edges", 5, 3, 0.05, 0.5, 17),
    ]:
        rng = random.Random(seed)
        p = {key: uniform(rng, shape, -1, 1) for key, shape in graph.generator_parameters(services, rank).items()}
        A = on_grid(graph.union([sparse(rng, services, density)]))
        if name == "a service that ends without edges":
            # Row 0 of M1 M2^T - M2 M1^T + Diag(Lambda) is negative throughout, and row 0 of A is empty.
            p["m1"][0], p["m2"][0], p["lambda"][0] = [0, 0, -1], 0, -0.5
            p["m2"][1:, -1] = np.abs(p["m2"][1:, -1]) + 1 / 8
            A[0] = 0
        cases.append((name, p | {"affinity": A}, epsilon, uniform(rng, A.shape, -1, 1)))
    return cases


def edges_cases():
    old = matrix("1 0.5 0 0; 0 1 0 0; 0 0.25 1 0; 0 0 0 0")
    return [
        ("added beyond delta, one removed", old, matrix("0.5 0 0.5 0.25; 0.5 1 0 0; 0 0.25 1 0; 0 0 0 0.5"), 0.125),
        ("added within delta", old, matrix("1 0.5 0 0; 0 1 0.25 0; 0 0.25 1 0; 0 0 0 0"), 0.125),
        ("only removed", old, np.eye(4), 0.125),
        ("every edge new", np.zeros((3, 3)), np.ones((3, 3)), 0.25),
    ]


def update_cases():
    rng = random.Random(5)
    graphs = [on_grid(graph.normalise(sparse(rng, 4, 0.5))) for _ in range(3)]
    return [
        ("one graph", [0.75], graphs[:1], 0.05),
        ("equal losses", [0.5, 0.5, 0.5], graphs, 0.05),
        ("different losses", [0.25, 1.5, 0.75], graphs, 0.1),
        ("one graph far worse", [0.25, 900.0, 0.5], graphs, 0.05),
    ]
