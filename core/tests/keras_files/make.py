"""Makes `models.zip`: small models as Keras 3.15 saves them, each as `.keras` and as `.h5`, and what they predict.

    python core/tests/keras_files/make.py

needs what `tests/golden/requirements.txt` lists. Every weight is random, so that none can take another's place unseen; inputs
come out of the formula in `inputs`, which `made.rs` has, too.
"""

import json
import os
import pathlib
import tempfile
import zipfile
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras import layers as L
from keras import ops

MODELS = {}


def model(function):
    MODELS[function.__name__] = function
    return function


def sequential(shape, *layers, **options):
    return keras.Sequential([keras.Input(shape), *layers], **options)


def inputs(shape, index, vocabulary=None):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    if vocabulary:
        return ((i * 37 + index) % vocabulary).astype(np.float32).reshape(shape)
    return (((i * 7919 + index * 101) % 1000) / 1000 - 0.5).astype(np.float32).reshape(shape)


@model
def dense_row():
    return sequential((5,), L.Dense(4, activation="relu"), L.Dense(3, use_bias=False), L.Dense(2, activation="softmax"))


@model
def dense_on_sequences():
    return sequential((4, 3), L.Dense(5, activation="tanh", name="a.name-with.dots"), L.Dense(2))


@model
def twelve_dense():
    return sequential((3,), *[L.Dense(3 + n % 2, activation="tanh") for n in range(12)])


@model
def activations():
    x = keras.Input((6,))
    names = ["linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "hard_sigmoid", "tanh", "softplus",
             "log_sigmoid", "softsign", "silu", "hard_silu", "mish", "exponential", "softmax", "log_softmax"]
    return keras.Model(x, L.Concatenate()([L.Dense(3, activation=name)(x) for name in names]))


@model
def activation_layers():
    return sequential(
        (4, 5, 3),
        L.Activation("tanh"),
        L.LeakyReLU(negative_slope=0.1),
        L.PReLU(shared_axes=[1]),
        L.ELU(alpha=0.7),
        L.ReLU(max_value=2.0, negative_slope=0.05, threshold=0.01),
        L.Softmax(axis=1),
    )


@model
def conv2d_options():
    return sequential(
        (11, 9, 4),
        L.Conv2D(6, (3, 2), strides=(2, 1), padding="same", activation="relu"),
        L.Conv2D(4, 3, dilation_rate=2, padding="same", use_bias=False),
        L.Conv2D(4, 2, groups=2),
        L.Conv2D(3, 1),
    )


@model
def conv1d_options():
    return sequential(
        (13, 3),
        L.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
        L.Conv1D(6, 2, strides=2, groups=2),
        L.Conv1D(2, 3, padding="same"),
    )


@model
def depthwise():
    return sequential((9, 9, 3), L.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), L.DepthwiseConv2D(2, strides=2, use_bias=False))


@model
def separable():
    return sequential((9, 9, 3), L.SeparableConv2D(5, 3, depth_multiplier=2, activation="relu"), L.SeparableConv2D(2, 3, padding="same"))


@model
def transposed():
    return sequential((4, 5, 2), L.Conv2DTranspose(3, 3, strides=2, padding="same"), L.Conv2DTranspose(2, (2, 3), strides=(2, 1), use_bias=False))


@model
def transposed_sequences():
    return sequential((5, 2), L.Conv1DTranspose(3, 3, strides=2, activation="relu"), L.Conv1DTranspose(2, 2, output_padding=None, padding="same"))


@model
def pooling_of_maps():
    return sequential(
        (13, 12, 2), L.MaxPooling2D(3, strides=2, padding="same"), L.AveragePooling2D((2, 1)), L.MaxPooling2D(), L.GlobalAveragePooling2D()
    )


@model
def pooling_of_sequences():
    return sequential((17, 3), L.MaxPooling1D(2), L.AveragePooling1D(3, strides=2, padding="same"), L.GlobalMaxPooling1D())


