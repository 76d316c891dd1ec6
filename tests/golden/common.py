"""What every family needs: seeded inputs, cases, and the two files they are written to."""

import json
import platform
import re
import zlib

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

SEED = 42


def generator(name):
    """A stream of its own for every case, so that a new case leaves the others as they are."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def f32(array):
    """Rounds to f32 but stays f64: the reader of a golden file starts from the very same numbers."""
    return np.asarray(array, np.float32).astype(np.float64)


def normal(rng, shape, scale=1.0, away=(), gap=0.02):
    """Normal draws; any value closer than `gap` to one in `away` is moved to that distance."""
    values = rng.normal(0.0, scale, shape)
    for kink in away:
        offset = values - kink
        close = np.abs(offset) < gap
        values = np.where(close, kink + np.where(offset < 0, -gap, gap), values)
    return f32(values)


def distinct(rng, shape, step=0.05):
    """A shuffled ladder around zero: no two values tie, so a maximum has one place."""
    count = int(np.prod(shape))
    ladder = (np.arange(count) - count / 2 + 0.5) * step
    return f32(rng.permutation(ladder).reshape(shape))


def probabilities(rng, shape):
    """Rows that sum to 1, as a softmax gives them."""
    raw = np.exp(rng.normal(0.0, 1.0, shape))
    return f32(raw / raw.sum(-1, keepdims=True))


def plain(config):
    """Keras' configuration as plain JSON, without the dtype: it tells how the file was computed, not what, but of a cast."""
    if isinstance(config, dict):
        if config.get("class_name") == "Cast":
            return config
        return {key: plain(value) for key, value in config.items() if key != "dtype"}
    if isinstance(config, (list, tuple)):
        return [plain(value) for value in config]
    if isinstance(config, np.generic):
        return config.item()
    if tf.is_tensor(config) or isinstance(config, (np.ndarray, keras.Variable)):
        return np.asarray(config).tolist()
    return config


def described(thing, *drop):
    """Class and configuration, without the name: Keras counts it up from one case to the next."""
    config = {key: value for key, value in thing.get_config().items() if key not in ("name", *drop)}
    return {"class_name": type(thing).__name__, "config": plain(config)}


class Case:
    """One entry of the JSON file, and its tensors under `<case>/…`."""

    def __init__(self, family, name, facts):
        self.family, self.name, self.entry = family, name, {"name": name, **plain(facts)}

    def put(self, role, key, array, zero=False):
        """Stores `array` as `<case>/<key>` and lists it under `role`. `zero`: all zeros are what is meant."""
        array = np.asarray(array)
        given = role in ("inputs", "weights", "upstream", "targets", "predictions", "sample_weights")
        if array.dtype.kind in "iub":
            stored = array.astype(np.int32)
        else:
            stored = array.astype(np.float32)
            assert np.isfinite(stored).all(), f"{self.name}/{key} is not finite"
            assert not given or (stored == array).all(), f"{self.name}/{key}: an input that f32 can't hold"
        assert zero or given or stored.any(), f"{self.name}/{key} is all zeros"
        full = f"{self.name}/{key}"
        assert full not in self.family.tensors, f"{full} is there already"
        self.family.tensors[full] = np.ascontiguousarray(stored)
        self.entry.setdefault(role, []).append(full)
        return self

    def facts(self, **facts):
        self.entry.update(plain(facts))
        return self


class Family:
    def __init__(self, name, about):
        self.name, self.about = name, about
        self.cases, self.tensors = [], {}

    def case(self, name, **facts):
        assert all(case.name != name for case in self.cases), f"two cases are called {name}"
        self.cases.append(Case(self, name, facts))
        return self.cases[-1]

    def write(self, folder):
        head = {
            "family": self.name,
            "about": self.about,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "seed": SEED,
        }
        lines = [json.dumps(case.entry, allow_nan=False, ensure_ascii=False) for case in self.cases]
        body = (
            json.dumps(head, indent=1, ensure_ascii=False)[:-2]
            + ',\n "cases": [\n  '
            + ",\n  ".join(lines)
            + "\n ]\n}\n"
        )
        json.loads(body)
        (folder / f"{self.name}.json").write_text(body, encoding="utf-8")
        size = len(body.encode())
        target = folder / f"{self.name}.safetensors"
        if self.tensors:
            save_file(dict(sorted(self.tensors.items())), target)
            target.chmod(0o644)
            size += target.stat().st_size
        print(f"{self.name}: {len(self.cases)} cases, {len(self.tensors)} tensors, {size / 1024:.0f} KiB")


