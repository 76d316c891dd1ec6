"""Dense, the activations, the layers that only reshape, Dropout at inference, and regularizers."""

from math import erf

import keras
import numpy as np

from common import Family, described, distinct, f32, generator, layer_case, normal

# Where an activation or its slope jumps: inputs stay away from there.
KINKS = {
    "relu": [0],
    "relu6": [0, 6],
    "leaky_relu": [0],
    "elu": [0],
    "selu": [0],
    "softsign": [0],
    "hard_sigmoid": [-3, 3],
    "hard_silu": [-3, 3],
}
ACTIVATIONS = [
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "exponential",
    "silu",
    "hard_silu",
    "mish",
    "softmax",
    "log_softmax",
    "log_sigmoid",
]
# Arguments far out, where a formula written carelessly overflows or loses every digit.
FAR = np.array([-1000.0, -100.0, -30.0, -9.0, -1e-4, 1e-4, 9.0, 30.0, 88.0, 1000.0])


def make():
    family = Family("layers", "Forward pass and gradients of single layers; see README.md for the format.")
    dense(family)
    activations(family)
    reshaping(family)
    regularizers(family)
    options(family)
    normalization(family)
    return family


def dense(family):
    for activation in ACTIVATIONS:
        dense_case(family, f"dense_{activation}", [5, 4], units=7, activation=activation)
    dense_case(family, "dense_swish_alias", [2, 3], units=2, activation="swish")
    dense_case(family, "dense_no_bias", [5, 4], units=3, use_bias=False)
    dense_case(family, "dense_no_bias_relu", [5, 4], units=3, use_bias=False, activation="relu")
    dense_case(family, "dense_one_unit", [6, 3], units=1)
    dense_case(family, "dense_one_unit_sigmoid", [6, 3], units=1, activation="sigmoid")
    dense_case(family, "dense_one_by_one", [1, 1], units=1)
    dense_case(family, "dense_wide", [3, 37], units=19, activation="tanh")
    dense_case(family, "dense_three_axes", [3, 5, 4], units=6, activation="relu")
    dense_case(family, "dense_three_axes_softmax", [2, 3, 4], units=5, activation="softmax")
    dense_case(family, "dense_four_axes", [2, 3, 1, 5], units=4, activation="tanh")
    dense_case(family, "dense_four_axes_no_bias", [2, 3, 2, 5], units=3, use_bias=False)


def dense_case(family, name, shape, **options):
    layer = keras.layers.Dense(**options, name="dense")
    kinks = np.array(KINKS.get(options.get("activation"), []))
    rng = generator(f"dense/{name}")
    while True:
        x = normal(rng, shape, 1.5)
        kernel, bias = normal(rng, (shape[-1], options["units"])), normal(rng, (options["units"],))
        before = x @ kernel + (bias if options.get("use_bias", True) else 0)
        if not len(kinks) or np.abs(before[..., None] - kinks).min() > 0.015:
            break
    special = {"kernel": lambda _: kernel, "bias": lambda _: bias}
    case, (output,) = layer_case(family, name, layer, x, special=special)
    if options.get("activation") in (None, "linear"):
        np.testing.assert_allclose(output, before, rtol=1e-12)
    if options.get("activation") == "softmax":
        exp = np.exp(before)
        np.testing.assert_allclose(output, exp / exp.sum(-1, keepdims=True), rtol=1e-12)


