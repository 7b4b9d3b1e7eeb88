"""The spatiotemporal network: equations (11)-(14) of the paper, its head and its loss (4).

Axes: b sample, t step (0 is the oldest), n service, c input channel of a block, h hidden channel, o horizon step.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

LAYER_NORM_EPSILON = 1e-5
HEAD_DISCOUNT = 0.8  # what a step of the window counts in the head, relative to the one after it


@dataclass(frozen=True)
class Config:
    services: int  # N
    window: int  # T
    features: int  # C of the first block
    hidden: int  # H, even
    kernel: int  # k, odd
    horizon: int  # O
    blocks: int


def parameters(c):
    """Names and shapes of all parameters, in file order."""
    N, T, H, k = c.services, c.window, c.hidden, c.kernel
    shapes = {}
    for r in range(c.blocks):
        C = c.features if r == 0 else H
        block = {
            "attention.u1": (N,),
            "attention.u2": (C, N),
            "attention.u3": (C,),
            "attention.be": (T, T),
            "attention.ve": (T, T),
            "chebyshev.out": (3 * C, H // 2),
            "chebyshev.in": (3 * C, H // 2),
            "chebyshev.bias": (H,),
            "temporal.weight": (k, H, H),
            "temporal.bias": (H,),
            "residual.weight": (C, H),
            "norm.gain": (H,),
            "norm.shift": (H,),
        }
        shapes |= {f"blocks.{r}.{name}": shape for name, shape in block.items()}
    return shapes | {"head.weight": (T, H, c.horizon), "head.bias": (c.horizon,)}


def attention(p, X):
    """(11): E' [b, i, j], the softmax over j of Ve sigmoid(((X)^T U1) U2 (U3 X) + be)."""
    weighted = jnp.einsum("m,btmc->btc", p["attention.u1"], X)
    lhs = jnp.einsum("btc,cn->btn", weighted, p["attention.u2"])
    rhs = jnp.einsum("c,btnc->btn", p["attention.u3"], X)
    product = jnp.einsum("bin,bjn->bij", lhs, rhs) + p["attention.be"]
    E = jnp.einsum("ik,bkj->bij", p["attention.ve"], jax.nn.sigmoid(product))
    return jax.nn.softmax(E, axis=2)


def attend(weights, X):
    """(12) as the authors' code has it, E' X: X^_i = sum_j E'_ij X_j over the steps."""
    return jnp.einsum("bij,bjnc->binc", weights, X)


def chebyshev(p, A, X):
    """(13) before its ReLU, K = 3: half the filters on A (callees), half on its transpose (callers).

    The channels are gathered as [A X | T2 X | X] for A and as [X | A^T X | T2^T X] for the transpose.
    """
    T2 = 2 * A @ A - jnp.eye(A.shape[0])
    over = lambda M: jnp.einsum("nm,btmc->btnc", M, X)
    out = jnp.concatenate([over(A), over(T2), X], axis=-1) @ p["chebyshev.out"]
    into = jnp.concatenate([X, over(A.T), over(T2.T)], axis=-1) @ p["chebyshev.in"]
    return jnp.concatenate([out, into], axis=-1) + p["chebyshev.bias"]


def temporal(p, convolved, X):
    """The 1 x k convolution over the steps, zero padded, with the residual 1 x 1 on the block's input."""
    weight = p["temporal.weight"]
    kernel, window = weight.shape[0], X.shape[1]
    pad = (kernel - 1) // 2
    padded = jnp.pad(convolved, ((0, 0), (pad, pad), (0, 0), (0, 0)))
    taps = sum(padded[:, q : q + window] @ weight[q] for q in range(kernel))
    return taps + X @ p["residual.weight"] + p["temporal.bias"]


def layer_norm(p, X):
    """(14) over the channels, with the biased variance."""
    mean = X.mean(axis=-1, keepdims=True)
    variance = ((X - mean) ** 2).mean(axis=-1, keepdims=True)
    return (X - mean) / jnp.sqrt(variance + LAYER_NORM_EPSILON) * p["norm.gain"] + p["norm.shift"]


def block(p, A, X):
    """One block on X [b, t, n, c], with its stages; the last is its output [b, t, n, h]."""
    weights = attention(p, X)
    attended = attend(weights, X)
    before_convolved = chebyshev(p, A, attended)
    convolved = jax.nn.relu(before_convolved)
    residual = temporal(p, convolved, X)
    stages = {
        "attention": weights,
        "attended": attended,
        "convolved": convolved,
        "residual": residual,
        "output": layer_norm(p, jax.nn.relu(residual)),
    }
    return stages, [before_convolved, residual]


def head(p, X):
    """Y = sum_t discount^(T-1-t) X_t W_t + b: the fully connected layer over the window, for all services the same."""
    window = X.shape[1]
    discounts = HEAD_DISCOUNT ** jnp.arange(window - 1, -1, -1)
    return jnp.einsum("t,btnh,tho->bno", discounts, X, p["head.weight"]) + p["head.bias"]


def forward(c, p, A, x):
    """x [b, t, n, c] -> Y [b, n, o], with the stages of every block and the arguments of every ReLU."""
    X, stages, kinks = x, {}, []
    for r in range(c.blocks):
        prefix = f"blocks.{r}."
        own = {name.removeprefix(prefix): value for name, value in p.items() if name.startswith(prefix)}
        block_stages, block_kinks = block(own, A, X)
        X = block_stages["output"]
        stages |= {prefix + name: value for name, value in block_stages.items()}
        kinks += block_kinks
    return head(p, X), stages, kinks


def loss(output, y, quantile):
    """Pinball loss times 2, the mean over the labels that are not NaN; quantile 0.5 is the L1 loss (4)."""
    known = ~jnp.isnan(y)
    d = jnp.where(known, y, 0.0) - output
    each = 2 * jnp.maximum(quantile * d, (quantile - 1) * d)
    return jnp.where(known, each, 0.0).sum() / known.sum()
