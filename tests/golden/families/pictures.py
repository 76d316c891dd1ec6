"""Pictures: files as Keras loads them, resizing, and the transforms of ImageDataGenerator."""

import io

import keras
import numpy as np
import scipy.ndimage
import tensorflow as tf
from PIL import Image

from common import Family, described, generator

image = keras.utils
legacy = keras.src.legacy.preprocessing.image


def make():
    family = Family("pictures", "Files as Keras loads them, resized pictures, and transformed ones.")
    files(family)
    resizing(family)
    transforms(family)
    standardizing(family)
    preprocessing(family)
    return family


def photo(height, width, channels=3):
    """Smooth colours with an edge: JPEG keeps them nearly."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 90 * np.sin(x / 5 + c) * np.cos(y / 7 - c) + 30 * (x > width / 2) for c in range(channels)]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


def noise(name, *shape):
    return generator(f"pictures/{name}").integers(0, 256, shape).astype(np.uint8)


def files(family):
    colours, grey = photo(11, 18), photo(11, 18, 1)[..., 0]
    alpha = np.dstack([colours, photo(11, 18, 1)])
    palette = Image.fromarray(colours).quantize(16)
    exact = {
        "png_rgb": (Image.fromarray(colours), "PNG", {}),
        "png_grey": (Image.fromarray(grey), "PNG", {}),
        "png_rgba": (Image.fromarray(alpha), "PNG", {}),
        "png_grey_alpha": (Image.fromarray(alpha).convert("LA"), "PNG", {}),
        "png_palette": (palette, "PNG", {}),
        "png_palette_4_bits": (palette, "PNG", {"bits": 4}),
        "png_1_bit": (Image.fromarray(grey > 128), "PNG", {}),
        "gif": (palette, "GIF", {}),
        "gif_of_two": (palette, "GIF", {"save_all": True, "append_images": [palette.transpose(Image.Transpose.ROTATE_180)]}),
        "bmp": (Image.fromarray(colours), "BMP", {}),
        "bmp_palette": (palette, "BMP", {}),
        "ppm": (Image.fromarray(colours), "PPM", {}),
        "pgm": (Image.fromarray(grey), "PPM", {}),
        "tiff": (Image.fromarray(colours), "TIFF", {}),
        "tiff_lzw": (Image.fromarray(colours), "TIFF", {"compression": "tiff_lzw"}),
    }
    near = {
        "jpeg": (Image.fromarray(colours), "JPEG", {"quality": 92}),
        "jpeg_444": (Image.fromarray(colours), "JPEG", {"quality": 92, "subsampling": 0}),
        "jpeg_progressive": (Image.fromarray(colours), "JPEG", {"quality": 92, "progressive": True}),
        "jpeg_grey": (Image.fromarray(grey), "JPEG", {"quality": 92}),
        "jpeg_cmyk": (Image.fromarray(colours).convert("CMYK"), "JPEG", {"quality": 95}),
        "jpeg_restarts": (Image.fromarray(colours), "JPEG", {"quality": 92, "restart_marker_blocks": 2}),
    }
    for name, (picture, kind, options) in {**exact, **near}.items():
        stream = io.BytesIO()
        picture.save(stream, kind, **options)
        file_case(family, name, stream.getvalue(), 0 if name in exact else 6)
    stray = io.BytesIO()
    Image.fromarray(colours).save(stray, "JPEG", quality=92)
    whole = stray.getvalue()
    table = whole.index(b"\xff\xdb")
    file_case(family, "jpeg_stray_bytes", whole[:table] + b"\x00\x12\x34\x56\x78" + whole[table:], 6)
    file_case(family, "jpeg_stray_bytes_before_end", whole[:-2] + b"\x00\x12\x34\x56\x78" * 9 + whole[-2:], 6)
    file_case(family, "jpeg_bytes_after_end", whole + b"\x00\x12\x34\x56\x78" * 9, 6)
    file_case(family, "jpeg_fill_bytes", whole[:table] + b"\xff\xff" + whole[table:], 6)
    # Keras ignores EXIF; what is expected here is what Pillow makes of it.
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stream = io.BytesIO()
        Image.fromarray(colours[:6, :7]).save(stream, "PNG", exif=exif)
        from PIL import ImageOps

        upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(stream.getvalue()))))
        case = family.case(f"file_exif_{orientation}", tolerance=0)
        case.put("inputs", "bytes", np.frombuffer(stream.getvalue(), np.uint8)).put("outputs", "rgb", upright)


def file_case(family, name, content, tolerance):
    case = family.case(f"file_{name}", tolerance=tolerance)
    case.put("inputs", "bytes", np.frombuffer(content, np.uint8))
    for mode in ["rgb", "grayscale", "rgba"]:
        pixels = image.img_to_array(image.load_img(io.BytesIO(content), color_mode=mode))
        case.put("outputs", mode, pixels.astype(np.uint8))


def resizing(family):
    sizes = [((11, 13), (5, 6)), ((7, 5), (16, 11)), ((9, 13), (9, 5)), ((1, 1), (3, 2)), ((6, 8), (3, 4)), ((2, 9), (1, 1))]
    for (height, width), size in sizes:
        for channels in [1, 3, 2]:
            pixels = noise(f"resize_{height}_{width}_{size}", height, width, 4)[..., :channels]
            name = f"{height}x{width}x{channels}_to_{size[0]}x{size[1]}"
            for how in ["bilinear", "area"]:
                made = tf.image.resize(pixels, size, how).numpy()
                put_resized(family, f"resize_{how}_{name}", pixels, made, how, size)
            if channels != 2:
                picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
                for how, filter in [("nearest", Image.Resampling.NEAREST), ("lanczos", Image.Resampling.LANCZOS)]:
                    # Pillow multiplies by alpha and back only where it is asked to.
                    planes = [np.asarray(plane.resize(size[::-1], filter)) for plane in picture.split()]
                    put_resized(family, f"resize_{how}_{name}", pixels, np.stack(planes, -1), how, size)
    pixels = noise("aspect", 12, 19, 3)
    for size in [(6, 6), (7, 18), (16, 5)]:
        crop = image.img_to_array(
            image.load_img(png(pixels), target_size=size, keep_aspect_ratio=True, interpolation="nearest")
        )
        put_resized(family, f"crop_{size[0]}x{size[1]}", pixels, crop, "nearest", size)
        pad = tf.image.resize_with_pad(pixels, *size, method="bilinear").numpy()
        put_resized(family, f"pad_{size[0]}x{size[1]}", pixels, pad, "bilinear", size)


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream


def put_resized(family, name, pixels, made, how, size):
    family.case(name, how=how, size=list(size)).put("inputs", "pixels", pixels).put("outputs", "resized", made, zero=True)


NEUTRAL = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
TRANSFORMS = {
    "rotation": {"theta": 25.5},
    "quarter": {"theta": 90},
    "shift_rows": {"tx": 2.25},
    "shift_columns": {"ty": -3.5},
    "shear": {"shear": 20.0},
    "zoom": {"zx": 1.3, "zy": 0.7},
    "all": {"theta": -33.0, "tx": 1.5, "ty": -2.75, "shear": 8.0, "zx": 0.85, "zy": 1.2},
    "far": {"theta": 10.0, "tx": 21.5, "ty": -32.25, "zx": 1.6, "zy": 1.6},
    "flips": {"flip_horizontal": True, "flip_vertical": True},
    "all_and_flips": {"theta": 15.0, "tx": 1.5, "zy": 1.2, "flip_horizontal": True, "flip_vertical": True},
    "channel_shift": {"channel_shift_intensity": 40.5},
    "brightness": {"brightness": 1.45},
    "darkness": {"brightness": 0.3},
    "everything": {
        "theta": 12.0, "tx": -1.5, "ty": 0.75, "shear": -5.0, "zx": 1.1, "zy": 0.9,
        "flip_horizontal": True, "channel_shift_intensity": -25.25, "brightness": 0.8,
    },
}


def transforms(family):
    for name, given in TRANSFORMS.items():
        parameters = {**NEUTRAL, **given}
        for fill_mode in ["nearest", "constant", "reflect", "wrap"]:
            for channels, order in [(3, 1), (1, 1), (3, 0)]:
                geometric = any(parameters[key] != neutral for key, neutral in NEUTRAL.items())
                if (fill_mode != "nearest" or order == 0) and not geometric:
                    continue
                if order == 0 and (fill_mode != "reflect" or channels == 1):
                    continue
                pixels = noise(f"transform_{name}", 9, 12, channels)
                made = transform(pixels.astype(np.float64), parameters, fill_mode, 7.5, order)
                case = family.case(
                    f"transform_{name}_{fill_mode}_{channels}_{order}",
                    parameters=parameters, fill_mode=fill_mode, cval=7.5, order=order,
                )
                case.put("inputs", "pixels", pixels).put("outputs", "transformed", made)


def transform(x, parameters, fill_mode, cval, order):
    """As Keras, but for the centre, which is the middle, and for rows and columns, which Keras 3 takes for each other."""
    theta, shear = np.deg2rad(parameters["theta"]), np.deg2rad(parameters["shear"])
    rotation = np.array([[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]])
    shift = np.array([[1, 0, parameters["tx"]], [0, 1, parameters["ty"]], [0, 0, 1]])
    sheared = np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    zoom = np.diag([parameters["zx"], parameters["zy"], 1])
    matrix = legacy.transform_matrix_offset_center(rotation @ shift @ sheared @ zoom, *x.shape[:2])
    if any(parameters[key] != neutral for key, neutral in NEUTRAL.items()):
        planes = [
            scipy.ndimage.affine_transform(x[..., c], matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval)
            for c in range(x.shape[-1])
        ]
        x = np.stack(planes, -1)
    if parameters.get("channel_shift_intensity") is not None:
        x = legacy.apply_channel_shift(x, parameters["channel_shift_intensity"], 2)
    if parameters.get("flip_horizontal"):
        x = x[:, ::-1]
    if parameters.get("flip_vertical"):
        x = x[::-1]
    if parameters.get("brightness") is not None:
        x = legacy.apply_brightness_shift(x, parameters["brightness"], False)
    return x


STANDARDS = {
    "rescale": {"rescale": 1 / 255},
    "samplewise": {"samplewise_center": True, "samplewise_std_normalization": True},
    "featurewise": {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 1 / 255},
    "whitening": {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 0.1, "rescale": 1 / 255},
    "whitening_many": {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 0.1, "rescale": 1 / 255},
}


def standardizing(family):
    for name, options in STANDARDS.items():
        pixels = noise(f"standard_{name}", 60 if name == "whitening_many" else 8, 4, 4, 3)
        made = legacy.ImageDataGenerator(**options, data_format="channels_last", dtype="float64")
        made.fit(pixels)
        standard = made.standardize(pixels[0].astype(np.float64))
        case = family.case(f"standardize_{name}", options=options)
        case.put("inputs", "pixels", pixels).put("outputs", "standard", standard)


def preprocessing(family):
    """Layers whose ranges are so narrow that nothing is left to chance."""
    layers = keras.layers
    # Some of these layers work in float32 only.
    keras.config.set_floatx("float32")
    cases = {
        "rotation_quarter": layers.RandomRotation((0.25, 0.25)),
        "rotation": layers.RandomRotation((0.07, 0.07)),
        "rotation_wrap": layers.RandomRotation((-0.11, -0.11), fill_mode="wrap"),
        "rotation_nearest": layers.RandomRotation((-0.11, -0.11), fill_mode="nearest"),
        "translation": layers.RandomTranslation((0.2, 0.2), (-0.3, -0.3)),
        "translation_nearest": layers.RandomTranslation((-0.45, -0.45), (0.35, 0.35), fill_mode="nearest"),
        "zoom": layers.RandomZoom((0.3, 0.3)),
        "zoom_in": layers.RandomZoom((-0.4, -0.4), (-0.2, -0.2), fill_mode="nearest"),
        "brightness": layers.RandomBrightness((0.2, 0.2)),
        "darkness": layers.RandomBrightness((-0.3, -0.3)),
        "center_crop": layers.CenterCrop(4, 5),
        "center_crop_uneven": layers.CenterCrop(5, 4),
        "center_crop_of_less": layers.CenterCrop(12, 5),
        "resizing": layers.Resizing(5, 13),
        "resizing_nearest": layers.Resizing(5, 13, interpolation="nearest"),
        "resizing_area": layers.Resizing(5, 4, interpolation="area"),
        "resizing_crop": layers.Resizing(6, 13, crop_to_aspect_ratio=True),
    }
    for name, layer in cases.items():
        pixels = noise(f"layer_{name}", 2, 7, 9, 3).astype(np.float32)
        made = layer(tf.constant(pixels), training=True).numpy()
        case = family.case(f"layer_{name}", **described(layer))
        case.put("inputs", "input", pixels).put("outputs", "output", made)
    keras.config.set_floatx("float64")