@model
def global_pooling():
    x, s = keras.Input((4, 5, 2)), keras.Input((6, 2))
    pooled = [L.GlobalMaxPooling2D()(x), L.GlobalAveragePooling2D()(x), L.GlobalAveragePooling1D()(s), L.GlobalMaxPooling1D()(s)]
    kept = L.GlobalAveragePooling2D(keepdims=True)(x)
    return keras.Model([x, s], [L.Concatenate()(pooled), kept])


@model
def batch_normalization():
    return sequential(
        (4, 4, 3), L.BatchNormalization(), L.BatchNormalization(scale=False), L.BatchNormalization(center=False, epsilon=0.01, momentum=0.9)
    )


@model
def batch_normalization_of_rows():
    return sequential((5,), L.Dense(4), L.BatchNormalization(), L.Dense(3), L.BatchNormalization(axis=1))


@model
def other_normalizations():
    return sequential(
        (4, 4, 6), L.LayerNormalization(), L.GroupNormalization(groups=3), L.UnitNormalization(), L.LayerNormalization(axis=[1, 2, 3], center=False)
    )


@model
def rms_normalization():
    return sequential((4, 6), L.RMSNormalization(), L.LayerNormalization(scale=False, epsilon=1e-5))


@model
def adapted():
    normalization = L.Normalization()
    normalization.adapt(np.arange(24, dtype=np.float32).reshape(6, 4) ** 1.5)
    return sequential((4,), normalization, L.Dense(2))


@model
def known_mean():
    return sequential((4,), L.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 0.5, 2.0, 1.5]), L.Rescaling(0.5, offset=0.1), L.Dense(2))


@model
def embedding_with_mask():
    return sequential((7,), L.Embedding(10, 4, mask_zero=True), L.LSTM(3))


@model
def embedding_mean():
    return sequential((None,), L.Embedding(10, 4), L.GlobalAveragePooling1D(), L.Dense(1, activation="sigmoid"))


@model
def lstm_stack():
    return sequential((6, 3), L.LSTM(4, return_sequences=True, go_backwards=True), L.LSTM(3, use_bias=False, activation="relu", recurrent_activation="hard_sigmoid"))


@model
def gru_after():
    return sequential((6, 3), L.GRU(4, return_sequences=True), L.GRU(3, dropout=0.3, recurrent_dropout=0.2))


@model
def gru_before():
    return sequential((6, 3), L.GRU(4, reset_after=False, return_sequences=True), L.GRU(3, reset_after=False, use_bias=False))


@model
def simple_rnn():
    return sequential((6, 3), L.SimpleRNN(4, return_sequences=True), L.SimpleRNN(2, activation="relu", go_backwards=True))


@model
def bidirectional():
    return sequential((5, 3), L.Bidirectional(L.LSTM(3, return_sequences=True)), L.Bidirectional(L.GRU(2), merge_mode="sum"))


@model
def bidirectional_modes():
    x = keras.Input((5, 3))
    ends = [L.Bidirectional(L.LSTM(2), merge_mode=mode)(x) for mode in ("mul", "ave", "concat")]
    own = L.Bidirectional(L.GRU(2), backward_layer=L.GRU(2, go_backwards=True, activation="relu"))(x)
    return keras.Model(x, L.Concatenate()([*ends, own]))


@model
def masked_sequence():
    return sequential((6, 2), L.Masking(0.25), L.SimpleRNN(3, return_sequences=True), L.LSTM(2))


@model
def time_distributed():
    return sequential((3, 6, 6, 2), L.TimeDistributed(L.Conv2D(3, 3, activation="relu")), L.TimeDistributed(L.Flatten()), L.TimeDistributed(L.Dense(2)))


@model
def time_distributed_model():
    inner = sequential((4,), L.Dense(3, activation="tanh"), L.Dense(2), name="inner")
    return sequential((5, 4), L.TimeDistributed(inner), L.Flatten(), L.Dense(2))


