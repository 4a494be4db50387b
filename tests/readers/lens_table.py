"""Where OpenCV puts points: the table that tests/cpu/lens.rs holds the lenses against.

    python tests/readers/lens_table.py > tests/golden/lenses.json     (with the packages of requirements.txt)

Points are in the OpenCV camera frame, metres; pixels are OpenCV's, where the centre of the first pixel is 0. Inverse: the rays of
cv2.undistortPoints and cv2.fisheye.undistortPoints, iterated far beyond their defaults.
"""

import json

import cv2
import numpy as np

K = np.array([[520.0, 0.0, 319.5], [0.0, 515.0, 239.5], [0.0, 0.0, 1.0]])
LENSES = [
    ("brown_conrady", [-0.28, 0.07, 0.0012, -0.0008, -0.008, 0, 0, 0]),
    ("brown_conrady", [0.12, -0.05, 0.0, 0.0, 0.01, 0, 0, 0]),
    ("brown_conrady", [0.35, 0.21, -0.0007, 0.0011, 0.02, 0.61, 0.33, 0.05]),
    ("brown_conrady", [-0.1, 0.0, 0.01, 0.02, 0, 0, 0, 0]),
    ("kannala_brandt", [0.0, 0.0, 0.0, 0.0]),
    ("kannala_brandt", [-0.012, 0.009, -0.0031, 0.0004]),
    ("kannala_brandt", [0.05, -0.02, 0.004, -0.0005]),
]


def main():
    table = []
    # All over an image of 640 x 480 pixels, and a little beyond.
    u, v = np.meshgrid(np.linspace(-0.66, 0.66, 9), np.linspace(-0.5, 0.5, 7))
    flat = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1)
    points = flat * (1 + np.arange(len(flat)) % 5)[:, None]
    for model, coefficients in LENSES:
        d = np.array(coefficients)
        if model == "brown_conrady":
            pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, d)
            criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 2000, 1e-15)
            rays = cv2.undistortPointsIter(pixels, K, d, None, None, criteria)
        else:
            pixels, _ = cv2.fisheye.projectPoints(points[:, None], np.zeros(3), np.zeros(3), K, d)
            rays = cv2.fisheye.undistortPoints(pixels, K, d)
        entry = {"model": model, "coefficients": coefficients, "points": points.tolist()}
        entry["pixels"] = pixels.reshape(-1, 2).tolist()
        entry["rays"] = rays.reshape(-1, 2).tolist()
        table.append(entry)
    print(json.dumps({"opencv": cv2.__version__, "K": K.tolist(), "lenses": table}))


main()
