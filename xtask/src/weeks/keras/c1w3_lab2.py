import numpy as np

picture = np.indices((512, 512))[0] // 64 % 2 * 200  # or scipy.datasets.ascent()
kernel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])

found = picture.copy()
for y in range(1, picture.shape[0] - 1):
    for x in range(1, picture.shape[1] - 1):
        around = picture[y - 1:y + 2, x - 1:x + 2]
        found[y, x] = np.clip((around * kernel).sum(), 0, 255)

pooled = found.reshape(256, 2, 256, 2).max(axis=(1, 3))
