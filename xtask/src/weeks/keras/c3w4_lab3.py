import keras
import numpy as np
from keras import layers

text = open("sonnets.txt").read().lower()
letters = sorted(set(text))
ids = np.array([letters.index(letter) + 1 for letter in text])
starts = range(0, len(ids) - 40, 3)
x, y = np.array([ids[start : start + 40] for start in starts]), ids[40::3]

model = keras.Sequential([
    keras.Input((40,)),
    layers.Embedding(len(letters) + 1, 32),
    layers.LSTM(128),
    layers.Dense(len(letters) + 1, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=30, batch_size=64)

written, random = list(ids[:40]), np.random.default_rng(42)
for _ in range(240):
    odds = model.predict(np.array([written[-40:]]), verbose=0)[0].astype("float64") ** 2  # a temperature of 0.5
    written.append(1 + random.choice(len(letters), p=odds[1:] / odds[1:].sum()))
print("".join(letters[id - 1] for id in written))
