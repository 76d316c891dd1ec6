import csv
import random

import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

with open("training_cleaned.csv") as file:
    rows = [(row[5], float(row[0] != "0")) for row in csv.reader(file)]
random.Random(42).shuffle(rows)
texts, labels = zip(*rows[:160000])
test = len(texts) // 10

tokenizer = Tokenizer()
tokenizer.fit_on_texts(texts[test:])
x = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=16, padding="post", truncating="post")
y = np.array(labels)

matrix = np.zeros((len(tokenizer.word_index) + 1, 100))
with open("glove.6B.100d.txt") as file:
    for line in file:
        word, *vector = line.split(" ")
        if word in tokenizer.word_index:
            matrix[tokenizer.word_index[word]] = vector

model = keras.Sequential([
    keras.Input((16,)),
    layers.Embedding(*matrix.shape, weights=[matrix], trainable=False),
    layers.Dropout(0.2),
    layers.Conv1D(64, 5, activation="relu"),
    layers.MaxPooling1D(4),
    layers.LSTM(64),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x[test:], y[test:], epochs=50, validation_data=(x[:test], y[:test]), verbose=2)
