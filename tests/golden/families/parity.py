"""Twenty steps of five of the course's models with three optimizers, in float64 and in float32: losses and final weights.

The models are too large to store, so every number they start from comes out of a formula on integers, which a test
repeats bit by bit: see `Numbers` here, and README.md.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from common import Family, described, weight_name

layers = keras.layers
BATCHES, STEPS = 5, 20


class Numbers:
    """Number `i` of the stream `name`: the 32-bit finalizer of MurmurHash3 on FNV-1a(name) + i * 0x9E3779B9, modulo 2^32."""

    def __init__(self, prefix):
        self.prefix = prefix

    def bits(self, name, shape):
        count = np.arange(np.prod(shape, dtype=np.uint64), dtype=np.uint64)
        start = 2166136261
        for byte in f"{self.prefix}/{name}".encode():
            start = (start ^ byte) * 16777619 % 2**32
        h = ((np.uint64(start) + count * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        return (h ^ (h >> np.uint32(16))).reshape(shape)

    def below(self, name, shape, end):
        return (self.bits(name, shape) % np.uint32(end)).astype(np.int32)

    def unit(self, name, shape):
        """In [0, 1): the upper 24 bits, which f32 holds exactly."""
        return (self.bits(name, shape) >> np.uint32(8)).astype(np.float32) / np.float32(2**24)

    def around(self, name, shape, centre, radius):
        """In [centre - radius, centre + radius), computed in f32: (2 * unit - 1) * radius + centre."""
        return (np.float32(2) * self.unit(name, shape) - np.float32(1)) * np.float32(radius) + np.float32(centre)

    def weight(self, index, kind, shape):
        """A weight by its place in the model and by the last part of its path. Kernels reach to Glorot's limit."""
        name = f"{index}/{kind}"
        if kind in ("kernel", "recurrent_kernel"):
            field = math.prod(shape[:-2])
            return self.around(name, shape, 0.0, math.sqrt(6.0 / (field * (shape[-2] + shape[-1]))))
        centre, radius = {
            "bias": (0.0, 0.1),
            "beta": (0.0, 0.1),
            "moving_mean": (0.0, 0.1),
            "gamma": (1.0, 0.1),
            "moving_variance": (1.0, 0.1),
            "embeddings": (0.0, 0.5),
        }[kind]
        return self.around(name, shape, centre, radius)


def c1w3():
    """The CNN for Fashion-MNIST; a batch of 8 where the course takes 32."""
    model = [layers.Input((28, 28, 1))]
    for _ in range(2):
        model += [layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)]
    return model + [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]


def c2w2():
    """The CNN for cats and dogs, BatchNormalization behind each convolution; pictures of 48 pixels where the course takes 150."""
    model = [layers.Input((48, 48, 3))]
    for filters in (32, 64, 128, 128):
        model += [layers.Conv2D(filters, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2)]
    return model + [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dense(1, activation="sigmoid")]


