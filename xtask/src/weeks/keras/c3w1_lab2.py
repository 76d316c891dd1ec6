from keras.src.legacy.preprocessing.text import Tokenizer
from keras.utils import pad_sequences

sentences = ["I love my dog", "I love my cat", "You love my dog!", "Do you think my dog is amazing?"]

tokenizer = Tokenizer(num_words=100, oov_token="<OOV>")
tokenizer.fit_on_texts(sentences)
sequences = tokenizer.texts_to_sequences(sentences)
print(pad_sequences(sequences, maxlen=5))

new_sequences = tokenizer.texts_to_sequences(["i really love my dog", "my dog loves my manatee"])
print(pad_sequences(new_sequences, maxlen=10))
