"""What stages of tf.data make of the numbers 0, 1, 2, …: elements and how many there are; no tensors, no drawing."""

import tensorflow as tf

from common import Family

Dataset = tf.data.Dataset
EVEN = 2

# Stages in their order, by name and arguments; what stands at the end decides what an element is.
ORDERS = {
    "take": (4, [["take", 2]]),
    "take_more_than_there_are": (4, [["take", 9]]),
    "take_none": (4, [["take", 0]]),
    "skip": (5, [["skip", 3]]),
    "skip_all": (5, [["skip", 9]]),
    "repeat": (3, [["repeat", 3]]),
    "repeat_never": (3, [["repeat", 0]]),
    "repeat_nothing": (0, [["repeat", -1]]),
    "repeat_and_take": (3, [["repeat", -1], ["take", 7]]),
    "take_and_repeat": (5, [["take", 2], ["repeat", 2]]),
    "skip_repeat_skip": (4, [["skip", 2], ["repeat", 3], ["skip", 1]]),
    "concatenate": (3, [["concatenate", 2]]),
    "concatenate_nothing": (0, [["concatenate", 2]]),
    "filter": (9, [["filter", EVEN]]),
    "filter_take": (9, [["filter", EVEN], ["take", 2]]),
    "filter_repeat": (5, [["filter", EVEN], ["repeat", 2]]),
    "shuffle_of_one": (6, [["shuffle", 1]]),
    "cache_prefetch": (4, [["cache"], ["prefetch", 2], ["repeat", 2]]),
    "flat_map": (4, [["flat_map_range"]]),
    "flat_map_of_nothing": (1, [["flat_map_range"]]),
    "unbatch": (7, [["batch_unbatch", 3]]),
}
# n, size, shift, stride, drop_remainder
WINDOWS = [
    (10, 5, 1, 1, False),
    (10, 5, 1, 1, True),
    (7, 2, None, 1, False),
    (7, 2, None, 1, True),
    (7, 3, 2, 2, False),
    (7, 3, 2, 2, True),
    (7, 2, 3, 1, False),
    (7, 3, 1, 3, False),
    (7, 3, 1, 3, True),
    (2, 3, 1, 1, False),
    (2, 3, 1, 1, True),
    (0, 3, 1, 1, False),
    (9, 3, 5, 2, False),
    (9, 2, 4, 3, True),
    (9, 1, 4, 5, False),
]
BATCHES = [(7, 2, False), (7, 2, True), (6, 3, False), (2, 5, False), (2, 5, True), (0, 2, False)]


def make():
    family = Family("pipeline", "Elements that stages of tf.data make of the numbers 0 to n − 1; cardinality −1: endless, −2: unknown.")
    for name, (n, stages) in ORDERS.items():
        put(family, f"order_{name}", staged(Dataset.range(n), stages), n=n, stages=stages)
    for n, size, shift, stride, drop in WINDOWS:
        name = f"window_{n}_{size}_{'size' if shift is None else shift}_{stride}{'_drop' if drop else ''}"
        windows = Dataset.range(n).window(size, shift, stride, drop)
        options = {"size": size, "shift": shift, "stride": stride, "drop_remainder": drop}
        put(family, name, windows, n=n, options=options)
        flat = Dataset.range(n).window(size, shift, stride, drop).flat_map(lambda window: window.batch(size))
        put(family, f"{name}_flat", flat, n=n, options=options)
    for n, size, drop in BATCHES:
        options = {"batch_size": size, "drop_remainder": drop}
        put(family, f"batch_{n}_{size}{'_drop' if drop else ''}", Dataset.range(n).batch(size, drop), n=n, options=options)
        padded = Dataset.range(n).map(lengths).padded_batch(size, drop_remainder=drop)
        put(family, f"padded_batch_{n}_{size}{'_drop' if drop else ''}", padded, n=n, options=options)
    for n, other in [(3, 5), (5, 3), (0, 2)]:
        put(family, f"zip_{n}_{other}", Dataset.zip(Dataset.range(n), Dataset.range(other).map(lambda x: x * 10)), n=n, other=other)
    put(family, "enumerate", Dataset.range(3).map(lambda x: x * 10).enumerate(), n=3)
    for last in ["vector", "scalar", "sequence"]:
        put(family, f"course_{last}", course(last), n=10, window=4, batch_size=2)
    return family


def put(family, name, dataset, **facts):
    family.case(name, **facts, cardinality=int(dataset.cardinality()), elements=[plain(element) for element in dataset])


def plain(element):
    if isinstance(element, tuple):
        return [plain(part) for part in element]
    if isinstance(element, tf.data.Dataset):
        return [plain(part) for part in element]
    return element.numpy().tolist()


def staged(dataset, stages):
    for name, *arguments in stages:
        if name == "filter":
            dataset = dataset.filter(lambda x: x % arguments[0] == 0)
        elif name == "concatenate":
            dataset = dataset.concatenate(Dataset.range(arguments[0]))
        elif name == "flat_map_range":
            dataset = dataset.flat_map(Dataset.range)
        elif name == "batch_unbatch":
            dataset = dataset.batch(arguments[0]).unbatch()
        else:
            dataset = getattr(dataset, name)(*arguments)
    return dataset


def lengths(x):
    """Two components of different lengths: x numbers, and (7x mod 4) + 1."""
    return tf.fill([x], x + 1), tf.range(x * 7 % 4 + 1) + 1


def course(last):
    """The windows of four numbers and what follows them, as the course makes them, without the shuffle."""
    windows = Dataset.range(10).window(5, shift=1, drop_remainder=True).flat_map(lambda window: window.batch(5))
    split = {
        "vector": lambda window: (window[:-1], window[-1:]),
        "scalar": lambda window: (window[:-1], window[-1]),
        "sequence": lambda window: (window[:-1], window[1:]),
    }
    return windows.map(split[last]).batch(2).prefetch(1)
