from keras.src.legacy.preprocessing.text import Tokenizer

sentences = ["i love my dog", "I, love my cat", "You love my dog!"]

tokenizer = Tokenizer(num_words=100)
tokenizer.fit_on_texts(sentences)
print(tokenizer.word_index)
