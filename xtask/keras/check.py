#!/usr/bin/env python3
"""Runs every Keras snippet that the weeks' pages show: `python xtask/keras/check.py [NAME ...]`, under Keras 3.15.

All run on small made-up data and for one epoch: this tells that they run, not what they reach. A snippet that reads a file
or a data set gets what `fixtures` makes.
"""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

SNIPPETS = pathlib.Path(__file__).resolve().parent.parent / "src" / "weeks" / "keras"


def texts():
    """Writes small texts in the form of the course's, and a stand-in for the encoder that is not installed."""
    import json
    import types

    lines = [" ".join(f"w{(index * step) % 37}" for step in range(1, 9)) for index in range(60)]
    records = [{"article_link": "", "headline": line, "is_sarcastic": index % 2} for index, line in enumerate(lines * 400)]
    pathlib.Path("sarcasm.json").write_text(json.dumps(records))
    subjects = ["tech", "business", "sport", "entertainment", "politics"]
    rows = [f"{subjects[index % 5]},{line}" for index, line in enumerate(lines)]
    pathlib.Path("bbc-text.csv").write_text("\n".join(["category,text", *rows]) + "\n")
    for name in ("train/pos", "train/neg", "test/pos", "test/neg"):
        folder = pathlib.Path("aclImdb", name)
        folder.mkdir(parents=True)
        for index, line in enumerate(lines):
            (folder / f"{index}_1.txt").write_text(line)
    rows = [f"{index % 2 * 4},,,,,{line}" for index, line in enumerate(lines)]
    pathlib.Path("training_cleaned.csv").write_text("\n".join(rows) + "\n")
    vectors = [f"w{index} " + " ".join(["0.5"] * 100) for index in range(20)]
    pathlib.Path("glove.6B.100d.txt").write_text("\n".join(vectors) + "\n")
    for name in ("lanigan.txt", "irish-lyrics-eof.txt", "sonnets.txt"):
        pathlib.Path(name).write_text("\n".join(lines) + "\n")

    class SubwordTextEncoder:
        vocab_size = 257

        @classmethod
        def build_from_corpus(cls, corpus, target):
            del corpus, target
            return cls()

        def encode(self, text):
            return [1 + byte for byte in text.encode()]

    module = types.ModuleType("tensorflow_datasets")
    module.deprecated = types.SimpleNamespace(text=types.SimpleNamespace(SubwordTextEncoder=SubwordTextEncoder))
    sys.modules["tensorflow_datasets"] = module


def fixtures():
    """Replaces downloads and long trainings, and writes small files of the names that the snippets read."""
    import keras
    import numpy as np

    rng = np.random.default_rng(1)

    def pictures():
        return rng.integers(0, 256, (40, 28, 28), dtype=np.uint8), rng.integers(0, 10, 40, dtype=np.uint8)

    for name in ("mnist", "fashion_mnist"):
        getattr(keras.datasets, name).load_data = lambda: (pictures(), pictures())

    folders = {
        "horse-or-human": ["horses", "humans"],
        "validation-horse-or-human": ["horses", "humans"],
        "happy-or-sad": ["happy", "sad"],
        "cats_and_dogs_filtered/train": ["cats", "dogs"],
        "cats_and_dogs_filtered/validation": ["cats", "dogs"],
        "PetImages": ["Cat", "Dog"],
        "training": ["Cat", "Dog"],
        "testing": ["Cat", "Dog"],
        "rps": ["paper", "rock", "scissors"],
        "rps-test-set": ["paper", "rock", "scissors"],
    }
    for folder, kinds in folders.items():
        for kind in kinds:
            path = pathlib.Path(folder, kind)
            path.mkdir(parents=True)
            for index in range(4):
                keras.utils.save_img(path / f"{index}.jpg", rng.integers(0, 256, (20, 24, 3)))
    inception = keras.applications.InceptionV3(input_shape=(150, 150, 3), include_top=False, weights=None)
    inception.save("inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5")
    for name in ("sign_mnist_train.csv", "sign_mnist_test.csv"):
        header = ",".join(["label", *[f"pixel{pixel + 1}" for pixel in range(784)]])
        rows = np.column_stack([rng.integers(0, 25, 40), rng.integers(0, 256, (40, 784))])
        np.savetxt(name, rows, fmt="%d", delimiter=",", header=header, comments="")

    fit = keras.Model.fit

    def one_epoch(self, *args, epochs=1, **options):
        del epochs
        return fit(self, *args, epochs=1, **options)

    keras.Model.fit = one_epoch

    def series(slope, level, split, waves, height, decay, years, seed):
        """One of the course's synthetic series."""
        time = np.arange(years * 365 + 1)
        phase = time % 365 / 365
        pattern = np.where(phase < split, np.cos(waves * np.pi * phase), height * np.exp(-decay * phase))
        noise = level * np.random.RandomState(seed).randn(len(time))
        return (10 + slope * time + 40 * pattern + noise).astype("float32")

    np.save("series_a.npy", series(0.05, 5, 0.4, 2, 1, 3, 4, 42))
    np.save("series_b.npy", series(0.01, 2, 0.1, 7, 1, 5, 4, 42))
    np.save("series_c.npy", series(0.005, 3, 0.1, 6, 2, 9, 10, 51))

    texts()

    rows = [f"{index},{1749 + index // 12}-{index % 12 + 1:02}-28,{40 + 30 * np.sin(index / 20):.1f}" for index in range(3235)]
    pathlib.Path("Sunspots.csv").write_text("\n".join([",Date,Monthly Mean Total Sunspot Number", *rows]) + "\n")
    rows = [f'"{1981 + index // 365}-{index % 12 + 1:02}-01",{11 + 6 * np.sin(index / 58):.1f}' for index in range(3650)]
    pathlib.Path("daily-min-temperatures.csv").write_text("\n".join(['"Date","Temp"', *rows]) + "\n")


def fault(path):
    """What goes wrong with a snippet, or nothing."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(path.read_text(), str(path), "exec"), {"__name__": "__main__"})
    except Exception:  # Whatever it is, the other snippets are still to be run.
        return traceback.format_exc()
    return None


def main():
    names = sys.argv[1:]
    snippets = [path for path in sorted(SNIPPETS.glob("*.py")) if not names or path.stem in names]
    if not snippets:
        print(f"no such snippet in {SNIPPETS}")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        fixtures()
        for path in snippets:
            error = fault(path)
            failed += error is not None
            print(f"{path.stem}: {error or 'runs'}", flush=True)
        os.chdir(SNIPPETS)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
