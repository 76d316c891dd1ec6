import keras
import numpy as np
import tensorflow as tf
from keras import layers

series, split, window = np.load("series_c.npy"), 3000, 20

windows = tf.data.Dataset.from_tensor_slices(series[:split]).window(window + 1, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda part: part.batch(window + 1)).shuffle(1000)
batches = windows.map(lambda part: (part[:-1], part[-1])).batch(32).prefetch(1)

model = keras.Sequential([
    keras.Input((None,)),
    layers.Lambda(lambda x: keras.ops.expand_dims(x, -1)),
    layers.Bidirectional(layers.LSTM(32, return_sequences=True)),
    layers.Bidirectional(layers.LSTM(32)),
    layers.Dense(1),
    layers.Lambda(lambda x: x * 100.0),
])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-5, momentum=0.9), metrics=["mae"])
model.fit(batches, epochs=500, verbose=0)

inputs = np.lib.stride_tricks.sliding_window_view(series[split - window : -1], window)
forecast = model.predict(inputs)[:, 0]
print(np.mean(np.abs(series[split:] - forecast)))
