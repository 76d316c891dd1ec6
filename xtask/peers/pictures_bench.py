"""Times how others decode and transform photographs, on one thread: WORKLOAD (generator|dataset|torchvision) FOLDER OUT."""

import json
import os
import pathlib
import resource
import sys
import time

THREADS = ["OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]
os.environ.update({name: "1" for name in THREADS}, KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2")

SIDE, BATCH = 150, 20
workload, how, folder, out = sys.argv[1:]
if workload not in ("decode", "augment"):
    sys.exit(f"no such workload here: {workload}")
paths = sorted(str(path) for path in pathlib.Path(folder).glob("*/*") if path.suffix.lower() in (".jpg", ".jpeg"))


def batches(pictures):
    return [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]


def generator():
    from keras.src.legacy.preprocessing.image import ImageDataGenerator
    from keras.utils import img_to_array, load_img

    import numpy as np

    def decode():
        for path in paths:
            img_to_array(load_img(path, target_size=(SIDE, SIDE)))

    if workload == "decode":
        return decode
    pictures = np.stack([img_to_array(load_img(path, target_size=(SIDE, SIDE))) for path in paths])
    ranges = dict(rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2, zoom_range=0.2)
    flow = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, **ranges).flow(pictures, batch_size=BATCH)
    return lambda: [flow[index] for index in range(len(flow))]


def dataset():
    import keras
    import tensorflow as tf

    files = keras.utils.image_dataset_from_directory(folder, image_size=(SIDE, SIDE), batch_size=BATCH, shuffle=False, verbose=0)
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    files = files.with_options(options)
    if workload == "decode":
        return lambda: [None for _ in files]
    layers = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(40 / 360, fill_mode="nearest"),
        keras.layers.RandomTranslation(0.2, 0.2, fill_mode="nearest"),
        keras.layers.RandomShear(0.2, fill_mode="nearest"),
        keras.layers.RandomZoom(0.2, fill_mode="nearest"),
        keras.layers.Rescaling(1 / 255),
    ]
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *layers])
    transform = tf.function(lambda pictures: model(pictures, training=True))
    pictures = list(files.unbatch().batch(BATCH, drop_remainder=True).map(lambda picture, _: picture))
    return lambda: [transform(batch).numpy() for batch in pictures]


def torchvision():
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    resize = v2.Resize((SIDE, SIDE))
    read = lambda path: resize(decode_jpeg(read_file(path), ImageReadMode.RGB))
    if workload == "decode":
        return lambda: [read(path) for path in paths]
    pictures = [read(path) for path in paths]
    transform = v2.Compose(
        [
            v2.RandomAffine(40, (0.2, 0.2), (0.8, 1.2), (-0.2, 0.2), interpolation=v2.InterpolationMode.BILINEAR),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    return lambda: [torch.stack([transform(picture) for picture in batch]) for batch in batches(pictures)]


run = {"generator": generator, "dataset": dataset, "torchvision": torchvision}[how]()
run()
times = []
while len(times) < 3 or sum(times) < 3 and len(times) < 15:
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
count = len(paths) // BATCH * BATCH if (workload, how) == ("augment", "dataset") else len(paths)
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with open(out, "a") as file:
    print(json.dumps({"workload": workload, "step_ms": 1e3 * sorted(times)[len(times) // 2] / count, "rss_mb": rss}), file=file)
