import keras
from keras import layers

train = keras.utils.image_dataset_from_directory(
    "rps", label_mode="categorical", image_size=(150, 150), batch_size=126, interpolation="nearest"
)
validation = keras.utils.image_dataset_from_directory(
    "rps-test-set", label_mode="categorical", image_size=(150, 150), batch_size=126, interpolation="nearest"
)

# Without the course's shear of 0.2 degrees.
augment = keras.Sequential([
    layers.RandomRotation(40 / 360, fill_mode="nearest"),
    layers.RandomTranslation(0.2, 0.2, fill_mode="nearest"),
    layers.RandomZoom(0.2, fill_mode="nearest"),
    layers.RandomFlip("horizontal"),
])
train = train.map(lambda x, y: (augment(x, training=True), y))

model = keras.Sequential([
    keras.Input((150, 150, 3)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(128, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(128, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dropout(0.5),
    layers.Dense(512, activation="relu"),
    layers.Dense(3, activation="softmax"),
])
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])

model.fit(train, epochs=25, validation_data=validation)
model.save("rps.keras")
