"""Convolutions, pooling, padding and cropping: forward and gradients for every option that changes numbers."""

import keras
import numpy as np
import tensorflow as tf

from common import Family, described, distinct, generator, layer_case, normal, put_weights, set_weights

layers = keras.layers


def make():
    family = Family("convolution", "Forward pass and gradients of convolutions, pooling and padding.")
    two_axes(family)
    one_axis(family)
    transposed(family)
    pooling(family)
    shapes(family)
    check(family)
    return family


def two_axes(family):
    base = {"filters": 4, "kernel_size": 3}
    cases = {
        "valid": ([2, 6, 7, 3], {}),
        "same": ([2, 6, 7, 3], {"padding": "same"}),
        "same_even_kernel": ([1, 5, 6, 2], {"padding": "same", "kernel_size": (2, 4)}),
        "stride_2_valid": ([2, 7, 8, 2], {"strides": 2}),
        "stride_2_same_odd": ([2, 7, 7, 2], {"strides": 2, "padding": "same"}),
        "stride_2_same_even": ([2, 8, 6, 2], {"strides": 2, "padding": "same"}),
        "stride_3_same": ([1, 10, 8, 2], {"strides": 3, "padding": "same"}),
        "stride_2x1": ([1, 7, 6, 2], {"strides": (2, 1)}),
        "stride_beyond_kernel": ([1, 7, 7, 2], {"kernel_size": 2, "strides": 3, "padding": "same"}),
        "rectangular_1x7": ([1, 4, 9, 2], {"kernel_size": (1, 7), "padding": "same"}),
        "rectangular_3x1": ([1, 6, 4, 2], {"kernel_size": (3, 1)}),
        "kernel_1x1": ([2, 3, 4, 5], {"kernel_size": 1}),
        "kernel_5": ([1, 7, 7, 1], {"kernel_size": 5}),
        "kernel_fills_image": ([2, 3, 3, 2], {}),
        "no_bias": ([2, 5, 5, 2], {"use_bias": False}),
        "one_filter_one_channel": ([1, 5, 5, 1], {"filters": 1}),
        "many_filters": ([1, 4, 4, 3], {"filters": 17}),
        "dilation_2": ([1, 8, 7, 2], {"dilation_rate": 2}),
        "dilation_2_same": ([1, 7, 7, 2], {"dilation_rate": 2, "padding": "same"}),
        "dilation_3x1": ([1, 9, 5, 2], {"dilation_rate": (3, 1)}),
        "groups_2": ([1, 5, 5, 4], {"groups": 2}),
        "groups_2_same_stride": ([2, 5, 6, 4], {"groups": 2, "padding": "same", "strides": 2}),
    }
    for name, (shape, options) in cases.items():
        x = normal(generator(f"conv2d/{name}"), shape)
        layer = layers.Conv2D(**base | options)
        if layer.groups > 1:
            grouped(family, f"conv2d_{name}", layer, x)
        else:
            layer_case(family, f"conv2d_{name}", layer, x)
    for activation in ("relu", "tanh"):
        x, special = off_zero(f"conv2d_{activation}", [2, 5, 5, 2], layers.Conv2D(**base))
        layer_case(family, f"conv2d_{activation}", layers.Conv2D(**base, activation=activation), x, special=special)
    x = normal(generator("conv2d/regularized"), [1, 5, 5, 2])
    layer = layers.Conv2D(**base, kernel_regularizer=keras.regularizers.L2(0.05))
    layer_case(family, "conv2d_regularized", layer, x)
    for name, (shape, options) in {
        "valid": ([2, 5, 6, 3], {}),
        "same": ([1, 5, 6, 3], {"padding": "same"}),
        "stride_2_same": ([1, 6, 6, 2], {"padding": "same", "strides": 2}),
        "multiplier_2": ([1, 5, 5, 3], {"depth_multiplier": 2}),
        "no_bias": ([1, 5, 5, 2], {"use_bias": False}),
    }.items():
        x = normal(generator(f"depthwise/{name}"), shape)
        layer_case(family, f"depthwise_conv2d_{name}", layers.DepthwiseConv2D(3, **options), x)
    x = normal(generator("separable"), [1, 6, 6, 3])
    layer_case(family, "separable_conv2d", layers.SeparableConv2D(4, 3, padding="same", depth_multiplier=2), x)
    for name, (shape, options) in {
        "valid": ([2, 7, 3], {}),
        "same": ([1, 6, 3], {"padding": "same"}),
        "stride_2_same": ([1, 7, 2], {"padding": "same", "strides": 2}),
        "dilation_2": ([1, 8, 2], {"dilation_rate": 2}),
        "multiplier_2": ([1, 6, 3], {"depth_multiplier": 2}),
        "no_bias": ([1, 5, 2], {"use_bias": False}),
    }.items():
        x = normal(generator(f"depthwise1d/{name}"), shape)
        layer_case(family, f"depthwise_conv1d_{name}", layers.DepthwiseConv1D(3, **options), x)
    for name, (shape, options) in {
        "same": ([2, 7, 3], {"padding": "same", "depth_multiplier": 2}),
        "stride_2": ([1, 9, 2], {"strides": 2, "use_bias": False}),
    }.items():
        x = normal(generator(f"separable1d/{name}"), shape)
        layer_case(family, f"separable_conv1d_{name}", layers.SeparableConv1D(4, 3, **options), x)


