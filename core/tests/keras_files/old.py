#!/usr/bin/env python3
"""Makes old.zip: models that Keras 2 (tf_keras 2.21) saved, as `.h5` and as `.keras`, with what they predict: `python old.py`."""

import json
import os
import pathlib
import tempfile
import zipfile
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tf_keras as keras
from google.protobuf import json_format
from tf_keras.src.engine.base_layer import TensorFlowOpLayer

L = keras.layers
MODELS = {}


def model(make):
    MODELS[make.__name__] = make
    return make


@model
def functions():
    x = keras.Input((4, 3))
    a = 3.0 - (x * 2.0 + 1.0) / 4.0
    c = tf.reduce_mean(x, axis=1)
    d = tf.concat([c, tf.reduce_max(a, axis=1), x[:, 0], x[:, -1, :], tf.reduce_sum(x[:, 1:3], axis=1)], axis=-1)
    e = tf.nn.relu(tf.reshape(tf.transpose(x, [0, 2, 1]), [-1, 12]))
    f = tf.clip_by_value(tf.exp(e), 1.0, 1.2)
    g = tf.squeeze(tf.math.sigmoid(tf.expand_dims(c, 1)), axis=1) ** 2.0
    h = tf.maximum(x, 0.1) - tf.abs(x)
    i = tf.nn.softmax(tf.stack([c, -c], axis=1))
    j = tf.cast(tf.sqrt(tf.square(x) + 0.5), tf.float32)
    k = tf.matmul(x, L.Dense(4)(L.Permute((2, 1))(x)))
    return keras.Model(x, [L.Dense(2)(d), f, g, h, i, j, k])


def operation(function, *operands):
    """What Keras of TensorFlow 2.0 to 2.3 made of an operation: its node, with the operands that are no tensors as constants."""
    constants = {i: np.asarray(x) for i, x in enumerate(operands) if isinstance(x, (np.generic, np.ndarray))}
    tensors = [x for i, x in enumerate(operands) if i not in constants]
    with tf.Graph().as_default():
        like = [tf.constant(constants[i]) if i in constants else tf.compat.v1.placeholder(x.dtype, x.shape) for i, x in enumerate(operands)]
        node = function(*like).op.node_def
    node.name = f"{node.op}_{len(NODES)}"
    NODES.append(node)
    return TensorFlowOpLayer(json_format.MessageToDict(node), node.name, constants)(tensors[0] if len(tensors) == 1 else tensors)


NODES = []


@model
def operations():
    raw, x, single = tf.raw_ops, keras.Input((4, 3)), np.float32
    scaled = operation(lambda x, y: raw.AddV2(x=x, y=y), operation(lambda x, y: raw.Mul(x=x, y=y), x, single(2.0)), single(1.0))
    a = operation(lambda x, y: raw.Sub(x=x, y=y), single(3.0), operation(lambda x, y: raw.RealDiv(x=x, y=y), scaled, single(4.0)))
    b = operation(lambda x, axis: raw.Mean(input=x, axis=axis, keep_dims=False), x, np.int32([1]))
    kept = operation(lambda x, axis: raw.Max(input=x, axis=axis, keep_dims=True), x, np.int32(-1))
    c = operation(lambda x, y: raw.Maximum(x=x, y=y), operation(lambda x: raw.Neg(x=x), kept), x)
    d = operation(lambda x, y, axis: raw.ConcatV2(values=[x, y], axis=axis), x, L.Dense(2)(x), np.int32(-1))
    e = operation(lambda x, y: raw.Pack(values=[x, y], axis=1), b, operation(lambda x: raw.Tanh(x=x), b))
    f = operation(lambda x: raw.LeakyRelu(features=x, alpha=0.3), x)
    g = operation(lambda x, perm: raw.Transpose(x=x, perm=perm), x, np.int32([0, 2, 1]))
    h = operation(lambda x, shape: raw.Reshape(tensor=x, shape=shape), operation(lambda x: raw.Cast(x=x, DstT=tf.float32), g), np.int32([-1, 12]))
    i = operation(lambda x, y: raw.BatchMatMulV2(x=x, y=y), x, g)
    j = operation(lambda x: raw.Squeeze(input=x, axis=[1]), operation(lambda x, axis: raw.ExpandDims(input=x, axis=axis), b, np.int32(1)))

    def cut(x, begin, end, strides):
        return raw.StridedSlice(input=x, begin=begin, end=end, strides=strides, begin_mask=1, end_mask=1, shrink_axis_mask=4)

    k = operation(cut, x, np.int32([0, 1, 2]), np.int32([0, 3, 3]), np.int32([1, 1, 1]))
    return keras.Model(x, [L.Dense(2)(L.Flatten()(a)), b, c, d, e, f, h, i, j, k])


