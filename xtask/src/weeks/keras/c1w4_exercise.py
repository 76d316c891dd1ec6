import keras
from keras import layers

train = keras.utils.image_dataset_from_directory(
    "happy-or-sad", label_mode="binary", image_size=(150, 150), batch_size=10, interpolation="nearest"
)


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs["accuracy"] > 0.999:
            print("\nReached 99.9% accuracy so cancelling training!")
            self.model.stop_training = True


model = keras.Sequential([
    keras.Input((150, 150, 3)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dense(512, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer=keras.optimizers.RMSprop(0.001), loss="binary_crossentropy", metrics=["accuracy"])

model.fit(train, epochs=15, callbacks=[Stop()])
