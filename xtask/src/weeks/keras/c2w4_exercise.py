import keras
import numpy as np
import tensorflow as tf
from keras import layers


def read(path):
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    return rows[:, 1:].reshape(-1, 28, 28, 1), rows[:, 0].astype(int)


(x_train, y_train), (x_test, y_test) = read("sign_mnist_train.csv"), read("sign_mnist_test.csv")
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(32)

# Without the course's shear of 0.2 degrees.
augment = keras.Sequential([
    layers.RandomRotation(40 / 360, fill_mode="nearest"),
    layers.RandomTranslation(0.2, 0.2, fill_mode="nearest"),
    layers.RandomZoom(0.2, fill_mode="nearest"),
    layers.RandomFlip("horizontal"),
])
train = train.map(lambda x, y: (augment(x, training=True), y))

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dense(128, activation="relu"),
    layers.Dense(26, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

model.fit(train, epochs=15, validation_data=(x_test, y_test))
