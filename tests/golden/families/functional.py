"""Functional models as Keras writes them: JSON, order of layers and weights, table, outputs, and a few training steps."""

import json
import os

import keras
import numpy as np

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
    case = family.case(
        name,
        model=plain(json.loads(model.to_json())),
        layers=[layer.name for layer in model.layers],
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
}
