import keras
import numpy as np
import tensorflow as tf
from keras import layers

series = np.loadtxt("daily-min-temperatures.csv", delimiter=",", skiprows=1, usecols=1, dtype="float32")
split, window = 2500, 60

# The network answers after every step of a window: the answers are the window, a step later.
windows = tf.data.Dataset.from_tensor_slices(series[:split, np.newaxis]).window(window + 1, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda part: part.batch(window + 1)).shuffle(1000)
batches = windows.map(lambda part: (part[:-1], part[1:])).batch(100).prefetch(1)

model = keras.Sequential([
    keras.Input((None, 1)),
    layers.Conv1D(60, 5, padding="causal", activation="relu"),
    layers.LSTM(60, return_sequences=True),
    layers.LSTM(60, return_sequences=True),
    layers.Dense(30, activation="relu"),
    layers.Dense(10, activation="relu"),
    layers.Dense(1),
    layers.Lambda(lambda x: x * 400.0),
])
optimizer = keras.optimizers.SGD(learning_rate=1e-5, momentum=0.9)
model.compile(loss=keras.losses.Huber(), optimizer=optimizer, metrics=["mae"])
model.fit(batches, epochs=150, verbose=0)

window = 64  # the notebook forecasts from the windows of its sweep
inputs = np.lib.stride_tricks.sliding_window_view(series[split - window : -1], window)
forecast = model.predict(inputs[..., np.newaxis])[:, -1, 0]
print(np.mean(np.abs(series[split:] - forecast)))
