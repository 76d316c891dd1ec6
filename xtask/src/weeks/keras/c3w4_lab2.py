import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

lines = open("irish-lyrics-eof.txt").read().lower().split("\n")
tokenizer = Tokenizer()
tokenizer.fit_on_texts(lines)
words = len(tokenizer.word_index) + 1

prefixes = [ids[:end] for ids in tokenizer.texts_to_sequences(lines) for end in range(2, len(ids) + 1)]
padded = pad_sequences(prefixes)
x, y = padded[:, :-1], padded[:, -1]

model = keras.Sequential([
    keras.Input((x.shape[1],)),
    layers.Embedding(words, 100),
    layers.Bidirectional(layers.LSTM(150)),
    layers.Dense(words, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=100)

text = "I've got a bad feeling about this"
for _ in range(100):
    ids = pad_sequences(tokenizer.texts_to_sequences([text]), maxlen=x.shape[1])
    text += " " + tokenizer.index_word.get(int(np.argmax(model.predict(ids, verbose=0))), "")
print(text)
