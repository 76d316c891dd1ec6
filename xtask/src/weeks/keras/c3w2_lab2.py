import json

import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

with open("sarcasm.json") as file:
    records = json.load(file)
texts, labels = [r["headline"] for r in records], np.array([r["is_sarcastic"] for r in records])

tokenizer = Tokenizer(num_words=10000, oov_token="<OOV>")
tokenizer.fit_on_texts(texts[:20000])
x = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=100, padding="post", truncating="post")

model = keras.Sequential([
    keras.Input((100,)),
    layers.Embedding(10000, 16),
    layers.GlobalAveragePooling1D(),
    layers.Dense(24, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x[:20000], labels[:20000], epochs=30, validation_data=(x[20000:], labels[20000:]), verbose=2)
