import pathlib

import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences


def read(split):
    files = sorted(pathlib.Path("aclImdb", split).glob("[np]*/*.txt"))
    return [file.read_text() for file in files], np.array([file.parent.name == "pos" for file in files])


(train, y_train), (test, y_test) = read("train"), read("test")
tokenizer = Tokenizer(num_words=10000, oov_token="<OOV>")
tokenizer.fit_on_texts(train)
x_train, x_test = [pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=120) for texts in (train, test)]

readers = {
    "gru": [layers.Bidirectional(layers.GRU(32))],
    "lstm": [layers.Bidirectional(layers.LSTM(32))],
    "conv": [layers.Conv1D(128, 5, activation="relu"), layers.GlobalAveragePooling1D()],
}
for name, reader in readers.items():
    head = [layers.Dense(6, activation="relu"), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((120,)), layers.Embedding(10000, 16), *reader, *head], name=f"lab_{name}")
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=50, validation_data=(x_test, y_test))