@model
def encoder_decoder():
    source, target = keras.Input((5, 3)), keras.Input((4, 2))
    _, h, c = L.LSTM(4, return_state=True)(source)
    decoded = L.LSTM(4, return_sequences=True)(target, initial_state=[h, c])
    return keras.Model([source, target], L.Dense(2, activation="softmax")(decoded))


@model
def merging():
    a, b = keras.Input((4,)), keras.Input((4,))
    merged = [layer([a, b]) for layer in (L.Add(), L.Subtract(), L.Multiply(), L.Average(), L.Maximum(), L.Minimum())]
    return keras.Model([a, b], L.Concatenate()([*merged, L.Dot(axes=1)([a, b]), L.Dot(axes=1, normalize=True)([a, b])]))


@model
def several_inputs_and_outputs():
    picture, facts = keras.Input((6, 6, 1), name="picture"), keras.Input((3,), name="facts")
    x = L.Flatten()(L.Conv2D(2, 3, name="look")(picture))
    both = L.Concatenate()([x, facts])
    return keras.Model([picture, facts], [L.Dense(1, name="size")(both), L.Dense(3, activation="softmax", name="kind")(both)])


@model
def named_by_dictionaries():
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    both = L.Concatenate()([L.Dense(2)(a), b])
    return keras.Model({"a": a, "b": b}, {"one": L.Dense(1, name="one")(both), "two": L.Dense(2, name="two")(both)})


@model
def shared_layer():
    a, b = keras.Input((4,)), keras.Input((4,))
    shared = L.Dense(3, activation="tanh")
    return keras.Model([a, b], L.Dense(2)(L.Concatenate()([shared(a), shared(b), shared(a)])))


@model
def made_out_of_order():
    last, middle, first = L.Dense(2), L.Dense(5), L.Dense(4)
    x = keras.Input((3,))
    side = L.Dense(2)(x)
    return keras.Model(x, L.Add()([last(middle(first(x))), side]))


@model
def residual():
    x = keras.Input((8, 8, 3))
    y = L.Conv2D(4, 3, padding="same", use_bias=False)(x)
    for _ in range(3):
        z = L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3, padding="same", use_bias=False)(y)))
        y = L.Add()([y, L.BatchNormalization()(L.Conv2D(4, 1, use_bias=False)(z))])
    return keras.Model(x, L.Dense(2)(L.GlobalAveragePooling2D()(y)))


def small_base(name):
    x = keras.Input((6, 6, 2))
    y = L.BatchNormalization(name="bn")(L.Conv2D(3, 3, name="conv")(x))
    y = L.BatchNormalization(name="bn2")(L.Conv2D(3, 3, name="conv2")(L.ReLU()(y)))
    return keras.Model(x, y, name=name)


@model
def nested():
    x = keras.Input((6, 6, 2))
    return keras.Model(x, L.Dense(2)(L.Flatten()(small_base("base")(x))))


@model
def nested_and_frozen():
    base = small_base("base")
    base.trainable = False
    return sequential((6, 6, 2), base, L.GlobalAveragePooling2D(), L.Dense(2))


@model
def nested_with_a_frozen_layer():
    base = small_base("base")
    base.get_layer("bn").trainable = False
    base.get_layer("conv2").trainable = False
    return sequential((6, 6, 2), base, L.Flatten(), L.Dense(2))


@model
def three_deep():
    inner = sequential((4,), L.Dense(3, activation="relu"), L.Dense(4), name="inner")
    middle = sequential((4,), inner, L.Dense(4, activation="tanh"), name="middle")
    x = keras.Input((4,))
    return keras.Model(x, L.Add()([middle(x), L.Dense(4)(x)]))


@model
def twins():
    a, b = keras.Input((4,)), keras.Input((4,))
    encoder = sequential((4,), L.Dense(3, activation="tanh"), L.BatchNormalization(), L.Dense(2), name="encoder")
    return keras.Model([a, b], L.Dense(1, activation="sigmoid")(L.Subtract()([encoder(a), encoder(b)])))


