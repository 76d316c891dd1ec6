import json

from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

with open("sarcasm.json") as file:
    texts = [record["headline"] for record in json.load(file)]

tokenizer = Tokenizer(oov_token="<OOV>")
tokenizer.fit_on_texts(texts)
padded = pad_sequences(tokenizer.texts_to_sequences(texts), padding="post")
print(len(tokenizer.word_index), padded.shape)
