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
x_train, x_test = [pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=120, truncating="post") for texts in (train, test)]

model = keras.Sequential([
    keras.Input((120,)),
    layers.Embedding(10000, 16),
    layers.Flatten(),  # or layers.GlobalAveragePooling1D()
    layers.Dense(6, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=10, validation_data=(x_test, y_test))

vectors = model.layers[0].get_weights()[0]
with open("vecs.tsv", "w") as vecs, open("meta.tsv", "w") as meta:
    for word, index in tokenizer.word_index.items():
        if index < 10000:
            print(word, file=meta)
            print(*vectors[index], sep="\t", file=vecs)