@model
def shapes():
    return sequential(
        (4, 6, 2),
        L.ZeroPadding2D(((1, 0), (2, 1))),
        L.Cropping2D(((0, 1), (1, 2))),
        L.UpSampling2D(2),
        L.UpSampling2D((1, 2), interpolation="bilinear"),
        L.Permute((2, 1, 3)),
        L.Reshape((-1, 8)),
        L.Flatten(),
        L.Dense(3),
        L.RepeatVector(2),
    )


@model
def shapes_of_sequences():
    return sequential((6, 3), L.ZeroPadding1D((1, 2)), L.Cropping1D(1), L.UpSampling1D(2), L.Conv1D(2, 2))


@model
def noise():
    return sequential(
        (5, 4, 3), L.Dropout(0.4), L.SpatialDropout2D(0.3), L.GaussianDropout(0.2), L.GaussianNoise(0.1), L.AlphaDropout(0.1), L.Dense(2)
    )


@model
def dropout_of_steps():
    return sequential((5, 4), L.SpatialDropout1D(0.2), L.ActivityRegularization(l1=0.1, l2=0.2), L.Dense(2))


@model
def regularized():
    r = keras.regularizers
    return sequential(
        (4, 3),
        L.Dense(3, kernel_regularizer=r.L2(0.01), bias_regularizer="l1", activity_regularizer=r.L1L2(0.01, 0.02)),
        L.LSTM(2, kernel_regularizer="l2", recurrent_regularizer=r.L1(0.1), bias_regularizer=r.L2(0.2)),
    )


@model
def initialized():
    i = keras.initializers
    kinds = ["he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "glorot_normal", i.RandomNormal(0.1, 0.2, seed=3),
             i.RandomUniform(-0.1, 0.2), i.TruncatedNormal(stddev=0.3), i.Orthogonal(gain=1.5), i.Constant(0.3), i.Ones(), i.Identity(gain=0.5)]
    return sequential((4,), *[L.Dense(4, activation="tanh", kernel_initializer=kind) for kind in kinds])


@model
def arithmetic():
    x = keras.Input((4,))
    y = L.Dense(4)(x) * 2.0 + 1.0
    return keras.Model(x, 3.0 - y / 4.0 + x)


@model
def functions():
    x = keras.Input((4, 3))
    y = ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1), ops.sum(x, axis=1)], axis=-1)
    z = ops.exp(ops.reshape(ops.transpose(x, (0, 2, 1)), (-1, 12)))
    return keras.Model(x, [L.Dense(2)(ops.abs(y)), L.Dense(2)(ops.sqrt(z)), ops.relu(x), ops.clip(x, -0.1, 0.2)])


@model
def constants():
    x = keras.Input((3, 4))
    row = np.array([0.5, 1.0, 2.0, 3.0], np.float32)
    rows = (np.arange(12, dtype=np.float32).reshape(3, 4) - 4) / 8
    powers = [ops.power(ops.abs(x), row), ops.power(row, x), 0.0 ** ops.relu(x), (-2.0) ** (x * 0.0 + 3.0), ops.power(x, 2.0)]
    products = [ops.matmul(x, rows.T), ops.matmul(rows.T, x), ops.matmul(x, rows.T[None]), ops.matmul(x, ops.expand_dims(x[:, 0], -1))]
    vectors = [ops.matmul(x, row), ops.matmul(row[:3], x)]
    joined = [ops.concatenate([x, ops.ones((2, 3, 1)), np.stack([rows, rows])], axis=-1), ops.stack([np.stack([rows, rows]), x], axis=1)]
    bounded = [ops.minimum(x, float("inf")), ops.clip(x, 0.1, float("inf")), ops.maximum(float("-inf"), x)]
    return keras.Model(x, [*powers, *products, *vectors, *joined, *bounded])


