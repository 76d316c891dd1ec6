import csv

from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

STOP_WORDS = ["a", "about", "above", "after"]  # … 153 of them

texts, labels = [], []
with open("bbc-text.csv") as file:
    for row in csv.DictReader(file):
        text = row["text"]
        for word in STOP_WORDS:
            text = text.replace(f" {word} ", " ").replace("  ", " ")
        texts.append(text)
        labels.append(row["category"])

tokenizer = Tokenizer(oov_token="<OOV>")
tokenizer.fit_on_texts(texts)
padded = pad_sequences(tokenizer.texts_to_sequences(texts), padding="post")

subjects = Tokenizer()
subjects.fit_on_texts(labels)
print(subjects.word_index, subjects.texts_to_sequences(labels)[:10])
