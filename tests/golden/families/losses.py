"""Loss classes: values per sample, every reduction, sample weights, masks, and gradients by the predictions."""

import keras
import numpy as np
import tensorflow as tf

from common import Family, described, f32, generator, normal, probabilities

losses = keras.losses
REDUCTIONS = ["none", "sum", "sum_over_batch_size", "mean_with_sample_weight"]


def make():
    family = Family("losses", "Loss(y_true, y_pred, sample_weight) for every reduction, and gradients by y_pred.")
    regression(family)
    positive(family)
    binary(family)
    categorical(family)
    sparse(family)
    focal(family)
    overlap(family)
    masked(family)
    return family


def loss_case(family, name, make_loss, y_true, y_pred, *, weights=None, dtype="float64", mask=None):
    """`make_loss(reduction, dtype)` builds the loss; `weights` defaults to one weight a value, one of them zero."""
    rng = generator(f"losses/{name}")
    loss = make_loss("sum_over_batch_size", dtype)
    case = family.case(name, **described(loss, "reduction", "fn"), computed_in=dtype)
    case.put("targets", "y_true", y_true, zero=True).put("predictions", "y_pred", y_pred, zero=True)
    values = make_loss("none", dtype)(y_true, tf.constant(y_pred, dtype)).numpy()
    if weights is None:
        weights = f32(rng.uniform(0.25, 2.0, values.shape))
        weights.flat[-1] = 0.0
    case.put("sample_weights", "sample_weight", weights)
    if mask is not None:
        case.put("masks", "mask", mask)
    for prefix, weight in (("output", None), ("weighted", weights)):
        for reduction in REDUCTIONS:
            value, gradient, upstream = evaluate(make_loss(reduction, dtype), y_true, y_pred, weight, mask, dtype, rng)
            case.put("outputs", f"{prefix}/{reduction}", value)
            if reduction == "none":
                case.put("upstream", f"{prefix}/upstream", upstream)
            if reduction in ("none", "sum_over_batch_size"):
                case.put("gradients", f"{prefix}/grad/{reduction}", gradient)
    return case, values


def evaluate(loss, y_true, y_pred, weight, mask, dtype, rng):
    tensor = tf.constant(y_pred, dtype)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        # A fresh tensor carries the mask: the watched one must stay without.
        prediction = tf.identity(tensor)
        if mask is not None:
            prediction._keras_mask = tf.constant(mask)
        value = loss(y_true, prediction, sample_weight=weight)
        upstream = normal(rng, tuple(value.shape), away=[0])
        # One number for the batch is its own target.
        upstream = upstream if value.shape.rank else np.ones(())
        target = tf.reduce_sum(value * tf.cast(upstream, dtype))
    return value.numpy(), tape.gradient(target, tensor).numpy(), upstream


def simple(kind, **options):
    return lambda reduction, dtype: kind(reduction=reduction, dtype=dtype, **options)


