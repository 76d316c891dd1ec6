import os
import random
import shutil

import keras
from keras import layers


def split_data(source, training, testing, share):
    names = [name for name in sorted(os.listdir(source)) if name.endswith(".jpg")]
    names = [name for name in names if os.path.getsize(os.path.join(source, name)) > 0]
    random.Random(42).shuffle(names)
    first = int(len(names) * share)
    for folder, part in [(training, names[:first]), (testing, names[first:])]:
        os.makedirs(folder, exist_ok=True)
        for name in part:
            shutil.copy(os.path.join(source, name), folder)


for kind in ["Cat", "Dog"]:
    split_data(f"PetImages/{kind}", f"training/{kind}", f"testing/{kind}", 0.9)

train = keras.utils.image_dataset_from_directory(
    "training", label_mode="binary", image_size=(150, 150), batch_size=100, interpolation="nearest"
)
validation = keras.utils.image_dataset_from_directory(
    "testing", label_mode="binary", image_size=(150, 150), batch_size=100, interpolation="nearest"
)

model = keras.Sequential([
    keras.Input((150, 150, 3)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dense(512, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer=keras.optimizers.RMSprop(0.001), loss="binary_crossentropy", metrics=["accuracy"])

model.fit(train, epochs=15, validation_data=validation)
