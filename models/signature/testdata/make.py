"""Writes the folders of this directory: python make.py, with model-signing 1.1.1 of PyPI.

Each is a small stand-in for a model, signed by Python's package of OpenSSF model signing with a key pair
that is made here and thrown away: its public part stays.
"""

import pathlib
import shutil

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing

here = pathlib.Path(__file__).parent
for name, curve in {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}.items():
    folder = here / name
    shutil.rmtree(folder, ignore_errors=True)
    model = folder / "model"
    (model / "variables").mkdir(parents=True)
    (model / "saved_model.pb").write_bytes(b"a graph\n")
    (model / "variables" / "variables.index").write_bytes(b"an index\n")
    (model / "variables" / "variables.data-00000-of-00001").write_bytes(b"numbers\n")
    key = ec.generate_private_key(curve)
    private = folder / "private.pem"
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
    (folder / "key.pub").write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    signature = model / "model.sig"
    signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(
        hashing.Config().set_ignored_paths(paths=[signature])).sign(model, signature)
    private.unlink()