def regression(family):
    kinds = {
        "mean_squared_error": simple(losses.MeanSquaredError),
        "mean_absolute_error": simple(losses.MeanAbsoluteError),
        "mean_absolute_percentage_error": simple(losses.MeanAbsolutePercentageError),
        "huber": simple(losses.Huber),
        "huber_0.5": simple(losses.Huber, delta=0.5),
        "log_cosh": simple(losses.LogCosh),
        "cosine_similarity": simple(losses.CosineSimilarity),
    }
    for kind, make_loss in kinds.items():
        for shape in ([5, 3], [6, 1], [2, 4, 3]):
            if kind == "cosine_similarity" and shape == [6, 1]:
                continue
            name = f"{kind}_{'x'.join(map(str, shape))}"
            rng = generator(f"losses/data/{name}")
            y_true = normal(rng, shape, 1.0, [0], 0.2)
            error = normal(rng, shape, 1.2, [0, 0.5, -0.5, 1, -1], 0.03)
            y_pred = f32(y_true + error)
            _, values = loss_case(family, name, make_loss, y_true, y_pred)
            e = y_pred - y_true
            check = {
                "mean_squared_error": e**2,
                "log_cosh": np.log(np.cosh(e)),
                "huber_0.5": np.where(np.abs(e) <= 0.5, e**2 / 2, 0.5 * np.abs(e) - 0.125),
            }.get(kind)
            if check is not None:
                np.testing.assert_allclose(values, check.mean(-1), rtol=1e-6)
    rng = generator("losses/data/log_cosh_far")
    y_true = normal(rng, [3, 4], 1.0, [0])
    loss_case(family, "log_cosh_far", kinds["log_cosh"], y_true, f32(y_true + normal(rng, [3, 4], 200.0, [0], 30)))
    # One axis of values: targets [batch] meet predictions [batch, 1].
    y_true = normal(rng, [5])
    loss_case(family, "mean_squared_error_5_against_5x1", kinds["mean_squared_error"], y_true, normal(rng, [5, 1], 2))
    axis = simple(losses.CosineSimilarity, axis=1)
    loss_case(family, "cosine_similarity_axis_1", axis, normal(rng, [3, 4, 2]), normal(rng, [3, 4, 2]))


def positive(family):
    rng = generator("losses/data/positive")
    y_true, y_pred = f32(rng.uniform(0.3, 4, (5, 3))), f32(rng.uniform(0.3, 4, (5, 3)))
    msle, poisson = simple(losses.MeanSquaredLogarithmicError), simple(losses.Poisson)
    loss_case(family, "mean_squared_logarithmic_error", msle, y_true, y_pred)
    signed = f32(np.where(rng.uniform(size=(5, 3)) < 0.3, -y_pred, y_pred))
    loss_case(family, "mean_squared_logarithmic_error_negative", msle, y_true, signed)
    loss_case(family, "poisson", poisson, f32(rng.poisson(2.0, (5, 3))), y_pred)
    kl = simple(losses.KLDivergence)
    for shape in ([5, 4], [2, 3, 4]):
        name = f"kl_divergence_{'x'.join(map(str, shape))}"
        loss_case(family, name, kl, probabilities(rng, shape), probabilities(rng, shape))
    hinge_labels = f32(rng.integers(0, 2, (5, 3)) * 2 - 1)
    scores = normal(rng, [5, 3], 1.5, [-1, 1])
    loss_case(family, "hinge", simple(losses.Hinge), hinge_labels, scores)
    loss_case(family, "squared_hinge", simple(losses.SquaredHinge), hinge_labels, scores)
    loss_case(family, "categorical_hinge", simple(losses.CategoricalHinge), np.eye(3)[[0, 2, 1, 1, 0]], scores)


def binary(family):
    rng = generator("losses/data/binary")
    kind = losses.BinaryCrossentropy
    for shape in ([6, 1], [4, 3], [2, 5, 1]):
        y_true = f32(rng.integers(0, 2, shape))
        y_pred, logits = f32(rng.uniform(0.02, 0.98, shape)), normal(rng, shape, 3)
        size = "x".join(map(str, shape))
        _, values = loss_case(family, f"binary_crossentropy_{size}", simple(kind), y_true, y_pred)
        expected = -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred)).mean(-1)
        np.testing.assert_allclose(values, expected, rtol=1e-9)
        loss_case(family, f"binary_crossentropy_logits_{size}", simple(kind, from_logits=True), y_true, logits)
    y_true = f32(rng.integers(0, 2, (5, 2)))
    y_pred, logits = f32(rng.uniform(0.02, 0.98, (5, 2))), normal(rng, [5, 2], 3)
    loss_case(family, "binary_crossentropy_smoothing", simple(kind, label_smoothing=0.1), y_true, y_pred)
    smooth = simple(kind, label_smoothing=0.2, from_logits=True)
    loss_case(family, "binary_crossentropy_smoothing_logits", smooth, y_true, logits)
    loss_case(family, "binary_crossentropy_soft_targets", simple(kind), f32(rng.uniform(0, 1, (5, 2))), y_pred)
    far = f32([[1000.0, -1000.0], [-80.0, 80.0], [1e-4, -1e-4], [20.0, -15.0]])
    labels = f32([[0, 1], [1, 0], [1, 0], [1, 1]])
    loss_case(family, "binary_crossentropy_logits_far", simple(kind, from_logits=True), labels, far)
    saturated = f32([[0.0, 1.0], [1.0, 0.0], [1e-9, 1e-5], [0.5, 0.25]])
    loss_case(family, "binary_crossentropy_saturated", simple(kind), labels, saturated, dtype="float32")


