import csv

import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

STOP_WORDS = ["a", "about", "above", "after"]  # … 153 of them

texts, labels = [], []
with open("bbc-text.csv") as file:
    for row in csv.DictReader(file):
        text = row["text"]
        for word in STOP_WORDS:
            text = text.replace(f" {word} ", " ")
        texts.append(text)
        labels.append(row["category"])
split = int(len(texts) * 0.8)

tokenizer = Tokenizer(num_words=1000, oov_token="<OOV>")
tokenizer.fit_on_texts(texts[:split])
x = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=120, padding="post")
subjects = Tokenizer()
subjects.fit_on_texts(labels)
y = np.array(subjects.texts_to_sequences(labels))

model = keras.Sequential([
    keras.Input((120,)),
    layers.Embedding(1000, 16),
    layers.GlobalAveragePooling1D(),
    layers.Dense(24, activation="relu"),
    layers.Dense(6, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:split], y[:split], epochs=30, validation_data=(x[split:], y[split:]), verbose=2)
