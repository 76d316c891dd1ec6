import tensorflow as tf

windows = tf.data.Dataset.range(10).window(5, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda window: window.batch(5))
pairs = windows.map(lambda window: (window[:-1], window[-1:]))
batches = pairs.shuffle(buffer_size=10).batch(2).prefetch(1)
for x, y in batches:
    print(x.numpy(), y.numpy())
