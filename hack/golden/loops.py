"""The forward passes once more, index by index on Python floats, to catch a wrong axis in the array code.

Nothing here uses the array code or is fast; only the self-check reads it.
"""

from math import exp, sqrt


def relu(v):
    return v if v > 0 else 0.0


def sigmoid(v):
    return 1 / (1 + exp(-v))


def softmax(row):
    top = max(row)
    e = [exp(v - top) for v in row]
    return [v / sum(e) for v in e]


def scale(A):
    d = [sum(row) for row in A]
    f = [1 / sqrt(v) if v > 0 else 0.0 for v in d]
    return [[f[i] * A[i][j] * f[j] for j in range(len(A))] for i in range(len(A))]


def norm(A, epsilon):
    return scale([[relu(v - epsilon) for v in row] for row in scale(A)])


def union(graphs):
    n = len(graphs[0])
    scaled = [scale([[A[i][j] + (i == j) for j in range(n)] for i in range(n)]) for A in graphs]
    cell = lambda i, j: [A[i][j] for A in scaled if A[i][j] != 0]
    return [[sum(cell(i, j)) / len(cell(i, j)) if cell(i, j) else 0.0 for j in range(n)] for i in range(n)]


def update(losses, graphs):
    weights = softmax([max(losses) - v for v in losses])
    n = len(graphs[0])
    return [[sum(w * A[i][j] for w, A in zip(weights, graphs)) for j in range(n)] for i in range(n)]


def generate(p, A, epsilon):
    n = len(A)
    dot = lambda a, b: sum(u * v for u, v in zip(a, b))
    mix = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            a1 = dot(p["m1"][i], p["m2"][j]) - dot(p["m2"][i], p["m1"][j])
            a1 = relu(a1 + (p["lambda"][i] if i == j else 0.0))
            h = p["h.bias1"][0]
            for k, (w_a1, w_a) in enumerate(p["h.weight0"]):
                h += p["h.weight1"][k] * relu(w_a1 * a1 + w_a * A[i][j] + p["h.bias0"][k])
            s = sigmoid(h)
            mix[i][j] = s * a1 + (1 - s) * A[i][j]
    return norm(mix, epsilon)


def block(w, A, X, kernel):
    """One block on one sample X[t][n][c]; w(name) gives a parameter as nested lists."""
    T, N, C, H = len(X), len(X[0]), len(X[0][0]), len(w("norm.gain"))
    steps, services, channels, hidden = range(T), range(N), range(C), range(H)

    u1, u2, u3, be, ve = (w(f"attention.{name}") for name in ("u1", "u2", "u3", "be", "ve"))
    lhs = [
        [sum(sum(u1[m] * X[t][m][c] for m in services) * u2[c][n] for c in channels) for n in services] for t in steps
    ]
    rhs = [[sum(u3[c] * X[t][n][c] for c in channels) for n in services] for t in steps]
    P = [[sum(lhs[i][n] * rhs[j][n] for n in services) + be[i][j] for j in steps] for i in steps]
    E = [softmax([sum(ve[i][l] * sigmoid(P[l][j]) for l in steps) for j in steps]) for i in steps]
    Xh = [[[sum(E[i][j] * X[j][n][c] for j in steps) for c in channels] for n in services] for i in steps]

    T2 = [[2 * sum(A[i][l] * A[l][j] for l in services) - (i == j) for j in services] for i in services]
    half, out, into, bias = H // 2, w("chebyshev.out"), w("chebyshev.in"), w("chebyshev.bias")
    Hc = [[[0.0] * H for _ in services] for _ in steps]
    for t in steps:
        for n in services:
            at = lambda M, c: sum(M[n][m] * Xh[t][m][c] for m in services)
            back = lambda M, c: sum(M[m][n] * Xh[t][m][c] for m in services)
            rows_out = [at(A, c) for c in channels] + [at(T2, c) for c in channels] + Xh[t][n]
            rows_in = Xh[t][n] + [back(A, c) for c in channels] + [back(T2, c) for c in channels]
            for f in range(half):
                Hc[t][n][f] = relu(sum(rows_out[i] * out[i][f] for i in range(3 * C)) + bias[f])
                Hc[t][n][half + f] = relu(sum(rows_in[i] * into[i][f] for i in range(3 * C)) + bias[half + f])

    taps, tbias, residual = w("temporal.weight"), w("temporal.bias"), w("residual.weight")
    gain, shift, pad = w("norm.gain"), w("norm.shift"), (kernel - 1) // 2
    result = [[[0.0] * H for _ in services] for _ in steps]
    for t in steps:
        for n in services:
            R = []
            for h in hidden:
                r = tbias[h] + sum(X[t][n][c] * residual[c][h] for c in channels)
                for q in range(kernel):
                    if 0 <= t + q - pad < T:
                        r += sum(Hc[t + q - pad][n][g] * taps[q][g][h] for g in hidden)
                R.append(relu(r))
            mean = sum(R) / H
            variance = sum((v - mean) ** 2 for v in R) / H
            for h in hidden:
                result[t][n][h] = (R[h] - mean) / sqrt(variance + 1e-5) * gain[h] + shift[h]
    return result


def forward(c, p, A, sample):
    """Y[n][o] of one sample x[t][n][c]; p holds nested lists."""
    X = sample
    for r in range(c.blocks):
        X = block(lambda name: p[f"blocks.{r}.{name}"], A, X, c.kernel)
    head, bias, age = p["head.weight"], p["head.bias"], lambda t: c.window - 1 - t
    step = lambda t, n, o: sum(X[t][n][h] * head[t][h][o] for h in range(c.hidden))
    total = lambda n, o: sum(0.8 ** age(t) * step(t, n, o) for t in range(c.window))
    return [[bias[o] + total(n, o) for o in range(c.horizon)] for n in range(c.services)]


def loss(output, y, quantile):
    """Both flat; a NaN label is skipped."""
    known = [(v - u) for u, v in zip(output, y) if v == v]
    return sum(2 * max(quantile * d, (quantile - 1) * d) for d in known) / len(known)