def c3w3_lstm():
    """The sarcasm network."""
    recurrent = layers.Bidirectional(layers.LSTM(32))
    head = [layers.Dense(24, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return [layers.Input((120,), dtype="int32"), layers.Embedding(1000, 16), recurrent, *head]


def c3w3_gru():
    """The network for reviews of films, by words."""
    recurrent = layers.Bidirectional(layers.GRU(32))
    head = [layers.Dense(6, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return [layers.Input((120,), dtype="int32"), layers.Embedding(10000, 16), recurrent, *head]


def c4w4():
    """The network for sunspots."""
    return [
        layers.Input((60, 1)),
        layers.Conv1D(60, 5, padding="causal", activation="relu"),
        layers.LSTM(60, return_sequences=True),
        layers.LSTM(60, return_sequences=True),
        layers.Dense(30, activation="relu"),
        layers.Dense(10, activation="relu"),
        layers.Dense(1),
        layers.Lambda(times_400),
    ]


def times_400(x):
    return x * 400.0


def pictures(numbers, batch, shape, classes):
    x = numbers.unit("input", (BATCHES, batch, *shape))
    return x, numbers.below("target", (BATCHES, batch, 1), classes)


def texts(numbers, batch, vocabulary):
    """Ids from 1, of 20 to 120 words, zeros behind them."""
    ids = 1 + numbers.below("input", (BATCHES, batch, 120), vocabulary - 1)
    lengths = 20 + numbers.below("length", (BATCHES, batch, 1), 101)
    return np.where(np.arange(120) < lengths, ids, 0).astype(np.int32), numbers.below("target", (BATCHES, batch, 1), 2)


def windows(numbers, batch, window):
    """Windows of a series of numbers below 200, each with the one that begins a step later."""
    series = numbers.unit("input", (BATCHES * batch + window,)) * np.float32(200)
    all_windows = np.lib.stride_tricks.sliding_window_view(series, window)
    x, y = all_windows[:-1], all_windows[1:]
    return x.reshape(BATCHES, batch, window, 1), y.reshape(BATCHES, batch, window, 1)


MODELS = {
    "c1w3_cnn": (c1w3, lambda n: pictures(n, 8, (28, 28, 1), 10), "sparse_categorical_crossentropy", (0.1, 1e-3, 2e-3)),
    "c2w2_cnn_batchnorm": (c2w2, lambda n: pictures(n, 4, (48, 48, 3), 2), "binary_crossentropy", (5e-5, 1e-4, 1e-4)),
    "c3w3_bilstm": (c3w3_lstm, lambda n: texts(n, 16, 1000), "binary_crossentropy", (0.3, 1e-2, 1e-2)),
    "c3w3_bigru": (c3w3_gru, lambda n: texts(n, 16, 10000), "binary_crossentropy", (0.3, 1e-2, 1e-2)),
    "c4w4_conv_lstm": (c4w4, lambda n: windows(n, 16, 60), "huber", (1e-5, 2e-4, 1e-3)),
}


def optimizers(rates):
    # TensorFlow rounds these to f32 even where it computes in f64: said outright, both sides mean the same numbers.
    beta_1, beta_2 = (float(np.float32(beta)) for beta in (0.9, 0.999))
    return {
        "sgd_momentum": lambda: keras.optimizers.SGD(rates[0], momentum=0.9),
        "rmsprop": lambda: keras.optimizers.RMSprop(rates[1]),
        "adam": lambda: keras.optimizers.Adam(rates[2], beta_1, beta_2),
    }


def make():
    family = Family("parity", "train_on_batch over five batches, four times round; all numbers at the start by a formula.")
    for name, (model, data, loss, rates) in MODELS.items():
        numbers = Numbers(name)
        for optimizer, make_optimizer in optimizers(rates).items():
            run(family, numbers, f"{name}_{optimizer}", model, data, loss, make_optimizer)
    keras.config.set_dtype_policy("float64")
    return family


def description(layer):
    if isinstance(layer, layers.Lambda):
        return {"class_name": "Lambda", "config": {"function": "times_400"}}
    return described(layer)


def whole_gradients(optimizer):
    """Sums the gradients of an embedding's row before the optimizer squares them: see README.md, on surprises."""
    apply = optimizer.apply
    optimizer.apply = lambda gradients, weights=None: apply([tf.convert_to_tensor(one) for one in gradients], weights)
    return optimizer


def run(family, numbers, name, make_layers, data, loss, make_optimizer):
    keras.config.set_floatx("float64")
    x, y = data(numbers)
    facts, optimizer = {}, described(make_optimizer())
    for dtype in ("float64", "float32"):
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        model = keras.Sequential(make_layers())
        names = [weight_name(layer, weight) for layer in model.layers for weight in layer.weights]
        kinds = [name.rsplit("/", 1)[-1] for name in names]
        shapes = [tuple(weight.shape) for weight in model.weights]
        start = [numbers.weight(*place, shape) for place, shape in zip(enumerate(kinds), shapes)]
        model.set_weights(start)
        model.compile(whole_gradients(make_optimizer()), loss, jit_compile=False)
        losses = []
        for step in range(STEPS):
            # Without this, the values returned are means over all steps so far.
            model.reset_metrics()
            losses.append(float(model.train_on_batch(x[step % BATCHES], y[step % BATCHES])))
        assert np.isfinite(losses).all() and min(losses[-BATCHES:]) < losses[0], f"{name} learns nothing: {losses}"
        after = [np.asarray(weight, np.float64) for weight in model.weights]
        assert all((old != new).any() for old, new in zip(start, after)), f"{name}: a weight stands still"
        facts[dtype] = {
            "loss": losses,
            "means": [float(weight.mean()) for weight in after],
            "norms": [float(np.linalg.norm(weight)) for weight in after],
        }
    family.case(
        name,
        stream=numbers.prefix,
        batch=len(x[0]),
        input=list(model.input_shape[1:]),
        model=[description(layer) for layer in model.layers],
        optimizer=optimizer,
        loss=loss,
        weights=[{"kind": kind, "shape": list(shape)} for kind, shape in zip(kinds, shapes)],
        **facts,
    )
    apart = np.abs(np.subtract(facts["float64"]["loss"], facts["float32"]["loss"])).max()
    print(f"  {name}: {facts['float64']['loss'][0]:.4f} -> {facts['float64']['loss'][-1]:.4f}, float32 {apart:.1e} away")
