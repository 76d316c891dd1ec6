"""Functional models as Keras writes them: JSON, order of layers and weights, table, outputs, and a few training steps."""

import json
import os

import keras
import numpy as np
from keras import ops
from keras.src.saving.serialization_lib import ObjectSharingScope

from common import Family, f32, generator, normal, plain

layers = keras.layers
STEPS = 4


def make():
    family = Family("functional", "Functional models: configuration, summary, outputs, and steps of SGD on all outputs.")
    for name, (build, losses, weights) in MODELS.items():
        keras.backend.clear_session()
        run(family, name, build(), losses, weights)
    return family


def run(family, name, model, losses, loss_weights):
    rng = generator(f"functional/{name}")
    model.set_weights([normal(rng, weight.shape, 0.5) for weight in model.get_weights()])
    # What a .keras file says: an object that is met again has a mark.
    with ObjectSharingScope():
        written = model.to_json()
    case = family.case(
        name,
        model=numbered(plain(json.loads(written)), {}),
        # Operations, too, but for those that make the masks of ids.
        layers=[layer.name for layer in model.operations if type(layer).__name__ != "NotEqual"],
        connections=connections(model),
        params={"total": model.count_params()},
        losses=losses,
        loss_weights=loss_weights,
    )
    for index, weight in enumerate(model.get_weights()):
        case.put("weights", f"weight/{index}", weight, zero=True)
    inputs = [example(rng, entry) for entry in model.inputs]
    targets = [target(rng, loss, output.shape) for loss, output in zip(losses, model.outputs)]
    for index, x in enumerate(inputs):
        case.put("inputs", f"input/{index}", x)
    for index, y in enumerate(targets):
        case.put("targets", f"target/{index}", y, zero=True)
    outputs = model(inputs if len(inputs) > 1 else inputs[0])
    for index, output in enumerate(outputs if isinstance(outputs, (list, tuple)) else [outputs]):
        case.put("outputs", f"output/{index}", output.numpy())
    model.compile(keras.optimizers.SGD(0.1), loss=losses, loss_weights=loss_weights)
    history = []
    for _ in range(STEPS):
        # The returned values are means since the last reset: of this batch alone, then.
        model.reset_metrics()
        history.append(model.train_on_batch(inputs, targets, return_dict=True))
    case.facts(logs={key: [float(step[key]) for step in history] for key in sorted(history[0])})
    for index, weight in enumerate(model.get_weights()):
        case.put("weights_after", f"after/{index}", weight)


def numbered(config, marks):
    """Marks of shared layers as they are met; Keras takes the addresses of objects. Others mark what is not shared here."""
    if isinstance(config, list):
        return [numbered(value, marks) for value in config]
    if not isinstance(config, dict):
        return config
    found = {key: numbered(value, marks) for key, value in config.items() if key != "shared_object_id"}
    if "shared_object_id" in config and "layers" in found.get("config", {}):
        found["shared_object_id"] = marks.setdefault(config["shared_object_id"], len(marks) + 1)
    return found


def example(rng, entry):
    """Numbers, or ids of which the last ones of each row are padding."""
    shape = (6, *entry.shape[1:])
    if not entry.name.startswith("ids"):
        return normal(rng, shape)
    ids = rng.integers(1, 7, shape)
    ids[np.arange(shape[1]) >= rng.integers(2, shape[1] + 1, (6, 1))] = 0
    return ids


def target(rng, loss, shape):
    if loss.startswith("sparse"):
        return rng.integers(0, shape[-1], 6)
    return f32(rng.normal(0, 1, (6, *shape[1:])))


def connections(model):
    """The last column of the table, a cell a layer."""
    lines = []
    # Without this the table is cut at the width of the terminal.
    os.environ["COLUMNS"] = "260"
    model.summary(line_length=240, print_fn=lambda text, **_: lines.append(text))
    del os.environ["COLUMNS"]
    rows = [line for line in "\n".join(lines).splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]
    found = []
    for row in cells:
        if len(row) < 4:
            return None
        if row[0]:
            found.append(row[3])
        else:
            found[-1] = f"{found[-1]} {row[3]}"
    return found