def categorical(family):
    rng = generator("losses/data/categorical")
    kind = losses.CategoricalCrossentropy
    for shape in ([6, 4], [2, 3, 5]):
        y_true = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        y_pred, logits = probabilities(rng, shape), normal(rng, shape, 3)
        size = "x".join(map(str, shape))
        loss_case(family, f"categorical_crossentropy_{size}", simple(kind), y_true, y_pred)
        logit_loss = simple(kind, from_logits=True)
        _, values = loss_case(family, f"categorical_crossentropy_logits_{size}", logit_loss, y_true, logits)
        expected = np.log(np.exp(logits).sum(-1)) - (y_true * logits).sum(-1)
        np.testing.assert_allclose(values, expected, rtol=1e-9)
    y_true = np.eye(4)[rng.integers(0, 4, 5)]
    y_pred, logits = probabilities(rng, [5, 4]), normal(rng, [5, 4], 3)
    loss_case(family, "categorical_crossentropy_smoothing", simple(kind, label_smoothing=0.1), y_true, y_pred)
    smooth = simple(kind, label_smoothing=0.2, from_logits=True)
    loss_case(family, "categorical_crossentropy_smoothing_logits", smooth, y_true, logits)
    soft = probabilities(rng, [5, 4])
    loss_case(family, "categorical_crossentropy_soft_targets", simple(kind), soft, y_pred)
    unnormalized = f32(rng.uniform(0.1, 2, (5, 4)))
    loss_case(family, "categorical_crossentropy_unnormalized", simple(kind), y_true, unnormalized)
    far = f32([[1000.0, -1000.0, 3.0], [-500.0, 80.0, 70.0], [0.1, 0.2, 0.3]])
    labels = np.eye(3)[[1, 2, 0]]
    loss_case(family, "categorical_crossentropy_logits_far", simple(kind, from_logits=True), labels, far)
    saturated = f32([[0.25, 0.5, 0.25], [1.0, 0.0, 0.0], [0.0, 1e-9, 1.0], [0.0, 1.0, 0.0]])
    loss_case(
        family, "categorical_crossentropy_saturated", simple(kind), np.eye(3)[[0, 1, 2, 1]], saturated, dtype="float32"
    )


def sparse(family):
    rng = generator("losses/data/sparse")
    kind = losses.SparseCategoricalCrossentropy
    name = "sparse_categorical_crossentropy"
    for shape, label_shape in (([6, 4], [6]), ([6, 4], [6, 1]), ([2, 3, 5], [2, 3])):
        y_true = rng.integers(0, shape[-1], label_shape)
        size = f"{'x'.join(map(str, label_shape))}_against_{'x'.join(map(str, shape))}"
        loss_case(family, f"{name}_{size}", simple(kind), y_true, probabilities(rng, shape))
        loss_case(family, f"{name}_logits_{size}", simple(kind, from_logits=True), y_true, normal(rng, shape, 3))
    unnormalized = f32(rng.uniform(0.1, 2, (5, 4)))
    loss_case(family, f"{name}_unnormalized", simple(kind), rng.integers(0, 4, 5), unnormalized)
    far = f32([[1000.0, -1000.0, 3.0], [-500.0, 80.0, 70.0], [0.1, 0.2, 0.3]])
    loss_case(family, f"{name}_logits_far", simple(kind, from_logits=True), np.array([1, 2, 0]), far)
    saturated = f32([[0.25, 0.5, 0.25], [1.0, 0.0, 0.0], [0.0, 1e-9, 1.0], [0.0, 1.0, 0.0]])
    loss_case(family, f"{name}_saturated", simple(kind), np.array([0, 1, 2, 1]), saturated, dtype="float32")
    ignored = simple(kind, from_logits=True, ignore_class=0)
    loss_case(family, f"{name}_ignore_class", ignored, np.array([[1, 0, 3], [0, 2, 2]]), normal(rng, [2, 3, 4], 2))


