"""Uses an exported model as Python's users do, and compares with what Go makes of it.

    check.py PAGE CASE

runs the Python snippets of the page, and its saved_model_cli lines, in the folder CASE. It holds
model/1, trainable/1, left.png, right.png, and Go's side: expected.json, and the pixels of pairs in left.rgb and
right.rgb. Prints a line per check; the first that fails ends it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf
from case import MODEL, OTHER_FORM, TOLERANCE, TRAINABLE, Case, close, require

COSINE = 0.999  # of embeddings of one photo, prepared by Pillow and by Go


def snippets(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", Path(page).read_text(), re.M | re.S)


def check_signatures(model, case):
    size, dim = case.expected["size"], case.expected["dim"]
    images = ([None, size, size, 3], tf.uint8)
    row = {"distance": tf.float32, "same": tf.bool, "probability": tf.float32}
    embed = ({"images": images}, {"embedding": ([None, dim], tf.float32)})
    compare = (
        {"left": images, "right": images},
        {name: ([None], row[name]) for name in case.scores},
    )
    want = {"serving_default": embed, "serve": embed, "compare": compare}
    require(set(model.signatures) == set(want), f"signatures are {list(model.signatures)}")
    for name, (inputs, outputs) in want.items():
        signature = model.signatures[name]
        for kind, specs, wanted in (
            ("inputs", signature.structured_input_signature[1], inputs),
            ("outputs", signature.structured_outputs, outputs),
        ):
            got = {key: (t.shape.as_list(), t.dtype) for key, t in specs.items()}
            require(got == wanted, f"{name}: {kind} are {got}, want {wanted}")
    print("signatures: names, keys, shapes and types are right")


def check_answers(model, case):
    embed, compare = model.signatures["serving_default"], model.signatures["compare"]
    for side in ("left", "right"):
        pixels = tf.constant(getattr(case, side))
        close(embed(images=pixels)["embedding"], case.column(side), f"serving_default, {side}")
    answer = compare(left=tf.constant(case.left), right=tf.constant(case.right))
    case.compare({key: value.numpy() for key, value in answer.items()}, "compare")


def check_layer(case):
    for folder, tolerance, want in (
        (MODEL, TOLERANCE, 0),
        (TRAINABLE, OTHER_FORM, len(case.expected["trainable"])),
    ):
        layer = keras.layers.TFSMLayer(folder)  # its default endpoint is "serve"
        got = layer(case.left)["embedding"]
        close(got, case.column("left"), f"TFSMLayer, {folder}", tolerance)
        weights = len(layer.trainable_weights)
        require(weights == want, f"TFSMLayer, {folder}: {weights} trainable weights, want {want}")


def check_folded(model):
    """A folded model is constants: no variable, no saver, no files of them."""
    require(not model.variables, f"the folded model has variables {model.variables}")
    require(not Path(MODEL, "variables").exists(), "the folded model has files of variables")
    print("folded: no variables")


def check_variables(model, case):
    got = {v.name.removesuffix(":0"): v.shape.as_list() for v in model.variables}
    want = case.expected["variables"]
    require(got == want, f"variables are {got}, want {want}")
    got = sorted(v.name.removesuffix(":0") for v in model.variables if v.trainable)
    want = case.expected["trainable"]
    require(got == want, f"trainable variables are {got}, want {want}")
    print(f"variables: {len(model.variables)} are visible, {len(want)} of them trainable")


def check_training(case):
    """One step of gradient descent changes every weight of the tower and lowers the loss."""
    model = tf.saved_model.load(TRAINABLE)
    compare = model.signatures["compare"]
    weights = [v for v in model.variables if v.trainable]
    before = [v.numpy() for v in weights]

    def loss():
        answer = compare(left=tf.constant(case.left), right=tf.constant(case.right))
        return tf.reduce_mean(tf.square(answer["distance"]))

    with tf.GradientTape() as tape:
        first = loss()
    gradients = tape.gradient(first, weights)
    norm = tf.linalg.global_norm([g for g in gradients if g is not None])
    for v, g in zip(weights, gradients):
        if g is not None:
            v.assign_sub(1e-3 * g / norm)
    kernels = [
        (v.name, b, v.numpy()) for v, b in zip(weights, before) if v.name.startswith("backbone/")
    ]
    for name, old, new in kernels:
        if name.endswith("/kernel:0"):  # the last bias cancels in a distance
            require(not np.array_equal(old, new), f"a step of training leaves {name} as it was")
    second = loss()
    require(second < first, f"a step of training takes the loss from {first:.6g} to {second:.6g}")
    print(f"training: one step takes the loss from {first:.6g} to {second:.6g}")


EMPTY = """
import tensorflow as tf
embed = tf.saved_model.load("model/1").signatures["serving_default"]
size = embed.structured_input_signature[1]["images"].shape[1]
try:
    print(embed(images=tf.zeros((0, size, size, 3), tf.uint8))["embedding"].shape.as_list())
