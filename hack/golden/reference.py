#!/usr/bin/env python3
"""Reference of the network and of the affinity matrices, in float64, written from the paper's equations.

    python reference.py           writes testdata/*.json
    python reference.py --check   checks the reference against itself and against testdata/; exits 1 if it fails

Equations (3), (5)-(9) are in graph.py and (4), (11)-(14) in network.py. README.md describes the files.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.dont_write_bytecode = True

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_disable_most_optimizations", True)  # compiling takes longer than running

import jax.numpy as jnp
import numpy as np

import cases
import check
import graph
import network

TESTDATA = Path(__file__).parent / "testdata"
DIGITS = 13  # significant; what differs between processors is in the digits after


def number(v):
    """A float for the file: null for NaN, no negative zero."""
    return None if np.isnan(v) else float(f"{v:.{DIGITS}g}") + 0.0


def tensor(value, name=None):
    value = np.asarray(value, dtype=np.float64)
    head = {} if name is None else {"name": name}
    return head | {"shape": list(value.shape), "data": [number(v) for v in value.ravel()]}


def named(values):
    return [tensor(value, name) for name, value in values.items()]


def network_file(name, c, samples, quantile, seed):
    case, x, y = cases.network_case(c, samples, seed)
    order = [key for key in case if key != "affinity"]
    output, stages, kinks = jax.jit(lambda q: network.forward(c, q, q["affinity"], x))(case)
    objective = jax.jit(lambda q: network.loss(network.forward(c, q, q["affinity"], x)[0], y, quantile))
    gradient = jax.jit(jax.grad(objective))(case)
    check.network(c, case, x, y, quantile, output, objective, gradient, kinks)
    file = {
        "name": name,
        "config": asdict(c) | {"samples": samples},
        "quantile": quantile,
        "parameters": named({key: case[key] for key in order}),
        "affinity": tensor(case["affinity"]),
        "x": tensor(x),
        "y": tensor(y),
        "output": tensor(output),
        "loss": number(objective(case)),
        "gradients": {
            "parameters": named({key: gradient[key] for key in order}),
            "affinity": tensor(gradient["affinity"]),
        },
    }
    if name == "small":  # enough to find the stage that is wrong
        file["stages"] = named(stages)
    return file


def union_file():
    out = []
    for name, graphs in cases.union_cases():
        result = graph.union(graphs)
        check.union(graphs, result)
        normalised = [tensor(graph.normalise(A)) for A in graphs]
        out.append(
            {"name": name, "graphs": [tensor(A) for A in graphs], "normalised": normalised, "union": tensor(result)}
        )
    return {"cases": out}


def norm_file():
    out = []
    for name, A, epsilon, W in cases.norm_cases():
        objective = jax.jit(lambda q: jnp.sum(graph.norm(q["affinity"], epsilon) * W))
        gradient = jax.grad(objective)({"affinity": A})
        check.norm(A, epsilon, objective, gradient)
        out.append(
            {
                "name": name,
                "epsilon": epsilon,
                "affinity": tensor(A),
                "scaled": tensor(graph.scale(A)),
                "thresholded": tensor(graph.threshold(A, epsilon)),
                "norm": tensor(graph.norm(A, epsilon)),
                "weight": tensor(W),
                "objective": number(objective({"affinity": A})),
                "gradient": tensor(gradient["affinity"]),
            }
        )
    return {"cases": out}


def generator_file():
    out = []
    for name, case, epsilon, W in cases.generator_cases():
        order = [key for key in case if key != "affinity"]
        objective = jax.jit(lambda q: jnp.sum(graph.generate(q, q["affinity"], epsilon)[0]["output"] * W))
        gradient = jax.grad(objective)(case)
        stages, kinks = graph.generate(case, case["affinity"], epsilon)
        check.generator(case, epsilon, stages, objective, gradient, kinks)
        out.append(
            {
                "name": name,
                "epsilon": epsilon,
                "parameters": named({key: case[key] for key in order}),
                "affinity": tensor(case["affinity"]),
                "stages": named({key: stages[key] for key in ("a1", "s", "mix")}),
                "output": tensor(stages["output"]),
                "weight": tensor(W),
                "objective": number(objective(case)),
                "gradients": {
                    "parameters": named({key: gradient[key] for key in order}),
                    "affinity": tensor(gradient["affinity"]),
                },
            }
        )
    return {"cases": out}


def edges_file():
    out = []
    for name, old, new, delta in cases.edges_cases():
        added, count, penalty = graph.edges(new, old, delta)
        case = {"name": name, "delta": delta, "old": tensor(old), "new": tensor(new), "added": tensor(added)}
        out.append(case | {"count": int(count), "penalty": number(penalty)})
    return {"cases": out}


def update_file():
    out = []
    for name, losses, graphs, epsilon in cases.update_cases():
        weights, mixture = graph.update(jnp.array(losses), graphs)
        check.update(losses, graphs, epsilon, weights, mixture)
        out.append(
            {
                "name": name,
                "epsilon": epsilon,
                "losses": losses,
                "graphs": [tensor(A) for A in graphs],
                "weights": [number(w) for w in weights],
                "mixture": tensor(mixture),
                "norm": tensor(graph.norm(mixture, epsilon)),
            }
        )
    return {"cases": out}


def build():
    files = {f"network-{name}.json": network_file(name, *rest) for name, *rest in cases.NETWORKS}
    return files | {
        "graph-union.json": union_file(),
        "graph-norm.json": norm_file(),
        "graph-generator.json": generator_file(),
        "graph-edges.json": edges_file(),
        "graph-update.json": update_file(),
    }


def encode(value, depth=0):
    """Compact JSON with one tensor to a line, so that a difference can be read."""
    leaf = not isinstance(value, (dict, list)) or "data" in value
    if leaf or (isinstance(value, list) and not any(isinstance(v, dict) for v in value)):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, dict):
        small = not any(isinstance(v, (dict, list)) for v in value.values())
        if small:
            return json.dumps(value, separators=(",", ":"))
        opening, closing = "{", "}"
        entries = [f"{json.dumps(key)}:{encode(v, depth + 1)}" for key, v in value.items()]
    else:
        opening, closing = "[", "]"
        entries = [encode(v, depth + 1) for v in value]
    indent = "\n" + " " * (depth + 1)
    return opening + indent + ("," + indent).join(entries) + "\n" + " " * depth + closing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="check everything and write nothing")
    arguments = parser.parse_args()
    try:
        files = build()  # every case checks itself before its file is made
        if arguments.check:
            for name, fresh in files.items():
                check.same(name, json.loads((TESTDATA / name).read_text()), json.loads(encode(fresh)))
    except (check.Failure, OSError) as failure:
        sys.exit(f"golden: {failure}")
    if arguments.check:
        check.report()
        return
    TESTDATA.mkdir(exist_ok=True)
    for name, content in files.items():
        (TESTDATA / name).write_text(encode(content) + "\n")
        print(f"wrote testdata/{name}: {(TESTDATA / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