def focal(family):
    rng = generator("losses/data/focal")
    kind = losses.BinaryFocalCrossentropy
    options = {
        "": {},
        "_balanced": {"apply_class_balancing": True, "alpha": 0.4, "gamma": 3.0},
        "_gamma_0": {"gamma": 0.0},
        "_gamma_half": {"gamma": 0.5, "label_smoothing": 0.2},
    }
    for name, chosen in options.items():
        y_true, y_pred = f32(rng.integers(0, 2, (5, 3))), f32(rng.uniform(0.02, 0.98, (5, 3)))
        loss_case(family, f"binary_focal_crossentropy{name}", simple(kind, **chosen), y_true, y_pred)
    logits = simple(kind, from_logits=True, label_smoothing=0.1)
    loss_case(family, "binary_focal_crossentropy_logits", logits, y_true, normal(rng, [5, 3], 3))
    kind = losses.CategoricalFocalCrossentropy
    options = {
        "": {},
        "_alphas": {"alpha": [0.25, 1.0, 0.5, 2.0], "gamma": 1.5},
        "_gamma_0": {"gamma": 0.0, "alpha": 1.0},
        "_smoothing": {"label_smoothing": 0.2},
    }
    for name, chosen in options.items():
        y_true, y_pred = np.eye(4)[rng.integers(0, 4, 5)], probabilities(rng, [5, 4])
        loss_case(family, f"categorical_focal_crossentropy{name}", simple(kind, **chosen), y_true, y_pred)
    logits = simple(kind, from_logits=True)
    loss_case(family, "categorical_focal_crossentropy_logits", logits, y_true, normal(rng, [5, 4], 3))
    y_true, y_pred = np.eye(3)[rng.integers(0, 3, (2, 4))], probabilities(rng, [2, 4, 3])
    loss_case(family, "categorical_focal_crossentropy_steps", simple(kind), y_true, y_pred)


def overlap(family):
    rng = generator("losses/data/overlap")
    shape = [3, 4, 4, 2]
    y_true, y_pred = f32(rng.integers(0, 2, shape)), f32(rng.uniform(0.02, 0.98, shape))
    weights = f32(rng.uniform(0.25, 2.0, 3))
    kinds = {"dice": (losses.Dice, {}), "tversky": (losses.Tversky, {"alpha": 0.3, "beta": 0.8})}
    for name, (kind, options) in kinds.items():
        loss_case(family, name, simple(kind, **options), y_true, y_pred, weights=weights)
        each = simple(kind, axis=(1, 2, 3), **options)
        loss_case(family, f"{name}_each", each, y_true, y_pred, weights=weights)
        flat = simple(kind, axis=-1, **options)
        loss_case(family, f"{name}_rows", flat, y_true[:, 0, 0], y_pred[:, 0, 0], weights=weights)


def masked(family):
    """Predictions that carry a mask, as those behind an Embedding with mask_zero do."""
    rng = generator("losses/data/masked")
    mask = np.array([[True, True, False, False], [True, True, True, False], [True, True, True, True]])
    y_true, y_pred = normal(rng, [3, 4, 2]), normal(rng, [3, 4, 2])
    loss_case(family, "mean_squared_error_masked", simple(losses.MeanSquaredError), y_true, y_pred, mask=mask)
    kind = simple(losses.SparseCategoricalCrossentropy, from_logits=True)
    logits = normal(rng, [3, 4, 5], 2)
    loss_case(family, "sparse_categorical_crossentropy_masked", kind, rng.integers(0, 5, (3, 4)), logits, mask=mask)