@model
def joined_with_masks():
    x = keras.Input((7,), dtype="int32")
    a, b, c = (L.Embedding(10, 3, mask_zero=zero)(x) for zero in (True, True, False))
    added = L.LSTM(2)(L.Dense(3)(L.Add()([a, b])))
    longer = L.Bidirectional(L.GRU(2))(L.Concatenate(axis=1)([a, c]))
    begun = L.LSTM(2)(a, initial_state=L.LSTM(2, return_state=True)(b)[1:])
    mean = L.GlobalAveragePooling1D()(L.Concatenate()([a, b]))
    return keras.Model(x, [L.LSTM(2)(L.Concatenate()([a, c])), added, longer, begun, mean])


@model
def states_and_masks():
    x = keras.Input((7,), dtype="int32")
    within = sequential((7,), L.Embedding(10, 3, mask_zero=True))
    y = L.Embedding(10, 3, mask_zero=True)(x)
    states = L.LSTM(2, return_state=True)(y)[1:]
    by_name = L.LSTM(2)(within(x), initial_state=states)
    return keras.Model(x, [by_name, L.LSTM(2)(y, states), L.LSTM(2)(sequences=y, initial_state=states)])


@model
def recurrent_cells():
    return sequential(
        (6, 3),
        L.RNN(L.GRUCell(3), return_sequences=True),
        L.LSTM(4, return_sequences=True),
        L.RNN(L.LSTMCell(4), return_sequences=True),
        L.RNN(L.SimpleRNNCell(2)),
    )


@model
def picture_of_bytes():
    x = keras.Input((4, 4, 1), dtype="uint8")
    return keras.Model(x, L.Dense(2)(L.Flatten()(L.Rescaling(1 / 255.0)(x))))


@model
def called_by_names():
    last, first = keras.Input((4,), name="last"), keras.Input((4,), name="first")
    by_names = keras.Model({"last": last, "first": first}, L.Dense(2)(last) - L.Dense(2)(first) * 3.0)
    x = keras.Input((4,))
    return keras.Model(x, by_names({"last": x, "first": x * 2.0}))


@model
def long_names():
    steps = [L.Activation("linear", name=f"a_name_that_is_long_enough_to_fill_the_attribute_of_a_group_after_many_layers_{n:04}") for n in range(900)]
    return sequential((3,), L.Dense(2, name="first"), *steps, L.Dense(2, name="last"))


def trained(optimizer, loss="mse", metrics=None):
    model = sequential((4,), L.Dense(5, activation="relu"), L.Dense(3))
    model.compile(optimizer, loss=loss, metrics=metrics)
    return model


@model
def trained_by_adam():
    return trained(keras.optimizers.Adam(0.01), metrics=["mae"])


@model
def trained_by_sgd():
    return trained(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss="mae")


@model
def trained_by_rmsprop():
    return trained(keras.optimizers.RMSprop(0.01, momentum=0.1, centered=True), metrics=["mse", "mae"])


@model
def trained_by_adamw():
    return trained(keras.optimizers.AdamW(0.01, weight_decay=0.02, clipnorm=1.0), loss=keras.losses.Huber(0.5))


@model
def trained_by_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 3, 0.9, staircase=True)
    return trained(keras.optimizers.Nadam(schedule))


@model
def trained_by_adagrad():
    return trained(keras.optimizers.Adagrad(0.1))


@model
def trained_by_adamax():
    return trained(keras.optimizers.Adamax(0.05), metrics=["hinge", keras.metrics.LogCoshError()])


@model
def trained_by_adadelta():
    optimizer = keras.optimizers.Adadelta(0.5, gradient_accumulation_steps=3)
    metrics = [keras.metrics.F1Score("macro", threshold=0.5), keras.metrics.MeanIoU(3, sparse_y_true=False, sparse_y_pred=False)]
    return trained(optimizer, loss=keras.losses.Tversky(0.3, 0.7, axis=(1,)), metrics=metrics)


@model
def trained_by_lion():
    optimizer = keras.optimizers.Lion(0.01, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=3)
    metrics = [keras.metrics.Precision(0.3, class_id=1), keras.metrics.AUC(from_logits=True), keras.losses.huber]
    return trained(optimizer, loss=keras.losses.Dice(), metrics=metrics)


