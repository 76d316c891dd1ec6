"""Times what others do with texts: WORKLOAD (keras|tokenizers|tfds|torch) TEXTS OUT."""

import json
import os
import resource
import sys
import time

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2", TOKENIZERS_PARALLELISM="false")

workload, how, path, out = sys.argv[1:]


def reviews():
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")


def words_by_keras():
    from keras.src.legacy.preprocessing.text import Tokenizer
    from keras.utils import pad_sequences

    texts = reviews()

    def run():
        tokenizer = Tokenizer(num_words=10_000, oov_token="<OOV>")
        tokenizer.fit_on_texts(texts)
        pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=120)

    return run, len(texts)


def words_by_tokenizers():
    import numpy as np
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    texts = reviews()

    def run():
        tokenizer = Tokenizer(models.WordLevel(unk_token="<OOV>"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordLevelTrainer(vocab_size=10_000, special_tokens=["<PAD>", "<OOV>"], show_progress=False)
        tokenizer.train_from_iterator(texts, trainer)
        tokenizer.enable_truncation(120)
        tokenizer.enable_padding(length=120)
        np.array([text.ids for text in tokenizer.encode_batch_fast(texts)], np.int32)

    return run, len(texts)


def subwords_by_tfds():
    from tensorflow_datasets.core.deprecated.text.subword_text_encoder import SubwordTextEncoder

    texts = reviews()[::5]
    encoder = SubwordTextEncoder.load_from_file(path.removesuffix(".txt"))
    return lambda: [encoder.encode(text) for text in texts], len(texts)


def generation_by_keras():
    import keras
    import numpy as np

    layers = keras.layers
    recurrent = layers.Bidirectional(layers.LSTM(150))
    model = keras.Sequential([keras.Input((15,)), layers.Embedding(2690, 100), recurrent, layers.Dense(2690, "softmax")])

    def run():
        ids = [1, 2, 3]
        for _ in range(100):
            padded = keras.utils.pad_sequences([ids], maxlen=15)
            ids.append(int(np.argmax(model.predict(padded, verbose=0), axis=-1)[0]))

    return run, 100


LONG, STEPS = 1150, 2


def long_reviews_by_keras():
    import keras
    import numpy as np

    layers = keras.layers
    both = [layers.Bidirectional(layers.LSTM(64, return_sequences=True)), layers.Bidirectional(layers.LSTM(32))]
    head = [layers.Dense(64, "relu"), layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((LONG,)), layers.Embedding(8185, 64), *both, *head])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    draw = np.random.default_rng(1)
    x, y = draw.integers(0, 8185, (64 * STEPS, LONG)).astype("int32"), draw.integers(0, 2, 64 * STEPS).astype("float32")
    return lambda: model.fit(x, y, batch_size=64, verbose=0), STEPS


def long_reviews_by_torch():
    import torch
    from torch import nn

    class Reviews(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(8185, 64)
            self.first = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
            self.second = nn.LSTM(128, 32, batch_first=True, bidirectional=True)
            self.head = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

        def forward(self, ids):
            states, _ = self.first(self.embedding(ids))
            _, (last, _) = self.second(states)
            return self.head(torch.cat([last[0], last[1]], 1))

    model = Reviews()
    optimizer, loss = torch.optim.Adam(model.parameters(), 1e-3), nn.BCEWithLogitsLoss()
    x, y = torch.randint(0, 8185, (STEPS, 64, LONG)), torch.randint(0, 2, (STEPS, 64, 1)).float()

    def run():
        for ids, label in zip(x, y):
            optimizer.zero_grad()
            loss(model(ids), label).backward()
            optimizer.step()

    return run, STEPS


KNOWN = {
    ("words", "keras"): words_by_keras,
    ("words", "tokenizers"): words_by_tokenizers,
    ("subwords", "tfds"): subwords_by_tfds,
    ("generation", "keras"): generation_by_keras,
    ("W7long", "keras"): long_reviews_by_keras,
    ("W7long", "torch"): long_reviews_by_torch,
}
if (workload, how) not in KNOWN:
    sys.exit(f"no such workload here: {workload}")
run, count = KNOWN[workload, how]()
run()
times = []
while len(times) < 2 or sum(times) < 3 and len(times) < 9:
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with open(out, "a") as file:
    print(json.dumps({"workload": workload, "step_ms": 1e3 * sorted(times)[len(times) // 2] / count, "rss_mb": rss}), file=file)