def activations(family):
    for activation in ACTIVATIONS:
        rng = generator(f"activation/{activation}")
        x = normal(rng, [4, 9], 2.5, KINKS.get(activation, []))
        layer = keras.layers.Activation(activation)
        case, (output,) = layer_case(family, f"activation_{activation}", layer, x)
        check(activation, x, output)
        if activation != "exponential":
            far = f32(FAR.reshape(2, 5))
            layer_case(family, f"activation_{activation}_far", keras.layers.Activation(activation), far)
    rng = generator("activation/variants")
    x = normal(rng, [4, 9], 2.5, [0])
    approximate = keras.layers.Lambda(lambda x: keras.activations.gelu(x, approximate=True))
    lambda_case(family, "gelu_approximate", "gelu", {"approximate": True}, approximate, x)
    for axis in (1, -2):
        layer_case(family, f"softmax_axis_{axis}", keras.layers.Softmax(axis=axis), normal(rng, [2, 5, 3]))
    layer_case(family, "relu_layer", keras.layers.ReLU(), x)
    layer_case(family, "relu_layer_max", keras.layers.ReLU(max_value=2.0), normal(rng, [4, 9], 2, [0, 2]))
    layer = keras.layers.ReLU(max_value=3.0, negative_slope=0.1, threshold=0.5)
    layer_case(family, "relu_layer_all_options", layer, normal(rng, [4, 9], 3, [0.5, 3]))
    layer_case(family, "leaky_relu_layer", keras.layers.LeakyReLU(), x)
    layer_case(family, "leaky_relu_layer_slope", keras.layers.LeakyReLU(negative_slope=0.05), x)
    layer_case(family, "elu_layer_alpha", keras.layers.ELU(alpha=0.7), x)


def lambda_case(family, name, function, arguments, layer, x):
    """An activation with arguments, which no layer takes: the case says the function instead of the layer."""
    case, outputs = layer_case(family, name, layer, x)
    case.facts(class_name="Activation", config={"activation": function, "arguments": arguments})


def check(activation, x, output):
    """A second opinion on the functions whose formula fits a line."""
    formulas = {
        "gelu": lambda: x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2))),
        "leaky_relu": lambda: np.where(x > 0, x, 0.2 * x),
        "hard_sigmoid": lambda: np.clip(x / 6 + 0.5, 0, 1),
        "hard_silu": lambda: x * np.clip(x / 6 + 0.5, 0, 1),
        "softplus": lambda: np.log1p(np.exp(x)),
        "mish": lambda: x * np.tanh(np.log1p(np.exp(x))),
        "selu": lambda: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    }
    if activation in formulas:
        np.testing.assert_allclose(output, formulas[activation](), rtol=1e-6, atol=1e-12)


def reshaping(family):
    rng = generator("reshaping")
    layer_case(family, "flatten", keras.layers.Flatten(), normal(rng, [2, 3, 4, 5]))
    layer_case(family, "flatten_two_axes", keras.layers.Flatten(), normal(rng, [3, 4]))
    layer_case(family, "flatten_vector", keras.layers.Flatten(), normal(rng, [3]))
    layer_case(family, "reshape", keras.layers.Reshape((2, 6)), normal(rng, [3, 3, 4]))
    layer_case(family, "reshape_unknown", keras.layers.Reshape((3, -1, 2)), normal(rng, [2, 4, 9]))
    layer_case(family, "reshape_flat", keras.layers.Reshape((-1,)), normal(rng, [2, 3, 5]))
    layer_case(family, "permute", keras.layers.Permute((3, 1, 2)), normal(rng, [2, 3, 4, 5]))
    layer_case(family, "repeat_vector", keras.layers.RepeatVector(3), normal(rng, [2, 4]))
    layer_case(family, "rescaling", keras.layers.Rescaling(1 / 127.5, offset=-1), f32(rng.integers(0, 256, (2, 3, 3))))
    for rate in (0.0, 0.2, 0.5):
        layer = keras.layers.Dropout(rate)
        layer_case(family, f"dropout_inference_{rate}", layer, normal(rng, [3, 5]), call={"training": False})
    layer_case(
        family, "dropout_rate_0_training", keras.layers.Dropout(0.0), normal(rng, [3, 5]), call={"training": True}
    )


def regularizers(family):
    kinds = {
        "l1": keras.regularizers.L1(0.03),
        "l2": keras.regularizers.L2(0.02),
        "l1_l2": keras.regularizers.L1L2(l1=0.03, l2=0.02),
        "l1_default": keras.regularizers.L1(),
        "l2_default": keras.regularizers.L2(),
        "l1_l2_default": keras.regularizers.L1L2(),
    }
    for kind, regularizer in kinds.items():
        for place in ("kernel", "bias", "activity"):
            if kind.endswith("_default") and place != "kernel":
                continue
            dense = keras.layers.Dense(3, name="dense", **{f"{place}_regularizer": regularizer})
            regularized(family, f"{place}_{kind}", dense)
    everything = {f"{place}_regularizer": kinds["l1_l2"] for place in ("kernel", "bias", "activity")}
    regularized(family, "everything_l1_l2", keras.layers.Dense(3, name="dense", **everything))


