import keras
import numpy as np
import tensorflow as tf
from keras import layers

series, split, window = np.load("series_a.npy"), 1000, 20

windows = tf.data.Dataset.from_tensor_slices(series[:split]).window(window + 1, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda part: part.batch(window + 1)).shuffle(1000)
batches = windows.map(lambda part: (part[:-1], part[-1])).batch(32).prefetch(1)

neuron = layers.Dense(1)
model = keras.Sequential([keras.Input((window,)), neuron])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-6, momentum=0.9))
model.fit(batches, epochs=100, verbose=0)
print(neuron.get_weights())

inputs = np.lib.stride_tricks.sliding_window_view(series[split - window : -1], window)
forecast = model.predict(inputs)[:, 0]
print(np.mean(np.abs(series[split:] - forecast)))