def branches():
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    both = layers.Concatenate()([layers.Dense(4, activation="tanh")(left), right])
    return keras.Model([left, right], layers.Dense(1)(both))


def residual():
    x = keras.Input((5,))
    h = layers.Dense(5, activation="relu")(x)
    h = layers.Add()([x, h])
    h = layers.Dense(5, activation="tanh")(h)
    h = layers.Multiply()([h, x])
    return keras.Model(x, layers.Dense(3, activation="softmax")(h))


def shared():
    left, right = keras.Input((4,)), keras.Input((4,))
    encoder = layers.Dense(3, activation="tanh", name="encoder")
    apart = layers.Subtract()([encoder(left), encoder(right)])
    return keras.Model([left, right], layers.Dense(1, name="score")(apart))


def two_heads():
    x = keras.Input((4,))
    h = layers.Dense(6, activation="relu", name="trunk")(x)
    size = layers.Dense(1, name="size")(h)
    kind = layers.Dense(3, activation="softmax", name="kind")(layers.Dense(4, activation="tanh")(h))
    return keras.Model(x, [size, kind])


def nested():
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(2)], name="inner")
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(1, name="head")(layers.Concatenate()([inner(x), x])))


def uneven_depths():
    x = keras.Input((3,))
    short = layers.Dense(2, name="short")(x)
    long = layers.Dense(2, name="long_1")(x)
    long = layers.Dense(2, activation="tanh", name="long_2")(long)
    long = layers.Dense(2, activation="tanh", name="long_3")(long)
    return keras.Model(x, layers.Average()([short, long, layers.Maximum()([short, long])]))


def encoder_decoder():
    source, sink = keras.Input((5, 2), name="source"), keras.Input((4, 3), name="sink")
    _, h, c = layers.LSTM(4, return_state=True, name="encoder")(source)
    steps = layers.LSTM(4, return_sequences=True, name="decoder")(sink, initial_state=[h, c])
    return keras.Model([source, sink], layers.Dense(2)(steps))


def masked_pair():
    left, right = keras.Input((5,), name="ids_left"), keras.Input((4,), name="ids_right")
    words = layers.Embedding(7, 3, mask_zero=True, name="words")
    reader = layers.Bidirectional(layers.GRU(2), name="reader")
    both = layers.Concatenate()([reader(words(left)), layers.LSTM(3)(words(right))])
    return keras.Model([left, right], layers.Dense(1)(both))


def masked_steps():
    ids = keras.Input((5,), name="ids")
    steps = layers.SimpleRNN(3, return_sequences=True)(layers.Embedding(7, 3, mask_zero=True)(ids))
    return keras.Model(ids, layers.TimeDistributed(layers.Dense(2))(layers.Dropout(0.0)(steps)))


def f12_constants():
    x = keras.Input((4,))
    h = layers.Dense(5)(x) * 2.0 + 1.0
    return keras.Model(x, layers.Dense(1)(h))


def ops_arithmetic():
    x = keras.Input((4,))
    h = layers.Dense(3, activation="tanh")(x)
    row = np.array([0.5, -1.0, 2.0])
    a = 3.0 - h
    b = 2.0 / (ops.abs(h) + 1.5)
    c = (a**2) * row
    d = ops.subtract(row, h) / np.array([[2.0, 4.0, 8.0]])
    e = ops.power(2.0, -h) + ops.divide(h, a)
    f = ops.maximum(h, 0.1) - ops.minimum(0.2, b)
    return keras.Model(x, ops.add(c, d) * e + f)


