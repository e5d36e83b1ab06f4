"""Writes hdf5/*.h5 beside this script: storage that Keras could write, and what nobody should believe.

    pip install -r bench/requirements-proof-keras.txt
    python models/weights/testdata/write_hdf5.py

Each file has the dataset a/b of 24 float32, 0 to 23, or what its name says in place of it.
"""

import os
import sys

import h5py
import numpy as np

DATA = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def latest(f):
    f.create_dataset("a/b", data=DATA, chunks=(1, 3, 4))


def types(f):
    """Of every type that weights have, and two that are left out."""
    for name in ("<f2", ">f4", "<f8"):
        f.create_dataset("a/" + name, data=DATA.astype(name))
    f.create_dataset("a/scalar", data=np.float32(7))
    f.create_dataset("a/none", data=np.zeros((0, 3), np.float32))
    f.create_dataset("a/seed", data=np.arange(2, dtype=np.uint32))
    f.create_dataset("a/text", data="no number")


def compressed(f):
    f.create_dataset("a/b", data=DATA, chunks=(1, 2, 3), compression="gzip", shuffle=True, fletcher32=True)


def unwritten(f):
    f.create_dataset("a/b", shape=DATA.shape, dtype="<f4")


def partial(f):
    f.create_dataset("a/b", shape=DATA.shape, dtype="<f4", chunks=(1, 3, 4))[0] = DATA[0]


def huge(f):
    f.create_dataset("a/b", shape=(1 << 40,), dtype="<f4", chunks=(1 << 10,))


def wide(f):
    f.create_dataset("a/b", shape=(4,), maxshape=(None,), dtype="<f4", chunks=(1 << 28,), compression="gzip")


def external(f):
    f.create_dataset("a/b", shape=DATA.shape, dtype="<f4", external=[("/etc/passwd", 0, DATA.nbytes)])


def virtual(f):
    layout = h5py.VirtualLayout(shape=DATA.shape, dtype="<f4")
    layout[:] = h5py.VirtualSource("latest.h5", "a/b", shape=DATA.shape)
    f.create_virtual_dataset("a/b", layout)


def links(f):
    """Of which the soft and the external one are not followed."""
    f.create_dataset("a/b", data=DATA)
    f["soft"] = h5py.SoftLink("/a")
    f["out"] = h5py.ExternalLink("latest.h5", "/a")


def cycle(f):
    a = f.create_group("a")
    a["a"] = a


def opaque(f):
    f.create_dataset("a/b", data=DATA.reshape(-1).view("V4")).attrs["dtype"] = "float8_e4m3fn"


def null(f):
    f.create_dataset("a/b", data=h5py.Empty("f4"))


def integers(f):
    f.create_dataset("a/b", data=DATA.astype(np.int32))


def attribute(f):
    """A name that is no text is none."""
    f.create_dataset("layers/conv2d/vars/0", data=DATA)
    f["layers/conv2d/vars"].attrs["name"] = np.arange(1000)


def main(folder):
    os.makedirs(os.path.join(folder, "hdf5"), exist_ok=True)
    os.chdir(os.path.join(folder, "hdf5"))
    for make in (latest, types, compressed, unwritten, partial, huge, wide, external, virtual, links, cycle, opaque,
                 null, integers, attribute):
        with h5py.File(make.__name__ + ".h5", "w", libver="latest" if make is latest else "earliest") as f:
            make(f)


if __name__ == "__main__":
    main(os.path.dirname(os.path.abspath(sys.argv[0])))
