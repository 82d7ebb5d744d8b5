"""What image transforms should give, computed by Pillow through torchvision.

    python scripts/golden/transforms.py Tests/ApusDataTests/Resources/transforms.safetensors

Each entry is named after a case of Tests/ApusDataTests/TransformGoldenTests.swift; the images are
`input.color` and `input.gray`, a case of the grey one ends in `.gray`.
"""

import sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.transforms import InterpolationMode as Mode
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import RandAugment, _apply_op

random = np.random.default_rng(0)
y, x = np.mgrid[0:16, 0:19]
smooth = np.stack([40 + 8 * x, 230 - 10 * y, 120 + 50 * np.sin(x / 3 + y / 2)], -1)
color = np.clip(smooth + random.normal(0, 20, smooth.shape), 0, 255).astype(np.uint8)
gray = random.integers(60, 190, (9, 13), dtype=np.uint8)
T = {"input.color": torch.from_numpy(color), "input.gray": torch.from_numpy(gray[..., None])}
C, G = Image.fromarray(color), Image.fromarray(gray)


def put(name, image):
    array = np.array(image)
    T[name] = torch.from_numpy(np.ascontiguousarray(array if array.ndim == 3 else array[..., None]))


MODES = {"nearest": Mode.NEAREST, "bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC}
for name, mode in MODES.items():
    put(f"resize.smaller.{name}", F.resize(C, [7, 11], mode))
    put(f"resize.larger.{name}", F.resize(C, [18, 23], mode))
    put(f"resize.mixed.{name}.gray", F.resize(G, [20, 5], mode))
    put(f"resize.shorter.{name}", F.resize(C, 8, mode))
    put(f"rotate.{name}", F.rotate(C, 33.0, mode))
    put(f"rotate.filled.{name}.gray", F.rotate(G, -70.5, mode, fill=9))
    put(f"affine.{name}", F.affine(C, 20, [3, -2], 1.2, [10, -5], mode, fill=[7, 7, 7]))
put("crop.center", F.center_crop(C, [8, 9]))
put("crop.center.odd", F.center_crop(C, [7, 10]))
put("crop.center.larger", F.center_crop(C, [18, 24]))
put("crop.center.mixed.gray", F.center_crop(G, [12, 6]))
for mode in ["edge", "reflect", "symmetric"]:
    put(f"pad.{mode}", F.pad(C, 3, padding_mode=mode))
    put(f"pad.{mode}.gray", F.pad(G, 4, padding_mode=mode))
put("pad.constant", F.pad(C, 3, fill=17))
put("flip.horizontal", F.hflip(C))
put("flip.vertical.gray", F.vflip(G))
put("grayscale", F.to_grayscale(C, 3))
for factor in [0.0, 0.4, 1.7]:
    for name, change in dict(
        brightness=F.adjust_brightness, contrast=F.adjust_contrast,
        saturation=F.adjust_saturation, sharpness=F.adjust_sharpness,
    ).items():
        put(f"{name}.{factor}", change(C, factor))
    put(f"contrast.{factor}.gray", F.adjust_contrast(G, factor))
for turn in [-0.5, -0.13, 0.2, 0.5]:
    put(f"hue.{turn}", F.adjust_hue(C, turn))
put("equalize", F.equalize(C))
put("equalize.large", F.equalize(F.resize(C, [24, 24], Mode.NEAREST)))
put("autoContrast", F.autocontrast(C))
put("autoContrast.gray", F.autocontrast(G))
put("posterize", F.posterize(C, 3))
put("solarize", F.solarize(C, 100))

NAMES = {
    "Identity": "identity", "ShearX": "shearX", "ShearY": "shearY", "TranslateX": "translateX",
    "TranslateY": "translateY", "Rotate": "rotate", "Brightness": "brightness", "Color": "color",
    "Contrast": "contrast", "Sharpness": "sharpness", "Posterize": "posterize",
    "Solarize": "solarize", "AutoContrast": "autoContrast", "Equalize": "equalize",
}
for magnitude in [9, 23]:
    for operation, (magnitudes, signed) in RandAugment()._augmentation_space(31, (16, 19)).items():
        value = float(magnitudes[magnitude].item()) if magnitudes.ndim > 0 else 0.0
        for sign in [1, -1] if signed else [1]:
            name = f"randAugment.{NAMES[operation]}.{magnitude}" + (".negative" if sign < 0 else "")
            put(name, _apply_op(C, operation, sign * value, Mode.NEAREST, None))

save_file(T, sys.argv[1])
print(len(T), "tensors")