def ops_of_each_number():
    x = keras.Input((3,))
    h = layers.Dense(4)(x)
    parts = [
        ops.relu(h),
        ops.sigmoid(h),
        ops.tanh(h),
        ops.softplus(h),
        ops.silu(h),
        ops.gelu(h),
        ops.gelu(h, approximate=False),
        ops.leaky_relu(h, negative_slope=0.1),
        ops.elu(h, alpha=0.5),
        ops.selu(h),
        ops.hard_sigmoid(h),
        ops.softmax(h),
        ops.log_softmax(h),
        ops.exp(h),
        ops.log(ops.square(h) + 1.0),
        ops.sqrt(ops.abs(h) + 0.5),
        ops.clip(h, -0.4, 0.6),
        ops.negative(h),
    ]
    return keras.Model(x, layers.Dense(2)(ops.concatenate(parts, axis=-1)))


def ops_over_axes():
    x = keras.Input((3, 4))
    h = layers.Dense(5, activation="tanh")(x)
    rows = ops.concatenate([ops.mean(h, axis=1), ops.sum(h, axis=-2), ops.max(h, axis=1)], axis=1)
    kept = h - ops.mean(h, axis=(1, 2), keepdims=True) * ops.min(h, axis=2, keepdims=True)
    return keras.Model(x, layers.Dense(2)(ops.concatenate([rows, ops.sum(kept, axis=(1,))], axis=-1)))


def ops_of_shapes():
    x = keras.Input((6,))
    h = ops.reshape(layers.Dense(6, activation="tanh")(x), (-1, 2, 3))
    turned = ops.transpose(h, (0, 2, 1))
    square = ops.matmul(h, turned)
    wide = ops.matmul(square, np.array([[1.0, 2.0, 0.5], [-1.0, 0.25, 3.0]]))
    stacked = ops.stack([wide[:, 0], wide[:, -1, :], turned[:, :, 1]], axis=1)
    flat = ops.squeeze(ops.expand_dims(ops.reshape(stacked, (-1, 9)), 1), 1)
    return keras.Model(x, layers.Dense(2)(flat[:, 1:8]))


def ops_of_keys():
    x = keras.Input((3, 4))
    h = layers.Identity()(ops.cast(layers.Dense(4, activation="tanh")(x), "float32"))
    columns = h[..., 1:] * h[:, :, 0, None]
    row = h[:, None, 2, ...] - h[:, ..., -1][:, None, :1]
    return keras.Model(x, layers.Dense(2)(ops.concatenate([ops.reshape(columns, (-1, 9)), row[:, 0]], axis=-1)))


def f13_nested_twice():
    x = keras.Input((4,))
    twice = keras.Sequential([layers.Input((4,)), layers.Dense(2, activation="tanh")], name="twice")
    first = twice(x)
    middle = keras.Input((4,))
    inner = keras.Model(middle, layers.Dense(2, name="after")(twice(middle)), name="inner")
    return keras.Model(x, layers.Add()([first, inner(x)]))


def f14_variance_scaling():
    x = keras.Input((4,))
    start = keras.initializers.VarianceScaling(scale=2.0, mode="fan_out", distribution="uniform")
    return keras.Model(x, layers.Dense(3, kernel_initializer=start)(x))


MODELS = {
    "branches": (branches, ["mse"], None),
    "residual": (residual, ["sparse_categorical_crossentropy"], None),
    "shared": (shared, ["mae"], None),
    "two_heads": (two_heads, ["mse", "sparse_categorical_crossentropy"], [1.0, 0.3]),
    "nested": (nested, ["mse"], None),
    "uneven_depths": (uneven_depths, ["mse"], None),
    "encoder_decoder": (encoder_decoder, ["mse"], None),
    "masked_pair": (masked_pair, ["mse"], None),
    "masked_steps": (masked_steps, ["mse"], None),
    "f12_constants": (f12_constants, ["mse"], None),
    "ops_arithmetic": (ops_arithmetic, ["mse"], None),
    "ops_of_each_number": (ops_of_each_number, ["mse"], None),
    "ops_over_axes": (ops_over_axes, ["mse"], None),
    "ops_of_shapes": (ops_of_shapes, ["mse"], None),
    "ops_of_keys": (ops_of_keys, ["mse"], None),
    "f13_nested_twice": (f13_nested_twice, ["mse"], None),
    "f14_variance_scaling": (f14_variance_scaling, ["mse"], None),
}
