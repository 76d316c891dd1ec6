import keras
import numpy as np
import tensorflow as tf
from keras import layers

series, split, window = np.load("series_a.npy"), 1000, 20

windows = tf.data.Dataset.from_tensor_slices(series[:split]).window(window + 1, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda part: part.batch(window + 1)).shuffle(1000)
batches = windows.map(lambda part: (part[:-1], part[-1])).batch(128).prefetch(1)

model = keras.Sequential([
    keras.Input((None,)),
    layers.Lambda(lambda x: keras.ops.expand_dims(x, -1)),
    layers.SimpleRNN(40, return_sequences=True),
    layers.SimpleRNN(40),
    layers.Dense(1),
    layers.Lambda(lambda x: x * 100.0),
])
optimizer = keras.optimizers.SGD(learning_rate=5e-5, momentum=0.9)
model.compile(loss=keras.losses.Huber(), optimizer=optimizer, metrics=["mae"])
model.fit(batches, epochs=400, verbose=0)

inputs = np.lib.stride_tricks.sliding_window_view(series[split - window : -1], window)
forecast = model.predict(inputs)[:, 0]
print(np.mean(np.abs(series[split:] - forecast)))