except tf.errors.OpError:
    print("refused")
"""


def check_empty(case):
    """No images give no embeddings, or are refused by oneDNN alone, as the page says."""
    right = f"[0, {case.expected['dim']}]"
    for switch, allowed in (("0", {right}), ("1", {right, "refused"})):
        run = subprocess.run(
            [sys.executable, "-c", EMPTY],
            env=os.environ | {"TF_ENABLE_ONEDNN_OPTS": switch},
            capture_output=True,
            text=True,
        )
        got = run.stdout.strip()
        require(
            got in allowed,
            f"no images, oneDNN {switch}: got {got!r}, want one of {allowed}\n{run.stderr}",
        )
        print(f"no images, oneDNN {switch}: {got}")


def check_photos(model, case, prepare):
    """Photos prepared by the page's recipe have the embeddings of photos prepared by Go."""
    embed, size = model.signatures["serving_default"], case.expected["size"]
    worst = {}
    for photo in case.expected["photos"]:
        how = f"{photo['mode']}, {photo['filter']}"
        pixels = prepare(photo["file"], size, photo["mode"], photo["filter"])
        got = embed(images=tf.constant(pixels[None]))["embedding"].numpy()[0]
        want = np.array(photo["embedding"], np.float32)
        cosine = float(got @ want / np.linalg.norm(got) / np.linalg.norm(want))
        require(
            cosine >= COSINE,
            f"{photo['file']} ({how}): cosine {cosine:.6f} between Pillow and Go, want {COSINE}",
        )
        count, least = worst.get(how, (0, 1.0))
        worst[how] = (count + 1, min(least, cosine))
    for how, (count, least) in worst.items():
        print(f"recipe, {how}: {count} photos, smallest cosine {least:.6f}")


def check_cli(page, case):
    """saved_model_cli shows and runs the model, by the lines of the page."""
    np.save("left.npy", case.left)
    np.save("right.npy", case.right)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for text in snippets(page, "sh"):
        if "saved_model_cli" not in text:
            continue
        run = subprocess.run(
            ["sh", "-e", "-c", text],
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
        )
        said = run.stdout + run.stderr
        require(run.returncode == 0, f"the page's shell lines fail:\n{text}{said}")
    answer = {file.stem: np.load(file) for file in Path("answer").glob("*.npy")}
    case.compare(answer, "saved_model_cli run")


def main(page, folder):
    page = Path(page).resolve()
    os.chdir(folder)
    case, names = Case(), {}
    for text in snippets(page, "python"):
        exec(compile(text, page.name, "exec"), names)  # one after the other, as a reader would
    print(f"{page.name}: its Python runs")
    model = tf.saved_model.load(MODEL)
    check_signatures(model, case)
    check_answers(model, case)
    check_folded(model)
    check_layer(case)
    trainable = tf.saved_model.load(TRAINABLE)
    check_signatures(trainable, case)
    close(
        trainable.signatures["serving_default"](images=tf.constant(case.left))["embedding"],
        case.column("left"),
        "serving_default, trainable",
        OTHER_FORM,
    )
    check_variables(trainable, case)
    check_training(case)
    check_empty(case)
    check_photos(model, case, names["prepare"])
    if case.expected["cli"]:
        check_cli(page, case)


if __name__ == "__main__":
    main(*sys.argv[1:])