def options(family):
    """Layers that came later: cases of their own stream, so that the others stay as they are."""
    rng = generator("options")
    layers = keras.layers
    x = normal(rng, [4, 9], 2.5, [0])
    layer_case(family, "relu_layer_threshold", layers.ReLU(threshold=0.75), normal(rng, [4, 9], 2, [0.75]))
    layer_case(family, "relu_layer_slope_and_max", layers.ReLU(negative_slope=0.2, max_value=1.5), normal(rng, [4, 9], 2, [0, 1.5]))
    layer_case(family, "elu_layer", layers.ELU(), x)
    layer_case(family, "prelu_layer", layers.PReLU(), x)
    picture = normal(rng, [2, 3, 4, 5], 1.5, [0])
    layer_case(family, "prelu_layer_shared", layers.PReLU(shared_axes=[1, 2]), picture)
    layer_case(family, "prelu_layer_shared_last", layers.PReLU(shared_axes=[2, 3]), picture)
    regularizer = keras.regularizers.L2(0.05)
    layer_case(family, "prelu_layer_regularized", layers.PReLU(alpha_regularizer=regularizer), x)
    layer_case(family, "softmax_two_axes", layers.Softmax(axis=(1, 2)), normal(rng, [2, 4, 3]))
    mask = rng.random((4, 9)) < 0.6
    mask[2] = False
    layer_case(family, "softmax_masked", layers.Softmax(), {"input": x, "mask": mask})
    series = distinct(rng, [2, 4, 3])
    layer_case(family, "activity_regularization", layers.ActivityRegularization(l1=0.03, l2=0.02), series)
    for kind in ("GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout1D"):
        layer_case(family, f"{kind.lower()}_inference", getattr(layers, kind)(0.3), series, call={"training": False})
    layer_case(family, "spatialdropout2d_inference", layers.SpatialDropout2D(0.3), picture, call={"training": False})
    layer_case(family, "identity", layers.Identity(), series)


def normalization(family):
    rng = generator("normalization layer")
    Normalization = keras.layers.Normalization
    x = normal(rng, [2, 3, 4], 2.0)
    layer_case(family, "normalization_given", Normalization(mean=0.5, variance=2.25), x)
    given = {"mean": [0.5, -1.0, 2.0, 0.25], "variance": [1.0, 4.0, 0.25, 0.0]}
    layer_case(family, "normalization_given_each", Normalization(**given), x)
    layer_case(family, "normalization_given_invert", Normalization(**given, invert=True), x)
    for name, options in {
        "": {},
        "_axis_1": {"axis": 1},
        "_two_axes": {"axis": (1, 2)},
        "_all": {"axis": None},
        "_invert": {"invert": True},
    }.items():
        layer = Normalization(**options)
        data = f32(normal(rng, [5, 3, 4], 2.0) + 3)
        layer.adapt(data)
        case = family.case(f"normalization_adapted{name}", **described(layer), call={})
        case.put("inputs", "input", x).put("inputs", "data", data)
        case.put("outputs", "output", layer(x))
        case.put("adapted", "mean", layer.adapt_mean).put("adapted", "variance", layer.adapt_variance)


def regularized(family, name, layer):
    """Weights and outputs stay off zero, where |w| has no slope."""
    rng = generator(f"regularized/{name}")
    while True:
        x = distinct(rng, [5, 4], 0.13)
        kernel, bias = distinct(rng, [4, 3], 0.17), f32(distinct(rng, [3], 0.31) + 0.125)
        if np.abs(x @ kernel + bias).min() > 0.01:
            break
    special = {"kernel": lambda _: kernel, "bias": lambda _: bias}
    case, (output,) = layer_case(family, f"regularized_{name}", layer, x, special=special)
    tensor = {"kernel_l2": kernel, "bias_l2": bias, "activity_l2": output}.get(name)
    if tensor is not None:
        # No factor of one half; the penalty of an activity, and no other, is divided by the batch size.
        expected = 0.02 * np.sum(tensor**2) / (len(x) if name == "activity_l2" else 1)
        np.testing.assert_allclose(case.entry["losses"], [expected], rtol=1e-6)