def weight_name(layer, weight):
    """The path inside the layer, without the numbers Keras counts up: `kernel`, `forward_lstm/lstm_cell/bias`."""
    path = weight.path.removeprefix(f"{layer.name}/")
    return re.sub(r"_\d+(?=/)", "", path)


def weight_facts(layer):
    """The names of a layer's weights, in Keras' own order."""
    return [weight_name(layer, weight) for weight in layer.weights]


def set_weights(layer, rng, scale=0.5, special=None):
    """Gives every weight random values that f32 holds; `special` maps the end of a name to a generator of values."""
    for name, weight in zip(weight_facts(layer), layer.weights):
        make = next((make for end, make in (special or {}).items() if name.endswith(end)), None)
        shape = tuple(weight.shape)
        weight.assign(f32(make(shape)) if make else normal(rng, shape, scale))


def put_weights(case, layer):
    listed = []
    for name, weight in zip(weight_facts(layer), layer.weights):
        value = np.asarray(weight)
        case.put("weights", f"weight/{name}", value, zero=True)
        listed.append(
            {
                "name": name,
                "tensor": f"{case.name}/weight/{name}",
                "shape": list(value.shape),
                "trainable": bool(weight.trainable),
            }
        )
    case.entry["weights"] = listed


def put_gradients(case, layer, tape, target, inputs, zero=False):
    """Gradients of `target` by the inputs that are real numbers and by every trainable weight."""
    names = [name for name, weight in zip(weight_facts(layer), layer.weights) if weight.trainable]
    values = [weight.value for weight in layer.trainable_weights]
    found = tape.gradient(target, [tensor for _, tensor in inputs] + values, unconnected_gradients="zero")
    for key, gradient in zip([key for key, _ in inputs] + names, found):
        if isinstance(gradient, tf.IndexedSlices):
            gradient = tf.convert_to_tensor(gradient)
        case.put("gradients", f"grad/{key}", gradient.numpy(), zero=zero)


def layer_case(family, name, layer, inputs, *, special=None, scale=0.5, call=None, zero=False):
    """Forward and gradients of one layer.

    `inputs` is one array or a dictionary of named arrays; the first is the layer's input, the others are keyword
    arguments of its call, those called `key/0`, `key/1` together a list. The gradients are those
    of sum(output * upstream) + the layer's own losses.
    """
    rng = generator(f"{family.name}/{name}")
    arrays = inputs if isinstance(inputs, dict) else {"input": inputs}
    if not layer.built:
        layer.build(next(iter(arrays.values())).shape)
    if layer.weights:
        set_weights(layer, rng, scale, special)
    case = family.case(name, **described(layer), call=call or {})
    for key, array in arrays.items():
        case.put("inputs", key, array)
    put_weights(case, layer)
    tensors = {key: tf.constant(array) for key, array in arrays.items()}
    real = [(key, tensor) for key, tensor in tensors.items() if tensor.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch([tensor for _, tensor in real])
        first, *others = tensors
        keywords = dict(call or {})
        for key in others:
            if "/" in key:
                keywords.setdefault(key.split("/")[0], []).append(tensors[key])
            else:
                keywords[key] = tensors[key]
        output = layer(tensors[first], **keywords)
        outputs = list(output) if isinstance(output, (list, tuple)) else [output]
        upstream = [normal(rng, tuple(part.shape)) for part in outputs]
        target = tf.add_n([tf.reduce_sum(part * up) for part, up in zip(outputs, upstream)] + list(layer.losses))
    for index, (part, up) in enumerate(zip(outputs, upstream)):
        suffix = "" if len(outputs) == 1 else f"/{index}"
        case.put("outputs", f"output{suffix}", part.numpy())
        case.put("upstream", f"upstream{suffix}", up)
    put_gradients(case, layer, tape, target, real, zero)
    for weight in layer.non_trainable_weights:
        key, after = weight_name(layer, weight), np.asarray(weight)
        if after.dtype == np.float64 and not np.array_equal(family.tensors[f"{name}/weight/{key}"], np.float32(after)):
            case.put("weights_after", f"after/{key}", after)
    if layer.losses:
        case.facts(losses=[float(loss) for loss in layer.losses])
    return case, [part.numpy() for part in outputs]
