"""Layers that make one tensor of several, with the masks of their inputs and the mask that comes out."""

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend import get_keras_mask, set_keras_mask

from common import Family, described, distinct, generator, normal

layers = keras.layers
SERIES = [2, 3, 4]


def make():
    family = Family("merging", "Forward pass, gradients and masks of layers with several inputs.")
    elementwise(family)
    concatenate(family)
    dot(family)
    masked(family)
    return family


def elementwise(family):
    kinds = [layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum]
    for kind in kinds:
        name = kind.__name__.lower()
        merge_case(family, name, kind(), [SERIES, SERIES])
        merge_case(family, f"{name}_broadcast", kind(), [SERIES, [2, 1, 4]])
        merge_case(family, f"{name}_ranks", kind(), [[2, 4], SERIES])
        if kind is not layers.Subtract:
            merge_case(family, f"{name}_three", kind(), [[3, 4], [3, 4], [3, 1]])


def concatenate(family):
    merge_case(family, "concatenate", layers.Concatenate(), [[3, 4], [3, 1], [3, 2]])
    merge_case(family, "concatenate_axis_1", layers.Concatenate(axis=1), [SERIES, [2, 2, 4]])
    merge_case(family, "concatenate_axis_-2", layers.Concatenate(axis=-2), [SERIES, [2, 1, 4]])
    merge_case(family, "concatenate_pictures", layers.Concatenate(axis=3), [[2, 3, 2, 1], [2, 3, 2, 4]])


def dot(family):
    merge_case(family, "dot_vectors", layers.Dot(axes=1), [[3, 4], [3, 4]])
    merge_case(family, "dot_cosines", layers.Dot(axes=1, normalize=True), [[3, 4], [3, 4]])
    merge_case(family, "dot_last", layers.Dot(axes=-1), [SERIES, [2, 5, 4]])
    merge_case(family, "dot_pair", layers.Dot(axes=(1, 2)), [SERIES, [2, 5, 3]])
    merge_case(family, "dot_pair_normalized", layers.Dot(axes=(1, 2), normalize=True), [SERIES, [2, 5, 3]])
    merge_case(family, "dot_vector_and_series", layers.Dot(axes=(1, 2)), [[2, 4], SERIES])
    merge_case(family, "dot_series_and_vector", layers.Dot(axes=(2, 1)), [SERIES, [2, 4]])
    merge_case(family, "dot_pictures", layers.Dot(axes=(2, 3)), [[2, 2, 4, 3], [2, 3, 2, 4]])


def masked(family):
    first = np.array([[True, True, False], [False, True, False]])
    second = np.array([[True, False, False], [True, True, False]])
    kinds = [layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum]
    for kind in [*kinds, layers.Concatenate]:
        name = kind.__name__.lower()
        merge_case(family, f"{name}_masks", kind(), [SERIES, SERIES], [first, second])
        merge_case(family, f"{name}_first_mask", kind(), [SERIES, SERIES], [first, None])
        merge_case(family, f"{name}_second_mask", kind(), [SERIES, SERIES], [None, second])
    for kind in (layers.Multiply, layers.Maximum, layers.Minimum):
        third = np.array([[False, True, True], [True, False, False]])
        name = f"{kind.__name__.lower()}_three_masks"
        merge_case(family, name, kind(), [SERIES] * 3, [first, second, third])
    merge_case(family, "concatenate_axis_1_masks", layers.Concatenate(axis=1), [SERIES, SERIES], [first, second])
    merge_case(family, "concatenate_axis_1_mask", layers.Concatenate(axis=1), [SERIES, [2, 2, 4]], [first, None])
    merge_case(family, "dot_masks", layers.Dot(axes=2), [SERIES, SERIES], [first, second])


def merge_case(family, name, layer, shapes, masks=()):
    """Like `layer_case`, for a list of inputs and their masks. All numbers differ: a maximum has one place."""
    rng = generator(f"merging/{name}")
    numbers = distinct(rng, [sum(int(np.prod(shape)) for shape in shapes)], 0.07)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    arrays = [part.reshape(shape) for part, shape in zip(np.split(numbers, ends), shapes)]
    case = family.case(name, **described(layer), call={})
    tensors = [tf.constant(array) for array in arrays]
    for index, array in enumerate(arrays):
        case.put("inputs", f"input/{index}", array)
    for index, mask in enumerate(masks):
        if mask is not None:
            case.put("masks", f"mask/{index}", mask)
            set_keras_mask(tensors[index], tf.constant(mask))
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        output = layer(tensors)
        upstream = normal(rng, tuple(output.shape))
        target = tf.reduce_sum(output * upstream)
    case.put("outputs", "output", output.numpy()).put("upstream", "upstream", upstream)
    mask = get_keras_mask(output)
    if mask is not None:
        case.put("masks", "output_mask", mask.numpy(), zero=True)
    gradients = tape.gradient(target, tensors, unconnected_gradients="zero")
    for index, gradient in enumerate(gradients):
        case.put("gradients", f"grad/{index}", gradient.numpy(), zero=True)
