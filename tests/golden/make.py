"""Writes the golden files: `python make.py` for all families, `python make.py losses metrics` for some."""

import importlib
import logging
import os
import sys
import warnings
from pathlib import Path

sys.dont_write_bytecode = True
# TensorFlow logs that many small models are traced, which is what is wanted here.
logging.getLogger("tensorflow").setLevel("ERROR")
os.environ.update(
    KERAS_BACKEND="tensorflow",
    TF_CPP_MIN_LOG_LEVEL="3",
    TF_ENABLE_ONEDNN_OPTS="0",
    CUDA_VISIBLE_DEVICES="",
)
# Keras warns where a golden file asks for something on purpose, such as a mask that a layer drops.
warnings.filterwarnings("ignore", module="keras")

FAMILIES = [
    "layers",
    "summaries",
    "losses",
    "compiled",
    "metrics",
    "optimizers",
    "schedules",
    "initializers",
    "training",
    "parity",
    "callbacks",
    "convolution",
    "normalization",
    "recurrent",
    "merging",
    "functional",
    "pipeline",
    "pictures",
]


def main(wanted):
    unknown = set(wanted) - set(FAMILIES)
    if unknown:
        sys.exit(f"unknown families {sorted(unknown)}: choose from {', '.join(FAMILIES)}")

    import keras
    import tensorflow as tf

    # One thread and float64 leave no doubt about any digit that is stored.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(42)
    keras.config.set_floatx("float64")
    folder = Path(__file__).resolve().parent
    for name in FAMILIES:
        if name in wanted or not wanted:
            keras.backend.clear_session()
            importlib.import_module(f"families.{name}").make().write(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