@model
def noise_and_scales():
    x = keras.Input((4, 4, 3))
    y = L.Rescaling([2.0, 0.5, -1.0], offset=[0.0, 1.0, 0.25])(x)
    y = L.Conv2D(4, 3, padding="same", name="block1/conv")(y)
    y = L.BatchNormalization(name="block1/bn")(y)
    y = L.Dropout(0.3, noise_shape=(None, 1, 1, 1), name="block1/drop")(y)
    y = L.DepthwiseConv2D(3, name="block2/depthwise/conv")(L.Rescaling([1.0, 2.0, 3.0, 4.0])(y))
    return keras.Model(x, L.Dense(2, name="top/dense")(L.Flatten()(y)))


@model
def cells():
    hard = {"recurrent_activation": "hard_sigmoid"}
    steps = L.RNN(L.GRUCell(3, reset_after=False, **hard), return_sequences=True)
    return keras.Sequential([keras.Input((6, 3)), steps, L.RNN(L.LSTMCell(4, **hard), return_sequences=True), L.RNN(L.SimpleRNNCell(2))])


@model
def called_for_inference():
    base = keras.Sequential([keras.Input((4, 3)), L.Dense(5), L.BatchNormalization(), L.Dropout(0.0)], name="base")
    base.trainable = False
    x = keras.Input((4, 3))
    return keras.Model(x, L.GRU(2)(base(x, training=False), training=False))


def trained(optimizer, loss="mse", metrics=None):
    model = keras.Sequential([keras.Input((4,)), L.Dense(5, activation="relu"), L.BatchNormalization(), L.Dense(3)])
    model.compile(optimizer, loss=loss, metrics=metrics)
    return model


@model
def trained_by_adam():
    return trained(keras.optimizers.Adam(0.01), metrics=["mae"])


@model
def trained_by_legacy_adam():
    return trained(keras.optimizers.legacy.Adam(0.01, decay=0.1), loss="mean_squared_error", metrics=["mean_absolute_error"])


@model
def trained_by_sgd():
    return trained(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True))


@model
def trained_by_legacy_rmsprop():
    return trained(keras.optimizers.legacy.RMSprop(0.01, momentum=0.1, centered=True), loss=keras.losses.Huber(0.5))


@model
def trained_by_legacy_sgd():
    return trained(keras.optimizers.legacy.SGD(0.05))


def fill(model, name):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for variable in model.variables:
        value = rng.normal(0, 0.4, variable.shape)
        variable.assign((np.abs(value) + 0.2 if "variance" in variable.name else value).astype(np.float32))


def inputs(shape):
    """The formula that the test knows, too."""
    size = int(np.prod(shape))
    return ((np.arange(size) * 7919 % 1000) / 1000 - 0.5).astype(np.float32).reshape(shape)


def rounded(array):
    return np.round(np.asarray(array, np.float64), 9).reshape(-1).tolist()


def main():
    folder = pathlib.Path(__file__).parent
    listed = []
    with tempfile.TemporaryDirectory() as temporary, zipfile.ZipFile(folder / "old.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:

        def put(name, content):
            whole.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)

        for name, make in MODELS.items():
            keras.backend.clear_session()
            model = make()
            fill(model, name)
            shape = [4 if name.startswith("trained") else 2, *model.inputs[0].shape[1:]]
            x = inputs(shape)
            facts = {"name": name, "inputs": [shape], "ids": False, "parameters": int(model.count_params())}
            if name.startswith("trained"):
                y = np.tanh(x[:, :3] * 3)
                for _ in range(4):
                    model.train_on_batch(x, y)
            outputs = model.predict(x, verbose=0)
            facts["outputs"] = [rounded(output) for output in (outputs if isinstance(outputs, list) else [outputs])]
            for kind in ["h5", "keras"]:
                path = f"{temporary}/{name}.{kind}"
                model.save(path)
                put(f"{name}.{kind}", pathlib.Path(path).read_bytes())
            if name.startswith("trained"):
                facts["later_losses"] = [float(np.asarray(model.train_on_batch(x, y)).reshape(-1)[0]) for _ in range(3)]
                facts["later_outputs"] = rounded(model.predict(x, verbose=0))
            listed.append(facts)
        put("models.json", json.dumps({"keras": keras.__version__, "models": listed}))
    print(len(listed), "models,", (folder / "old.zip").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