def off_zero(name, shape, layer):
    """Input and weights whose outputs before the activation stay away from zero."""
    rng = generator(f"off_zero/{name}")
    layer.build(shape)
    while True:
        x = normal(rng, shape)
        set_weights(layer, rng)
        if np.abs(layer(x).numpy()).min() > 0.01:
            break
    kernel, bias = (np.asarray(weight) for weight in layer.weights)
    return x, {"kernel": lambda _: kernel, "bias": lambda _: bias}


def grouped(family, name, layer, x):
    """TensorFlow has no gradient of a grouped convolution here: the same sum, one convolution a group."""

    def formula(x, kernel):
        parts = zip(tf.split(x, layer.groups, -1), tf.split(kernel, layer.groups, -1))
        joined = [tf.nn.conv2d(part, filters, layer.strides, layer.padding.upper()) for part, filters in parts]
        return tf.concat(joined, -1)

    by_formula(family, name, layer, x, formula)
    np.testing.assert_allclose(layer(x).numpy(), family.tensors[f"{name}/output"], rtol=1e-6, atol=1e-6)


def dilated(family, name, layer, x):
    """TensorFlow spreads no kernel of a transposed convolution here: the same sum, with zeros between its places."""

    def formula(x, kernel):
        for axis, rate in enumerate(layer.dilation_rate):
            places = np.arange(kernel.shape[axis])
            spread = np.zeros([(len(places) - 1) * rate + 1, len(places)])
            spread[places * rate, places] = 1.0
            kernel = keras.ops.moveaxis(tf.tensordot(spread, kernel, [[1], [axis]]), 0, axis)
        return keras.ops.conv_transpose(x, kernel, layer.strides, layer.padding, layer.output_padding)

    by_formula(family, name, layer, x, formula)


def by_formula(family, name, layer, x, formula):
    """A layer with kernel and bias as `formula` of its input and its kernel."""
    rng = generator(f"convolution/{name}")
    layer.build(x.shape)
    set_weights(layer, rng)
    case = family.case(name, **described(layer), call={})
    case.put("inputs", "input", x)
    put_weights(case, layer)
    kernel, bias, tensor = tf.constant(np.asarray(layer.kernel)), tf.constant(np.asarray(layer.bias)), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch([tensor, kernel, bias])
        output = formula(tensor, kernel) + bias
        upstream = normal(rng, tuple(output.shape))
        target = tf.reduce_sum(output * upstream)
    assert tuple(output.shape) == tuple(layer.compute_output_shape(x.shape))
    case.put("outputs", "output", output.numpy()).put("upstream", "upstream", upstream)
    for key, gradient in zip(("input", "kernel", "bias"), tape.gradient(target, [tensor, kernel, bias])):
        case.put("gradients", f"grad/{key}", gradient.numpy())


def one_axis(family):
    base = {"filters": 4, "kernel_size": 3}
    cases = {
        "valid": ([2, 7, 3], {}),
        "same": ([2, 7, 3], {"padding": "same"}),
        "same_even_kernel": ([2, 6, 2], {"padding": "same", "kernel_size": 4}),
        "causal": ([2, 7, 2], {"padding": "causal"}),
        "causal_kernel_5": ([1, 8, 1], {"padding": "causal", "kernel_size": 5}),
        "causal_dilation_2": ([1, 9, 2], {"padding": "causal", "dilation_rate": 2}),
        "causal_dilation_4": ([1, 11, 2], {"padding": "causal", "dilation_rate": 4, "kernel_size": 2}),
        "causal_stride_2": ([1, 8, 2], {"padding": "causal", "strides": 2}),
        "causal_longer_than_input": ([1, 3, 2], {"padding": "causal", "kernel_size": 5}),
        "stride_2_valid": ([2, 8, 2], {"strides": 2}),
        "stride_2_same": ([2, 7, 2], {"strides": 2, "padding": "same"}),
        "dilation_2_valid": ([1, 9, 2], {"dilation_rate": 2}),
        "dilation_2_same": ([1, 8, 2], {"dilation_rate": 2, "padding": "same"}),
        "no_bias": ([2, 6, 2], {"use_bias": False}),
        "kernel_1": ([2, 5, 3], {"kernel_size": 1}),
    }
    for name, (shape, options) in cases.items():
        x = normal(generator(f"conv1d/{name}"), shape)
        layer_case(family, f"conv1d_{name}", layers.Conv1D(**base | options), x)
    options = base | {"padding": "causal"}
    x, special = off_zero("conv1d_causal_relu", [2, 8, 1], layers.Conv1D(**options))
    layer_case(family, "conv1d_causal_relu", layers.Conv1D(**options, activation="relu"), x, special=special)


