import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

lines = open("lanigan.txt").read().lower().split("\n")
tokenizer = Tokenizer()
tokenizer.fit_on_texts(lines)
words = len(tokenizer.word_index) + 1

prefixes = [ids[:end] for ids in tokenizer.texts_to_sequences(lines) for end in range(2, len(ids) + 1)]
padded = pad_sequences(prefixes)
x, y = padded[:, :-1], padded[:, -1]

model = keras.Sequential([
    keras.Input((x.shape[1],)),
    layers.Embedding(words, 64),
    layers.Bidirectional(layers.LSTM(20)),
    layers.Dense(words, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=500)

text = "Laurence went to dublin"
for _ in range(100):
    ids = pad_sequences(tokenizer.texts_to_sequences([text]), maxlen=x.shape[1])
    text += " " + tokenizer.index_word.get(int(np.argmax(model.predict(ids, verbose=0))), "")
print(text)
