"""Writes honest SavedModels of many kinds, one a folder: python honest.py OUT

They come from Keras 3, from tf.function, from TensorFlow 1's writers and from frozen graphs. The gate
must let each through. TensorFlow 2.21.0, Keras 3.15.1, as bench/requirements-keras.txt pins them.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf

v1 = tf.compat.v1
L = keras.layers
kinds = {}


def kind(f):
    kinds[f.__name__] = f
    return f


def exported(*layers, shape=(16, 16, 3), dtype="float32"):
    def write(out):
        keras.Sequential([keras.Input(shape, dtype=dtype), *layers]).export(out, verbose=False)
    return write


for name, write in {
    "sequential": exported(L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(), L.Flatten(), L.Dense(3)),
    "batch_norm": exported(L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(), L.GlobalAveragePooling2D()),
    "dropout": exported(L.Dropout(0.5), L.GaussianNoise(0.1), L.SpatialDropout2D(0.2), L.Flatten(), L.Dense(3)),
    "depthwise": exported(L.DepthwiseConv2D(3), L.SeparableConv2D(4, 3, padding="same"), L.Flatten()),
    "transpose": exported(L.Conv2DTranspose(4, 3, strides=2), L.UpSampling2D(), L.Flatten(), L.Dense(3)),
    "recurrent": exported(L.Reshape((16, 48)), L.LSTM(4, return_sequences=True), L.GRU(4), L.Dense(3)),
    "bidirectional": exported(L.Reshape((16, 48)), L.Bidirectional(L.LSTM(4)), L.Dense(3)),
    "embedding": exported(L.Embedding(100, 8), L.GlobalAveragePooling1D(), L.Dense(3), shape=(10,), dtype="int32"),
    "attention": exported(L.Reshape((16, 48)), L.LayerNormalization(), L.Dense(8, activation="gelu"), L.UnitNormalization()),
    "preprocessing": exported(L.Resizing(8, 8), L.Rescaling(1 / 255), L.CenterCrop(6, 6), L.Flatten(), L.Dense(3)),
    "augmenting": exported(L.RandomFlip(), L.RandomRotation(0.1), L.RandomZoom(0.1), L.RandomContrast(0.2), L.Flatten(), L.Dense(3)),
    "normalization": exported(L.Normalization(mean=0.5, variance=0.2), L.GroupNormalization(3), L.Flatten(), L.Dense(3)),
    "hashing": exported(L.Hashing(10), L.CategoryEncoding(10, output_mode="count"), shape=(4,), dtype="string"),
    "string_lookup": exported(L.StringLookup(vocabulary=["a", "b", "c"]), L.Embedding(5, 3), shape=(4,), dtype="string"),
    "mixed_precision": exported(L.Conv2D(4, 3, dtype="mixed_float16"), L.Flatten(dtype="mixed_float16"), L.Dense(3, dtype="float32")),
    "bfloat16": exported(L.Conv2D(4, 3, dtype="mixed_bfloat16"), L.Flatten(), L.Dense(3, dtype="float32")),
}.items():
    kinds[name] = write


@kind
def functional(out):
    x = keras.Input((16, 16, 3))
    a = L.Conv2D(4, 3, padding="same")(x)
    b = L.Conv2D(4, 1)(x)
    y = L.Dense(3)(L.Flatten()(L.Add()([a, b])))
    keras.Model(x, [y, L.Softmax()(y)]).export(out, verbose=False)


@kind
def text_vectorization(out):
    layer = L.TextVectorization(max_tokens=20, output_sequence_length=4)
    layer.adapt(["one photo of a cup", "two photos of cats"])
    keras.Sequential([keras.Input((1,), dtype="string"), layer, L.Embedding(20, 3)]).export(out, verbose=False)


@kind
def mobilenet(out):
    keras.applications.MobileNetV2(input_shape=(32, 32, 3), weights=None, alpha=0.35, include_top=False,
                                   pooling="avg").export(out, verbose=False)


@kind
def resnet(out):
    keras.applications.ResNet50(input_shape=(32, 32, 3), weights=None, include_top=False, pooling="avg").export(out, verbose=False)


def module(out, body, *specs):
    m = tf.Module()
    m.v = tf.Variable(tf.ones([48, 3]))
    m.f = tf.function(lambda *a: body(m, *a), input_signature=list(specs))
    tf.saved_model.save(m, out, signatures={"serving_default": m.f})


floats = tf.TensorSpec([None, 48], tf.float32, name="x")


@kind
def branches(out):
    def body(m, x):
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: x @ m.v, lambda: x @ -m.v)
        i = tf.cast(tf.reduce_sum(x), tf.int32)
        return {"y": tf.switch_case(i, [lambda: y, lambda: y * 2, lambda: y * 3])}
    module(out, body, floats)


@kind
def loops(out):
    def body(m, x):
        y = x @ m.v
        for _ in tf.range(3):
            y = tf.sin(y)
        while tf.reduce_sum(y) > 1:
            y = y / 2
        return {"y": y, "each": tf.map_fn(lambda r: r * 2, y)}
    module(out, body, floats)


@kind
def jpeg(out):
    def body(m, files):
        def one(f):
            image = tf.image.resize(tf.io.decode_image(f, channels=3, expand_animations=False), [4, 4])
            return tf.reshape(image, [48])
        return {"y": tf.map_fn(one, files, fn_output_signature=tf.TensorSpec([48], tf.float32)) @ m.v}
    module(out, body, tf.TensorSpec([None], tf.string, name="files"))


@kind
def prints_and_asserts(out):
    def body(m, x):
        tf.debugging.assert_non_negative(x)
        tf.print("rows", tf.shape(x)[0])
        return {"y": tf.debugging.check_numerics(x @ m.v, "y")}
    module(out, body, floats)


@kind
def jit(out):
    m = tf.Module()
    m.v = tf.Variable(tf.ones([48, 3]))
    m.f = tf.function(lambda x: {"y": x @ m.v}, input_signature=[floats], jit_compile=True)
    tf.saved_model.save(m, out, signatures={"serving_default": m.f})


@kind
def ragged_and_sparse(out):
    def body(m, x):
        r = tf.RaggedTensor.from_tensor(x, padding=0.0)
        s = tf.sparse.from_dense(x)
        return {"y": tf.sparse.sparse_dense_matmul(s, m.v), "n": tf.cast(r.row_lengths(), tf.float32)}
    module(out, body, floats)


@kind
def gradients(out):
    def body(m, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.softmax(x @ m.v)
        return {"y": y, "g": tape.gradient(y, x)}
    module(out, body, floats)


@kind
def asset_table(out):
    path = out + ".words"
    with open(path, "w") as f:
        f.write("cup\ncat\n")
    m = tf.Module()
    m.table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
        path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1)
    m.f = tf.function(lambda w: {"y": m.table.lookup(w)}, input_signature=[tf.TensorSpec([None], tf.string, name="w")])
    tf.saved_model.save(m, out, signatures={"serving_default": m.f})
    os.remove(path)


@kind
def quantised(out):
    def body(m, x):
        return {"y": tf.quantization.fake_quant_with_min_max_args(x @ m.v), "q": tf.quantization.quantize_and_dequantize_v2(x, -1.0, 1.0)}
    module(out, body, floats)


@kind
def random(out):
    g = tf.random.Generator.from_seed(1)
    m = tf.Module()
    m.g = g
    m.f = tf.function(lambda x: {"y": x + g.normal(tf.shape(x)) + tf.random.uniform(tf.shape(x))}, input_signature=[floats])
    tf.saved_model.save(m, out, signatures={"serving_default": m.f})


def session(out, build, tables=False):
    with tf.Graph().as_default(), v1.Session() as s:
        x = v1.placeholder(tf.float32, [None, 48], name="x")
        y = build(x)
        s.run([v1.global_variables_initializer(), v1.tables_initializer()])
        v1.saved_model.simple_save(s, out, {"x": x}, {"y": y}, legacy_init_op=v1.tables_initializer() if tables else None)


@kind
def tf1_simple_save(out):
    session(out, lambda x: x @ v1.get_variable("w", [48, 3], use_resource=False))


@kind
def tf1_while(out):
    session(out, lambda x: tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * 2), [0, x @ v1.get_variable("w", [48, 3])])[1])


@kind
def tf1_table(out):
    def build(x):
        path = out + ".words"
        with open(path, "w") as f:
            f.write("0\n1\n")
        table = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(
            path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 1)
        return tf.cast(table.lookup(tf.as_string(tf.cast(x, tf.int32))), tf.float32)
    session(out, build, tables=True)


@kind
def tf1_frozen(out):
    with tf.Graph().as_default(), v1.Session() as s:
        x = v1.placeholder(tf.float32, [None, 48], name="x")
        y = tf.identity(tf.nn.relu(x @ tf.constant(1.0, shape=[48, 3])), name="y")
        v1.saved_model.simple_save(s, out, {"x": x}, {"y": y})


@kind
def tf_example(out):
    def body(m, examples):
        parsed = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([48], tf.float32)})
        return {"y": parsed["x"] @ m.v}
    module(out, body, tf.TensorSpec([None], tf.string, name="examples"))


for name, write in kinds.items():
    if len(sys.argv) > 2 and name not in sys.argv[2:]:
        continue
    try:
        write(os.path.join(sys.argv[1], name))
    except Exception as e:  # a kind that this version cannot write is said, and the rest is written
        print(f"{name}: {type(e).__name__}: {str(e)[:300]}", file=sys.stderr)
print(len(kinds))