def transposed(family):
    base = {"filters": 2, "kernel_size": 3}
    same = {"padding": "same"}
    for name, options in {
        "valid": {},
        "same_stride_2": {"padding": "same", "strides": 2},
        "same": same,
        "same_even_kernel": same | {"kernel_size": (2, 4)},
        "stride_2_valid": {"strides": 2},
        "stride_beyond_kernel": {"kernel_size": 2, "strides": 3},
        "stride_beyond_kernel_same": same | {"kernel_size": 2, "strides": 3},
        "stride_2x1_same": same | {"strides": (2, 1)},
        "output_padding": {"strides": 3, "output_padding": (2, 1)},
        "output_padding_0": {"kernel_size": 2, "strides": 3, "output_padding": 0},
        "output_padding_same": same | {"strides": 3, "output_padding": 1},
        "output_padding_0_same": same | {"strides": 2, "output_padding": 0},
        "output_padding_same_even_kernel": same | {"kernel_size": 4, "strides": 2, "output_padding": 1},
        "dilation_2": {"dilation_rate": 2},
        "dilation_2_same": same | {"dilation_rate": 2},
        "no_bias": {"use_bias": False, "activation": "tanh"},
        "regularized": {"kernel_regularizer": keras.regularizers.L2(0.05)},
    }.items():
        x = normal(generator(f"transpose/{name}"), [1, 4, 5, 3])
        case = dilated if "dilation_rate" in options else layer_case
        case(family, f"conv2d_transpose_{name}", layers.Conv2DTranspose(**base | options), x)
    for name, options in {
        "valid": {},
        "same": same,
        "same_stride_2": same | {"strides": 2},
        "stride_3_valid": {"strides": 3, "kernel_size": 2},
        "output_padding": {"strides": 2, "output_padding": 1},
        "output_padding_same": same | {"strides": 3, "output_padding": 0},
        "dilation_2": {"dilation_rate": 2},
        "no_bias": {"use_bias": False},
    }.items():
        x = normal(generator(f"transpose1d/{name}"), [2, 5, 3])
        case = dilated if "dilation_rate" in options else layer_case
        case(family, f"conv1d_transpose_{name}", layers.Conv1DTranspose(**base | options), x)


def pooling(family):
    """No two values of a window tie: the maximum has one place to send its gradient to."""
    for kind in ("Max", "Average"):
        two = {
            "pool_2": ([2, 6, 7, 3], {}),
            "same_odd": ([1, 5, 7, 2], {"padding": "same"}),
            "pool_3_stride_2": ([1, 7, 8, 2], {"pool_size": 3, "strides": 2}),
            "pool_3_stride_2_same": ([1, 7, 8, 2], {"pool_size": 3, "strides": 2, "padding": "same"}),
            "pool_3_stride_1_same": ([1, 5, 5, 2], {"pool_size": 3, "strides": 1, "padding": "same"}),
            "pool_2x3": ([1, 6, 7, 2], {"pool_size": (2, 3)}),
            "stride_beyond_pool": ([1, 8, 8, 1], {"pool_size": 2, "strides": 3}),
        }
        for name, (shape, options) in two.items():
            x = distinct(generator(f"{kind}2d/{name}"), shape)
            layer_case(
                family,
                f"{kind.lower()}_pooling2d_{name}",
                getattr(layers, f"{kind}Pooling2D")(**{"pool_size": 2} | options),
                x,
            )
        one = {
            "pool_2": ([2, 7, 3], {}),
            "pool_4": ([1, 12, 2], {"pool_size": 4}),
            "same": ([1, 7, 2], {"padding": "same"}),
            "pool_3_stride_1_same": ([1, 6, 2], {"pool_size": 3, "strides": 1, "padding": "same"}),
            "pool_3_stride_2": ([1, 8, 2], {"pool_size": 3, "strides": 2}),
        }
        for name, (shape, options) in one.items():
            x = distinct(generator(f"{kind}1d/{name}"), shape)
            layer_case(
                family,
                f"{kind.lower()}_pooling1d_{name}",
                getattr(layers, f"{kind}Pooling1D")(**{"pool_size": 2} | options),
                x,
            )
        for axes, shape in ((1, [2, 5, 3]), (2, [2, 3, 4, 3])):
            for keep in (False, True):
                layer = getattr(layers, f"Global{kind}Pooling{axes}D")(keepdims=keep)
                x = distinct(generator(f"global {kind} {axes} {keep}"), shape)
                layer_case(family, f"global_{kind.lower()}_pooling{axes}d{'_keep' if keep else ''}", layer, x)
    # With a mask the average is over the steps that count.
    x = normal(generator("global masked"), [3, 4, 2])
    mask = np.array([[True, True, False, False], [True, False, True, True], [True, True, True, True]])
    layer_case(family, "global_average_pooling1d_masked", layers.GlobalAveragePooling1D(), {"input": x, "mask": mask})


