import pathlib

import keras
import tensorflow as tf
import tensorflow_datasets as tfds
from keras import layers


def read(split):
    files = sorted(pathlib.Path("aclImdb", split).glob("[np]*/*.txt"))
    return [file.read_text() for file in files], [float(file.parent.name == "pos") for file in files]


(train, y_train), (test, y_test) = read("train"), read("test")
encoder = tfds.deprecated.text.SubwordTextEncoder.build_from_corpus(train, 2**13)


def batches(texts, labels):
    ids = tf.ragged.constant([encoder.encode(text) for text in texts])
    return tf.data.Dataset.from_tensor_slices((ids, labels)).map(lambda x, y: (tf.convert_to_tensor(x), y))


model = keras.Sequential([
    layers.Embedding(encoder.vocab_size, 64),
    layers.GlobalAveragePooling1D(),
    layers.Dense(6, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
train, test = batches(train, y_train), batches(test, y_test)
model.fit(train.shuffle(len(y_train)).padded_batch(64), epochs=10, validation_data=test.padded_batch(64))
