"""Has Keras load the models that the contract tests write: `load_written.py FILE`, see README.md."""

import json
import os
import sys

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import keras  # noqa: E402

# What Keras has no word for: layers of the tests, functions of Lambda, and gelu by way of tanh.
UNKNOWN = ('"Gain"', '"Paired"', '"Lambda"', '"gelu_tanh"')
# A second input of one name, and merging layers with a single input, which Keras refuses.
REFUSED = ("InputLayer", "Add", "Concatenate")


def main(path):
    loaded = left = 0
    failures = []
    for case in json.load(open(path, encoding="utf-8")):
        text = json.dumps(case["json"])
        if any(name in text for name in UNKNOWN) or case["name"].split()[0] in REFUSED:
            left += 1
            continue
        try:
            model = keras.models.model_from_json(text)
            assert model.count_params() == case["params"], f"{model.count_params()} parameters, not {case['params']}"
            loaded += 1
        except Exception as error:
            failures.append(f"{case['name']}: {type(error).__name__}: {str(error)[:300]}")
    print(f"{loaded} loaded, {left} left out, {len(failures)} failed")
    sys.exit("\n".join(failures))


if __name__ == "__main__":
    main(sys.argv[1])
