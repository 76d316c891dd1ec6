"""Batch, layer, group, unit and RMS normalization: training and inference, and the moving statistics afterwards."""

import keras
import numpy as np

from common import Family, f32, generator, layer_case, normal

layers = keras.layers


def make():
    family = Family("normalization", "Forward pass, gradients and moving statistics of normalization layers.")
    batch(family)
    layer(family)
    return family


def positive(name):
    return lambda shape: generator(f"normalization/{name}").uniform(0.3, 2.0, shape)


def batch(family):
    cases = {
        "vector": ([6, 3], {}),
        "series": ([3, 4, 2], {}),
        "image": ([2, 3, 4, 3], {}),
        "no_scale": ([2, 3, 3, 2], {"scale": False}),
        "no_center": ([5, 3], {"center": False}),
        "neither": ([5, 3], {"scale": False, "center": False}),
        "momentum": ([5, 3], {"momentum": 0.6}),
        "epsilon": ([5, 3], {"epsilon": 0.1}),
        "axis_1": ([2, 3, 4], {"axis": 1}),
    }
    for name, (shape, options) in cases.items():
        rng = generator(f"batch_normalization/{name}")
        x = f32(normal(rng, shape, 1.5) + 0.5)
        special = {"moving_variance": positive(name), "gamma": positive(f"{name}/gamma")}
        for training in (True, False):
            full = f"batch_normalization_{name}_{'training' if training else 'inference'}"
            call = {"training": training}
            case, (output,) = layer_case(
                family, full, layers.BatchNormalization(**options), x, special=special, call=call
            )
            assert ("weights_after" in case.entry) == training
            if name == "neither" and training:
                # The variance is that of the batch, divided by n, not by n - 1; the moving one takes the same.
                expected = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
                np.testing.assert_allclose(output, expected, rtol=1e-6)
                before = family.tensors[f"{full}/weight/moving_variance"]
                after = family.tensors[f"{full}/after/moving_variance"]
                np.testing.assert_allclose(after, 0.99 * before + 0.01 * x.var(0), rtol=1e-5)
    penalties = {"beta_regularizer": keras.regularizers.L1(0.03), "gamma_regularizer": keras.regularizers.L2(0.02)}
    for kind in (layers.BatchNormalization, layers.LayerNormalization):
        name = f"{kind.__name__.lower()}_regularized"
        x = normal(generator(name), [5, 3])
        layer_case(family, name, kind(**penalties), x, call={"training": True} if "batch" in name else None)
    # Frozen, the layer uses its moving statistics even while the model trains.
    frozen = layers.BatchNormalization(trainable=False)
    x = normal(generator("batch_normalization/frozen"), [5, 3])
    case, _ = layer_case(
        family,
        "batch_normalization_frozen",
        frozen,
        x,
        special={"moving_variance": positive("frozen")},
        call={"training": True},
    )
    assert "weights_after" not in case.entry
    x = normal(generator("batch_normalization/masked"), [3, 4, 2])
    mask = np.array([[True, True, False, False], [True, False, True, True], [True, True, True, True]])
    special = {"moving_variance": positive("masked")}
    inputs = {"input": x, "mask": mask}
    layer_case(
        family,
        "batch_normalization_masked",
        layers.BatchNormalization(),
        inputs,
        special=special,
        call={"training": True},
    )


def layer(family):
    kinds = {
        "layer_normalization": (layers.LayerNormalization, [4, 5], {}),
        "layer_normalization_series": (layers.LayerNormalization, [2, 3, 4], {}),
        "layer_normalization_two_axes": (layers.LayerNormalization, [2, 3, 4], {"axis": [1, 2]}),
        "layer_normalization_no_scale": (layers.LayerNormalization, [4, 5], {"scale": False}),
        "layer_normalization_no_center": (layers.LayerNormalization, [4, 5], {"center": False}),
        "layer_normalization_epsilon": (layers.LayerNormalization, [4, 5], {"epsilon": 0.1}),
        "group_normalization": (layers.GroupNormalization, [2, 3, 3, 4], {"groups": 2}),
        "unit_normalization": (layers.UnitNormalization, [4, 5], {}),
        "rms_normalization": (layers.RMSNormalization, [4, 5], {}),
    }
    kinds |= {
        "layer_normalization_axes_apart": (layers.LayerNormalization, [2, 3, 2, 4], {"axis": [1, 3]}),
        "group_normalization_vector": (layers.GroupNormalization, [4, 6], {"groups": 3}),
        "group_normalization_each": (layers.GroupNormalization, [2, 3, 4], {"groups": -1, "epsilon": 0.1}),
        "group_normalization_axis_1": (layers.GroupNormalization, [2, 4, 3], {"groups": 2, "axis": 1}),
        "group_normalization_neither": (layers.GroupNormalization, [2, 3, 4], {"groups": 2, "scale": False, "center": False}),
        "unit_normalization_two_axes": (layers.UnitNormalization, [2, 3, 4], {"axis": [1, 2]}),
        "unit_normalization_axis_1": (layers.UnitNormalization, [2, 3, 4], {"axis": 1}),
        "rms_normalization_epsilon": (layers.RMSNormalization, [2, 3, 4], {"epsilon": 0.1}),
        "rms_normalization_two_axes": (layers.RMSNormalization, [2, 3, 4], {"axis": [1, 2]}),
    }
    for name, (kind, shape, options) in kinds.items():
        x = f32(normal(generator(f"normalization/x/{name}"), shape, 1.5) + 0.25)
        layer_case(family, name, kind(**options), x)
