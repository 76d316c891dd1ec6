import json

import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

with open("sarcasm.json") as file:
    records = json.load(file)
texts, labels = [r["headline"] for r in records], np.array([r["is_sarcastic"] for r in records])

tokenizer = Tokenizer(num_words=1000, oov_token="<OOV>")
tokenizer.fit_on_texts(texts[:20000])
x = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=120, padding="post", truncating="post")

readers = {
    "2": [layers.Bidirectional(layers.LSTM(32))],
    "2c": [layers.Conv1D(128, 5, activation="relu"), layers.GlobalMaxPooling1D()],
}
for name, reader in readers.items():
    head = [layers.Dense(24, activation="relu"), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((120,)), layers.Embedding(1000, 16), *reader, *head], name=f"lab_{name}")
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x[:20000], labels[:20000], epochs=50, validation_data=(x[20000:], labels[20000:]))
