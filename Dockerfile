# syntax=docker/dockerfile:1
# The compiler runs on the builder's own platform and cross-compiles, so no emulation is needed.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    make build GOOS=$TARGETOS GOARCH=$TARGETARCH VERSION=$VERSION OUTPUT=/deepscaler

FROM build AS build-scheduler
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH make build-scheduler SCHEDULER=/deepscaler-scheduler

# kube-scheduler with DeepScaler's plugin: docker build --target scheduler.
FROM gcr.io/distroless/static:nonroot AS scheduler
COPY --from=build-scheduler /deepscaler-scheduler /deepscaler-scheduler
USER 65532:65532
EXPOSE 10259
ENTRYPOINT ["/deepscaler-scheduler"]

# No shell, no package manager, user 65532.
FROM gcr.io/distroless/static:nonroot
COPY --from=build /deepscaler /deepscaler
USER 65532:65532
EXPOSE 6443
ENTRYPOINT ["/deepscaler"]