def shapes(family):
    rng = generator("convolution/shapes")
    image, series = normal(rng, [2, 4, 5, 2]), normal(rng, [2, 5, 3])
    layer_case(family, "zero_padding2d", layers.ZeroPadding2D(), image)
    layer_case(family, "zero_padding2d_two", layers.ZeroPadding2D((1, 2)), image)
    layer_case(family, "zero_padding2d_four", layers.ZeroPadding2D(((1, 0), (2, 3))), image)
    layer_case(family, "zero_padding1d", layers.ZeroPadding1D(), series)
    layer_case(family, "zero_padding1d_two", layers.ZeroPadding1D((2, 1)), series)
    layer_case(family, "cropping2d", layers.Cropping2D(((1, 0), (2, 1))), image)
    layer_case(family, "cropping1d", layers.Cropping1D((1, 2)), series)
    layer_case(family, "up_sampling2d", layers.UpSampling2D((2, 3)), image)
    layer_case(family, "up_sampling2d_bilinear", layers.UpSampling2D(2, interpolation="bilinear"), image)
    layer_case(family, "up_sampling2d_bilinear_3x1", layers.UpSampling2D((3, 1), interpolation="bilinear"), image)
    layer_case(family, "up_sampling2d_bilinear_1x4", layers.UpSampling2D((1, 4), interpolation="bilinear"), image)
    layer_case(family, "up_sampling1d", layers.UpSampling1D(2), series)


def check(family):
    """Convolutions as the sums they are: cross-correlation, the odd pixel of "same" behind, causal zeros in front."""
    for name in ("valid", "same_even_kernel", "stride_2_same_even", "dilation_2_same"):
        options, x, kernel, bias, output = stored(family, f"conv2d_{name}")
        strides, dilation = options["strides"], options["dilation_rate"]
        if options["padding"] == "same":
            x = np.pad(
                x, [(0, 0), *(same(*axis) for axis in zip(x.shape[1:3], kernel.shape, strides, dilation)), (0, 0)]
            )
        for row, column in np.ndindex(*output.shape[1:3]):
            y, z = row * strides[0], column * strides[1]
            window = x[:, y : y + (kernel.shape[0] - 1) * dilation[0] + 1 : dilation[0]]
            window = window[:, :, z : z + (kernel.shape[1] - 1) * dilation[1] + 1 : dilation[1]]
            expected = np.einsum("nhwi,hwio->no", window, kernel) + bias
            np.testing.assert_allclose(output[:, row, column], expected, rtol=1e-5, atol=1e-6)
    for name in ("causal", "causal_dilation_2"):
        options, x, kernel, bias, output = stored(family, f"conv1d_{name}")
        dilation = options["dilation_rate"][0]
        x = np.pad(x, [(0, 0), ((len(kernel) - 1) * dilation, 0), (0, 0)])
        for step in range(output.shape[1]):
            window = x[:, step : step + (len(kernel) - 1) * dilation + 1 : dilation]
            expected = np.einsum("nki,kio->no", window, kernel) + bias
            np.testing.assert_allclose(output[:, step], expected, rtol=1e-5, atol=1e-6)


def same(size, kernel, stride, dilation):
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def stored(family, name):
    config = next(case.entry["config"] for case in family.cases if case.name == name)
    keys = ("input", "weight/kernel", "weight/bias", "output")
    return config, *(family.tensors[f"{name}/{key}"].astype(np.float64) for key in keys)
