"""Writes vectorization.json: what Keras' TextVectorization, StringLookup and IntegerLookup make of a few small corpora.

    KERAS_BACKEND=tensorflow python vectorization.py > vectorization.json      # Keras 3.15
"""

import json

import keras
import tensorflow as tf

CORPUS = [
    "The quick brown fox; the lazy dog!",
    "Don't the dogs' owners know? They don't.",
    "A fox, a dog & a hen -- ÉTÉ naïve",
    "hen hen  hen\tfox\nfox\u00a0x",
    "",
    "zebra apple zebra apple mango",
]
TEXTS = CORPUS + ["the unknown fox", "été ÉTÉ", "apple zebra mango kiwi apple"]

OPTIONS = [
    {},
    {"max_tokens": 8},
    {"max_tokens": 8, "output_sequence_length": 4},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation"},
    {"standardize": None},
    {"split": "character"},
    {"ngrams": 2, "output_sequence_length": 12},
    {"output_mode": "multi_hot"},
    {"output_mode": "multi_hot", "max_tokens": 30, "pad_to_max_tokens": True},
    {"output_mode": "count", "ngrams": 2, "max_tokens": 10},
    {"output_mode": "tf_idf"},
    {"output_mode": "tf_idf", "max_tokens": 6},
]

vectorization = []
for options in OPTIONS:
    layer = keras.layers.TextVectorization(**options)
    layer.adapt(tf.data.Dataset.from_tensor_slices(CORPUS).batch(4))
    output = layer(tf.constant(TEXTS))
    vectorization.append(
        {"options": options, "vocabulary": layer.get_vocabulary(), "output": output.numpy().tolist(), "size": layer.vocabulary_size()}
    )

WORDS = ["b", "a", "c", "b", "d", "b", "c", "e"]
strings = []
for options in [{}, {"max_tokens": 4}, {"mask_token": ""}, {"num_oov_indices": 0}, {"oov_token": "?", "mask_token": "-"}]:
    layer = keras.layers.StringLookup(**options)
    layer.adapt(tf.data.Dataset.from_tensor_slices(WORDS).batch(3))
    asked = [word for word in WORDS + ["z", "", "-"] if options.get("num_oov_indices") != 0 or word in WORDS]
    strings.append({"options": options, "vocabulary": layer.get_vocabulary(), "asked": asked, "output": layer(tf.constant(asked)).numpy().tolist()})

NUMBERS = [12, 5, 900, 12, -3, 12, 5, 7]
integers = []
for options in [{}, {"max_tokens": 4}, {"mask_token": 0}, {"num_oov_indices": 3}, {"num_oov_indices": 2, "mask_token": 0}]:
    layer = keras.layers.IntegerLookup(**options)
    layer.adapt(tf.data.Dataset.from_tensor_slices(tf.constant(NUMBERS, tf.int64)).batch(3))
    asked = NUMBERS + [0, 1, 2, 3, -1, -7, 1000]
    output = layer(tf.constant(asked, tf.int64)).numpy().tolist()
    integers.append({"options": options, "vocabulary": [int(x) for x in layer.get_vocabulary()], "asked": asked, "output": output})

print(json.dumps({"corpus": CORPUS, "texts": TEXTS, "vectorization": vectorization, "strings": strings, "integers": integers, "words": WORDS, "numbers": NUMBERS}))
