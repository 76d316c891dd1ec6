"""Makes `applications.json`: what Keras 3.15's networks compute at some of their layers, with weights and pictures out of a formula.

    python vision/tests/golden/applications.py

needs what `tests/golden/requirements.txt` lists. The formula is that of `tests/golden/README.md`, "Whole models": number `i` of a
stream is a hash of the stream's name and `i`. A layer's weights draw from the stream `<application>/<layer>/<weight>`.
"""

import json
import math
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras import applications as A
from keras import layers as L

SIZE = {"inception_v3": 107, "vgg16": 48}


def unit(name, count):
    index = np.arange(count, dtype=np.uint64)
    start = 2166136261
    for byte in name.encode():
        start = (start ^ byte) * 16777619 % 2**32
    h = ((np.uint64(start) + index * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    return ((h ^ (h >> np.uint32(16))) >> np.uint32(8)).astype(np.float32) / np.float32(2**24)


def around(name, shape, centre, radius):
    numbers = (np.float32(2) * unit(name, int(np.prod(shape))) - np.float32(1)) * np.float32(radius) + np.float32(centre)
    return numbers.reshape(shape)


RANGES = {
    "bias": (0.0, 0.1),
    "beta": (0.0, 0.1),
    "gamma": (1.0, 0.2),
    "moving_mean": (0.0, 0.2),
    "moving_variance": (1.0, 0.4),
    "mean": (0.5, 0.1),
    "variance": (0.1, 0.05),
}


def fill(model, application):
    for layer in model.layers:
        for weight in layer.weights:
            kind = weight.path.split("/")[-1]
            if kind == "count":
                continue
            shape = tuple(weight.shape)
            if kind == "kernel":
                fan_in = math.prod(shape[:2]) if isinstance(layer, L.DepthwiseConv2D) else math.prod(shape[:-1])
                centre, radius = 0.0, math.sqrt(6 / fan_in)
            else:
                centre, radius = RANGES[kind]
            value = around(f"{application}/{layer.name}/{kind}", shape, centre, radius)
            weight.assign(value)
        if isinstance(layer, L.Normalization):
            layer.finalize_state()


def squeezenet(**options):
    x = image = keras.Input(options["input_shape"])

    def unit(filters, size, name, x, activation):
        return L.Activation("relu", name=activation)(L.Conv2D(filters, size, padding="same", name=name)(x))

    x = L.MaxPooling2D(3, 2, name="pool1")(L.Activation("relu", name="relu_conv1")(L.Conv2D(64, 3, 2, name="conv1")(x)))
    for n, squeeze, expand in [(2, 16, 64), (3, 16, 64), (4, 32, 128), (5, 32, 128), (6, 48, 192), (7, 48, 192), (8, 64, 256), (9, 64, 256)]:
        few = unit(squeeze, 1, f"fire{n}_squeeze1x1", x, f"fire{n}_relu_squeeze1x1")
        parts = [unit(expand, s, f"fire{n}_expand{s}x{s}", few, f"fire{n}_relu_expand{s}x{s}") for s in (1, 3)]
        x = L.Concatenate(name=f"fire{n}_concat")(parts)
        if n in (3, 5):
            x = L.MaxPooling2D(3, 2, name=f"pool{n}")(x)
    x = L.Activation("relu", name="relu_conv10")(L.Conv2D(options["classes"], 1, name="conv10")(L.Dropout(0.5)(x)))
    return keras.Model(image, L.Activation("softmax", name="loss")(L.GlobalAveragePooling2D()(x)))


def efficientnet_lite0(**options):
    x = image = keras.Input(options["input_shape"])

    def unit(x, layer, name, activation=None):
        x = L.BatchNormalization(name=f"{name}_bn")(layer(x))
        return L.Activation("relu6")(x) if activation else x

    def conv(filters, size, strides, name):
        return L.Conv2D(filters, size, strides, padding="same", use_bias=False, name=f"{name}_conv")

    x = unit(x, conv(32, 3, 2, "stem"), "stem", True)
    channels, n = 32, 0
    for size, blocks, filters, expand, first in [(3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1), (5, 4, 192, 6, 2), (3, 1, 320, 6, 1)]:
        for block in range(blocks):
            strides, y = first if block == 0 else 1, x
            if expand > 1:
                y = unit(y, conv(channels * expand, 1, 1, f"block{n}_expand"), f"block{n}_expand", True)
            depthwise = L.DepthwiseConv2D(size, strides, padding="same", use_bias=False, name=f"block{n}_depthwise_conv")
            y = unit(y, depthwise, f"block{n}_depthwise", True)
            y = unit(y, conv(filters, 1, 1, f"block{n}_project"), f"block{n}_project")
            x = L.Add(name=f"block{n}_add")([y, x]) if strides == 1 and channels == filters else y
            channels, n = filters, n + 1
    x = unit(x, conv(1280, 1, 1, "head"), "head", True)
    x = L.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(image, L.Dense(options["classes"], activation="softmax", name="predictions")(x))


CASES = {
    "inception_v3": (A.InceptionV3, ["activation_4", "mixed0", "mixed3", "mixed7", "mixed8", "mixed10", "predictions"]),
    "mobilenet_v2": (A.MobileNetV2, ["Conv1_relu", "block_3_depthwise_relu", "block_10_project_BN", "out_relu", "predictions"]),
    "resnet50": (A.ResNet50, ["pool1_pool", "conv2_block3_out", "conv4_block1_out", "conv5_block3_out", "predictions"]),
    "efficientnet_b0": (A.EfficientNetB0, ["stem_activation", "block2b_add", "block4a_se_excite", "block6d_project_bn", "top_activation", "predictions"]),
    "vgg16": (A.VGG16, ["block1_pool", "block3_conv3", "block5_pool", "predictions"]),
    "squeezenet": (squeezenet, ["pool1", "fire3_concat", "fire9_concat", "loss"]),
    "efficientnet_lite0": (efficientnet_lite0, ["block3_project_bn", "block9_add", "block15_project_bn", "avg_pool", "predictions"]),
}


def main():
    cases = []
    for name, (make, asked) in CASES.items():
        keras.utils.clear_session()
        size = SIZE.get(name, 64)
        options = {"input_shape": (size, size, 3), "classes": 7}
        if make.__module__.startswith("keras"):
            options["weights"] = None
        model = make(**options)
        fill(model, name)
        x = around(f"{name}/picture", (2, size, size, 3), 128.0 if name == "efficientnet_b0" else 0.0, 127.0 if name == "efficientnet_b0" else 1.0)
        outputs = keras.Model(model.input, [model.get_layer(layer).output for layer in asked])(x, training=False)
        layers = []
        for layer, output in zip(asked, outputs):
            y = np.asarray(output, np.float64)
            flat = y.reshape(-1)
            at = np.unique(np.linspace(0, flat.size - 1, 12).astype(int))
            layers.append({
                "layer": layer, "shape": list(y.shape), "mean": float(y.mean()), "square": float((y * y).mean()), "largest": float(np.abs(y).max()),
                "at": at.tolist(), "values": [float(f"{v:.9g}") for v in flat[at]],
            })
        base = make(**{**options, "include_top": False}) if make.__module__.startswith("keras") else None
        cases.append({
            "name": name, "size": size, "parameters": model.count_params(), "base_parameters": base and base.count_params(),
            "layers_with_weights": [layer.name for layer in model.layers if layer.weights],
            "layers": layers,
        })
        print(name, layers[-1]["values"][:4], [f"{layer['square']:.2g}" for layer in layers])
    lines = ",\n  ".join(json.dumps(case) for case in cases)
    head = f'{{"keras": "{keras.__version__}", "cases": [\n  {lines}\n]}}\n'
    (pathlib.Path(__file__).parent / "applications.json").write_text(head)


main()
