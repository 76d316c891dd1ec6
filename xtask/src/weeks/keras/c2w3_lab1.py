import keras
from keras import layers
from keras.applications.inception_v3 import InceptionV3

train = keras.utils.image_dataset_from_directory(
    "cats_and_dogs_filtered/train", label_mode="binary", image_size=(150, 150), batch_size=20, interpolation="nearest"
)
validation = keras.utils.image_dataset_from_directory(
    "cats_and_dogs_filtered/validation", label_mode="binary", image_size=(150, 150), batch_size=20, interpolation="nearest"
)

base = InceptionV3(input_shape=(150, 150, 3), include_top=False, weights=None)
base.load_weights("inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5")
base.trainable = False

features = keras.Sequential([
    keras.Input((150, 150, 3)),
    layers.Rescaling(1 / 127.5, offset=-1),
    keras.Model(base.input, base.get_layer("mixed7").output),
])
# The frozen layers look at each picture once.
train = train.map(lambda x, y: (features(x, training=False), y)).cache().shuffle(100)
validation = validation.map(lambda x, y: (features(x, training=False), y)).cache()

head = keras.Sequential([
    keras.Input((7, 7, 768)),
    layers.Flatten(),
    layers.Dense(1024, activation="relu"),
    layers.Dropout(0.2),
    layers.Dense(1, activation="sigmoid"),
])
head.compile(optimizer=keras.optimizers.RMSprop(1e-4), loss="binary_crossentropy", metrics=["accuracy"])
head.fit(train, validation_data=validation, epochs=20)

model = keras.Sequential([features, head])
