import keras
import numpy as np
import tensorflow as tf
from keras import layers

series = np.loadtxt("Sunspots.csv", delimiter=",", skiprows=1, usecols=2, dtype="float32")
split, window = 3000, 60

windows = tf.data.Dataset.from_tensor_slices(series[:split]).window(window + 1, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda part: part.batch(window + 1)).shuffle(1000)
batches = windows.map(lambda part: (part[:-1], part[-1])).batch(32).prefetch(1)

model = keras.Sequential([
    keras.Input((window,)),
    layers.Dense(20, activation="relu"),
    layers.Dense(10, activation="relu"),
    layers.Dense(1),
])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-7, momentum=0.9))
model.fit(batches, epochs=100, verbose=0)

inputs = np.lib.stride_tricks.sliding_window_view(series[split - window : -1], window)
forecast = model.predict(inputs)[:, 0]
print(np.mean(np.abs(series[split:] - forecast)))
