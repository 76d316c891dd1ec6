import keras
import numpy as np
import tensorflow as tf
from keras import layers

series, split = np.load("series_a.npy"), 1000


def batches(window):
    windows = tf.data.Dataset.from_tensor_slices(series[:split]).window(window + 1, shift=1, drop_remainder=True)
    windows = windows.flat_map(lambda part: part.batch(window + 1)).shuffle(1000)
    return windows.map(lambda part: (part[:-1], part[-1])).batch(32).prefetch(1)


def build(window, rate):
    model = keras.Sequential([
        keras.Input((window,)),
        layers.Dense(10, activation="relu"),
        layers.Dense(10, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=rate, momentum=0.9))
    return model


# The sweep: the rate rises tenfold every 20 epochs.
rise = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-8 * 10 ** (epoch / 20))
history = build(20, 1e-8).fit(batches(20), epochs=100, callbacks=[rise], verbose=0)

window = 30
model = build(window, 8e-6)
model.fit(batches(window), epochs=500, verbose=0)

inputs = np.lib.stride_tricks.sliding_window_view(series[split - window : -1], window)
forecast = model.predict(inputs)[:, 0]
print(np.mean(np.abs(series[split:] - forecast)))
