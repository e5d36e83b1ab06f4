# tfpair with the TensorFlow runtime, without Python.
#
#   docker build -t tfpair .
#   docker run -v $PWD/pictures:/data:ro -v $PWD/runs:/runs tfpair train --data /data --out /runs/one
#
# Three build contexts stand in for the network:
#   --build-context runtime=FOLDER   an installed runtime: tfpair runtime status names it
#   --build-context modules=FOLDER   $(go env GOMODCACHE)/cache/download
#   --build-context hdf5=FOLDER      what .ci/hdf5 prints, on the Debian of BUILD_BASE

# The bases are pinned by digest. Go and a C compiler; Debian 12, where the runtime or HDF5 has
# to be downloaded.
ARG BUILD_BASE=docker.io/library/golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d
# Any glibc from 2.27 on with libstdc++.
ARG RUN_BASE=docker.io/library/debian:bookworm-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251
# cpu, or gpu: the GPU build and its CUDA packages, which nobody has tried on a GPU.
ARG VARIANT=cpu
# The one that internal/libtensorflow is pinned to; another is refused.
ARG TENSORFLOW_VERSION=2.21.0

FROM scratch AS runtime
FROM scratch AS modules
FROM scratch AS hdf5

# The runtime: the context, or else what tfpair-env downloads. /out is what it is without
# the stub, which only building needs.
FROM ${BUILD_BASE} AS tensorflow
ARG VARIANT
ARG TENSORFLOW_VERSION
ENV GOTOOLCHAIN=local TFPAIR_RUNTIME=/tensorflow
WORKDIR /src
COPY go.mod go.sum ./
COPY cli/tfpair-env cli/tfpair-env
COPY internal internal
RUN --mount=type=bind,from=runtime,target=/context \
    --mount=type=bind,from=modules,target=/modules \
    if [ -n "$(ls /modules)" ]; then export GOPROXY=file:///modules; fi && \
    if [ -e /context/MANIFEST.json ]; then \
        cp -a /context /tensorflow; \
    else \
        apt-get update && \
        apt-get install -y --no-install-recommends python3-pip binutils; \
    fi && \
    go run ./cli/tfpair-env -device "$VARIANT" >/dev/null && \
    for want in "\"version\": \"$TENSORFLOW_VERSION\"" "\"device\": \"$VARIANT\""; do \
        grep -q "$want" /tensorflow/MANIFEST.json || { echo "the runtime lacks $want"; exit 1; }; \
    done && \
    cp -al /tensorflow /out && rm -r /out/stub-*

# HDF5, which becomes part of the program: the context, or else Debian's packages.
FROM ${BUILD_BASE} AS library
COPY .ci/hdf5 .ci/hdf5-packages /
RUN --mount=type=bind,from=hdf5,target=/context \
    if [ -e /context/include/hdf5.h ]; then cp -a /context /library; else /hdf5 /library; fi

# The program, and the licences of all that is in it. It has to work before it goes on.
FROM ${BUILD_BASE} AS build
ENV GOTOOLCHAIN=local TFPAIR_RUNTIME=/tensorflow TFPAIR_HDF5=/library
WORKDIR /src
COPY . .
RUN --mount=type=bind,from=modules,target=/modules \
    --mount=type=bind,from=tensorflow,source=/tensorflow,target=/tensorflow \
    --mount=type=bind,from=library,source=/library,target=/library \
    --mount=type=cache,target=/root/.cache/go-build \
    if [ -n "$(ls /modules)" ]; then export GOPROXY=file:///modules; fi && \
    flags=$(go run ./cli/tfpair-env) && eval "$flags" && \
    go build -trimpath -ldflags '-s -w' -o /out/bin/tfpair ./cli/tfpair && \
    .ci/licences /out/share/doc/tfpair && \
    go version -m /out/bin/tfpair | grep -q 'tags=.*hdf5' && /out/bin/tfpair doctor && \
    mkdir -p /volumes/data && install -d -m 1777 /volumes/runs

FROM ${RUN_BASE}
ARG TENSORFLOW_VERSION
ARG VARIANT
ARG VERSION=devel
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tfpair" \
      org.opencontainers.image.description="learn which images belong together" \
      org.opencontainers.image.source="https://github.com/tfpair/tfpair" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      com.github.tfpair.tensorflow="$TENSORFLOW_VERSION-$VARIANT"
COPY --from=build /volumes /
COPY --from=tensorflow /out /usr/local/lib/tfpair
COPY --from=build /out /usr/local
# Temporary files go to the volume, so the root may be read-only without a tmpfs. The digest of the
# image says that the runtime is whole: a new container would sum 635 MB before its first answer.
ENV TFPAIR_RUNTIME=/usr/local/lib/tfpair TFPAIR_VERIFY=off HOME=/runs TMPDIR=/runs
WORKDIR /runs
VOLUME ["/data", "/runs"]
USER 65532:65532
# Of tfpair serve; other commands end by themselves. The builders that write OCI's format leave it out.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD tr '\0' ' ' </proc/1/cmdline | grep -q 'tfpair serve' || exit 0; exec tfpair serve --probe
ENTRYPOINT ["tfpair"]