@model
def trained_by_lamb():
    optimizer = keras.optimizers.Lamb(0.01, use_ema=True, gradient_accumulation_steps=2, global_clipnorm=0.5)
    return trained(optimizer, metrics=[keras.metrics.Recall(top_k=2), keras.metrics.TruePositives()])


@model
def trained_by_ftrl():
    loss = keras.losses.CategoricalFocalCrossentropy(from_logits=True)
    return trained(keras.optimizers.Ftrl(0.1, l1_regularization_strength=0.01), loss=loss, metrics=["kl_divergence"])


def fill(model, name):
    """Random weights; variances and counts above zero."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for variable in model.variables:
        if "seed_generator" in variable.path or "count" in variable.path:
            continue
        value = rng.normal(0, 0.4, variable.shape)
        if "variance" in variable.path:
            value = np.abs(value) + 0.2
        variable.assign(value.astype(np.float32))
    for layer in model.layers:
        if isinstance(layer, L.Normalization):
            layer.finalize_state()


def given(model):
    """The inputs of a model: ids below 10 for an embedding, and where no floats are taken."""
    ids = any(isinstance(layer, L.Embedding) for layer in model.layers) or any(x.dtype != "float32" for x in model.inputs)
    shapes = [[2 if n == 0 else 6 if size is None else size for n, size in enumerate(x.shape)] for x in model.inputs]
    return [inputs(shape, index, 10 if ids else None) for index, shape in enumerate(shapes)], shapes, ids


def described(model, name):
    x, shapes, ids = given(model)
    facts = {"name": name, "inputs": shapes, "ids": ids, "parameters": int(model.count_params())}
    if name.startswith("trained"):
        y = np.tanh(x[0][:, :3] * 3)
        for _ in range(4):
            model.train_on_batch(x[0], y)
    asked = dict(zip([i.name for i in model.inputs], x)) if isinstance(getattr(model, "_inputs_struct", None), dict) else x if len(x) > 1 else x[0]
    outputs = model.predict(asked, verbose=0)
    outputs = [outputs[key] for key in outputs] if isinstance(outputs, dict) else outputs if isinstance(outputs, list) else [outputs]
    facts["outputs"] = [np.round(output.astype(np.float64), 9).reshape(-1).tolist() for output in outputs]
    return facts


def after_training_on(path, facts):
    """How the training goes on after the file is loaded."""
    model = keras.models.load_model(path)
    x, _, _ = given(model)
    y = np.tanh(x[0][:, :3] * 3)
    facts["later_losses"] = [float(np.asarray(model.train_on_batch(x[0], y)).reshape(-1)[0]) for _ in range(3)]
    facts["later_outputs"] = np.round(model.predict(x[0], verbose=0).astype(np.float64), 9).reshape(-1).tolist()


def main():
    folder = pathlib.Path(__file__).parent
    listed = []
    with tempfile.TemporaryDirectory() as temporary, zipfile.ZipFile(folder / "models.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:

        def put(name, content):
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            whole.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)

        for name, make in MODELS.items():
            keras.utils.clear_session()
            keras.utils.set_random_seed(7)
            model = make()
            fill(model, name)
            facts = described(model, name)
            for kind in ["keras", "h5"]:
                path = f"{temporary}/{name}.{kind}"
                model.save(path)
                put(f"{name}.{kind}", pathlib.Path(path).read_bytes())
            if name.startswith("trained"):
                after_training_on(f"{temporary}/{name}.keras", facts)
            listed.append(facts)
        for name in ["residual", "nested_and_frozen", "bidirectional"]:
            keras.utils.clear_session()
            model = MODELS[name]()
            fill(model, name)
            path = f"{temporary}/{name}.weights.h5"
            model.save_weights(path)
            put(f"{name}.weights.h5", pathlib.Path(path).read_bytes())
        head = {"keras": keras.__version__, "models": listed}
        put("models.json", json.dumps(head))
    print(len(listed), "models,", (folder / "models.zip").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
