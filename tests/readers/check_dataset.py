#!/usr/bin/env python3
"""Proves a dataset with readers that other people wrote: check_dataset.py DATASET_DIR

Prints one line per proof, then `N passed, M failed`. A proof about something that the recipe did not ask for has nothing to look
at, and says so. Exit code: 0 all others passed, 1 something failed, 2 wrong usage or a reader is not installed. Install the readers with: pip install -r requirements.txt
"""
import hashlib
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections import defaultdict
from pathlib import Path

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"  # before cv2 is imported, or it refuses EXR files

try:
    import cv2
    import datumaro
    import numpy as np
    import OpenEXR
    import supervision
    from PIL import Image
    from pycocotools import mask as coco_mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as error:
    print(f"a reader is missing: {error}\ninstall them with: pip install -r {Path(__file__).parent / 'requirements.txt'}")
    sys.exit(2)

# COCOeval compares every pair within an image; this many annotations per image are enough to prove ids, flags and areas.
EVALUATED_PER_IMAGE = 500


class NotAsked(Exception):
    """The dataset has nothing of what a proof is about."""


class Dataset:
    """The dataset as plain JSON, and its id images as the truth that masks are compared with."""

    def __init__(self, root):
        self.root = root
        self.manifest = read_json(root / "dataset.json")
        self.annotation_file = root / "annotations" / "instances.json"
        self.coco = read_json(self.annotation_file)
        self.cameras = {c["image_id"]: c for c in read_json(root / "cameras.json")["images"]}
        self.is_polygons = self.manifest["options"]["masks"] == "polygons"
        self.annotations = defaultdict(list)
        for annotation in self.coco["annotations"]:
            self.annotations[annotation["image_id"]].append(annotation)

    def need(self, *outputs):
        """Ends the proof where one of these is not in the dataset."""
        missing = [name for name in outputs if name not in self.manifest["outputs"]]
        if missing:
            raise NotAsked(", ".join(missing))

    def has(self, output):
        return output in self.manifest["outputs"]

    def file(self, image, output):
        return self.root / self.cameras[image["id"]]["files"][output]

    def integers(self, image, output):
        """An image of whole numbers, by PIL (PNG) or OpenEXR (EXR)."""
        path = self.file(image, output)
        return read_exr(path, {"id"}, np.uint32)["id"] if path.suffix == ".exr" else read_gray16(path)

    def vectors(self, image, output):
        """An image of vectors, height x width x 3 in the order x, y, z, by OpenEXR."""
        channels = read_exr(self.file(image, output), {"R", "G", "B"}, np.float32)
        return np.stack([channels["R"], channels["G"], channels["B"]], axis=2)

    def ids(self, image):
        """The id image; without one, what the masks make of it."""
        if self.has("ids"):
            return self.integers(image, "ids")
        ids = np.zeros((image["height"], image["width"]), np.uint32)
        for annotation in self.annotations[image["id"]]:
            ids[decode(annotation["segmentation"], ids.shape)] = annotation["instance_id"]
        return ids

    def depth(self, image):
        """The depth image as it is stored: float32 metres (EXR) or uint16 millimetres (PNG)."""
        path = self.file(image, "depth")
        if path.suffix == ".png":
            return read_gray16(path)
        channels = read_exr(path, {"Y", "Z"}, np.float32)
        assert np.array_equal(channels["Y"], channels["Z"]), path
        return channels["Z"]

    def metres(self, image):
        """Depth in metres, +inf where nothing is hit, and by how much it may be off."""
        depth = self.depth(image).astype(np.float64)
        if self.file(image, "depth").suffix == ".exr":
            return depth, 0.0
        return np.where(depth == 0, np.inf, depth / 1000), 0.00051

    def hit(self, image):
        """Which pixels show a surface."""
        if self.has("depth"):
            return np.isfinite(self.metres(image)[0])
        self.need("range")
        return np.isfinite(read_exr(self.file(image, "range"), {"Y"}, np.float32)["Y"])

    def known(self):
        """Everything that is known of an instance: (image, what is known, its attributes, its visible mask)."""
        for image in self.coco["images"]:
            ids = self.ids(image)
            for annotation in self.annotations[image["id"]]:
                yield image, annotation, annotation.get("attributes", {}), ids == annotation["instance_id"]


def read_json(path):
    def refuse(word):
        raise AssertionError(f"{path}: {word} is no JSON")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)


def read_gray16(path):
    with Image.open(path) as image:
        assert image.mode == "I;16", f"{path}: PIL mode {image.mode}"
        pixels = np.array(image)
    assert pixels.dtype == np.uint16, f"{path}: {pixels.dtype}"
    return pixels


def read_exr(path, names, dtype):
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name: np.array(channel.pixels) for name, channel in file.channels().items()}
    assert set(channels) == names, f"{path}: channels {list(channels)}"
    assert all(pixels.dtype == dtype for pixels in channels.values()), path
    return channels


def decode(segmentation, shape):
    """A COCO mask of any form, by pycocotools, as booleans."""
    if isinstance(segmentation, list):
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, *shape))
    elif isinstance(segmentation["counts"], list):
        segmentation = coco_mask.frPyObjects(segmentation, *shape)
    return coco_mask.decode(segmentation).astype(bool)


def is_bent(camera):
    """Whether the lens bends straight lines: then a pixel shows what a ray within half a pixel of its centre meets."""
    return camera["lens_model"] != "pinhole"


def is_known_to_opencv(points, camera):
    """Which points OpenCV can project: those in front, but for the equirectangular lens, which is none of OpenCV's."""
    return np.asarray(points).reshape(-1, 3)[:, 2] > 1e-6 if camera["lens_model"] != "equirectangular" else slice(None)


def project(points, camera):
    """Points in the OpenCV camera frame, by OpenCV, in continuous pixels."""
    points = np.asarray(points, np.float64).reshape(-1, 3)
    K, zero = np.array(camera["K_opencv"]), np.zeros(3)
    distortion = np.array(camera["distortion_opencv"])
    if camera["lens_model"] == "kannala_brandt":
        pixels, _ = cv2.fisheye.projectPoints(points[:, None], zero, zero, K, distortion)
    elif camera["lens_model"] == "equirectangular":
        x, y, z = points.T
        pixels = np.stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))], axis=1) * np.diag(K)[:2] + K[:2, 2]
    else:
        pixels, _ = cv2.projectPoints(points, zero, zero, K, distortion if len(distortion) else None)
    return pixels.reshape(-1, 2) + 0.5


def rays(u, v, camera):
    """Unit vectors through the centres of pixels in the OpenCV camera frame, by OpenCV."""
    K, distortion = np.array(camera["K_opencv"]), np.array(camera["distortion_opencv"])
    pixels = np.stack([u, v], axis=1).astype(np.float64)[:, None]
    if len(pixels) == 0:
        return np.zeros((0, 3))
    if camera["lens_model"] == "equirectangular":
        longitude, latitude = ((pixels[:, 0] - K[:2, 2]) / np.diag(K)[:2]).T
        level = np.cos(latitude)
        return np.stack([np.sin(longitude) * level, np.sin(latitude), np.cos(longitude) * level], axis=1)
    if camera["lens_model"] == "kannala_brandt":
        # OpenCV's undistortPoints ends at 90 degrees: the polynomial's inverse, by bisection within where it rises.
        flat = (pixels[:, 0] - K[:2, 2]) / np.diag(K)[:2]
        radius = np.linalg.norm(flat, axis=1)
        powers = lambda t: t * (1 + t**2 * (distortion[0] + t**2 * (distortion[1] + t**2 * (distortion[2] + t**2 * distortion[3]))))
        steps = np.linspace(0, np.pi, 4096)
        falls = np.nonzero(np.diff(powers(steps)) <= 0)[0]
        low, high = np.zeros(len(radius)), np.full(len(radius), steps[falls[0]] if len(falls) else np.pi)
        for _ in range(60):
            middle = (low + high) / 2
            below = powers(middle) < radius
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        across = flat / np.maximum(radius, 1e-12)[:, None] * np.sin(low)[:, None]
        return np.concatenate([across, np.cos(low)[:, None]], axis=1)
    if len(distortion):
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
        flat = cv2.undistortPointsIter(pixels, K, distortion, None, None, criteria)[:, 0]
    else:
        flat = (pixels[:, 0] - K[:2, 2]) / np.diag(K)[:2]
    directions = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def check_manifest(data):
    """dataset.json has ended, and counts what is there"""
    manifest, totals = data.manifest, data.manifest["totals"]
    assert manifest["format"] == "scenewright-dataset" and manifest["format_version"] == 2
    assert manifest["state"] == ("incomplete" if totals["rejected"] else "complete")
    assert totals["images"] == len(data.coco["images"])
    assert totals["images"] + totals["rejected"] == manifest["count"] * len(manifest["cameras"])
    assert len(manifest["rejected"]) == min(totals["rejected"], 1000)
    names = {image["file_name"] for image in data.coco["images"]}
    for rejected in manifest["rejected"]:
        assert rejected["file_name"] not in names and rejected["reason"], rejected
        assert (data.root / "rejected" / Path(rejected["file_name"]).stem / "reason.txt").is_file(), rejected
    assert totals["annotations"] == len(data.coco["annotations"])
    for category in totals["categories"]:
        own = [a for a in data.coco["annotations"] if a["category_id"] == category["id"]]
        left_out = [e for i in data.coco["images"] for e in i.get("left_out", []) if e["category_id"] == category["id"]]
        assert len(own) == category["annotations"], category
        for reason in ("hidden", "min_visible_px", "min_visibility"):
            marked = sum(a.get("attributes", {}).get("marked") == reason for a in own)
            assert category["marked"][reason] == marked, category
            assert category["left_out"][reason] == sum(e["reason"] == reason for e in left_out), category
    assert hashlib.sha256(manifest["recipe"]["text"].encode()).hexdigest() == manifest["recipe"]["sha256"]


def check_files(data):
    """every image of every output is there, and nothing else; numbers in JSON are numbers"""
    told = [name for name in data.manifest["outputs"] if name not in ("amodal", "poses", "boxes3d", "keypoints")]
    measured = set()
    for image in data.coco["images"]:
        files = set(data.cameras[image["id"]]["files"])
        measured |= {image["file_name"]} if "sensor_depth" in files else set()
        assert files - {"sensor_depth"} == set(told), image["file_name"]
    assert not measured or "sensor_depth" in data.manifest["conventions"]
    stems = {Path(image["file_name"]).stem for image in data.coco["images"]}
    for folder in ["images", *told]:
        assert {path.stem for path in (data.root / folder).iterdir()} == stems, folder
    if measured:
        assert {path.stem for path in (data.root / "sensor_depth").iterdir()} == {Path(name).stem for name in measured}
    known = {"images", "annotations", "rejected", "journal", "sensor_depth", *told}
    assert {path.name for path in data.root.iterdir() if path.is_dir()} <= known
    for name in ("keypoints", "panoptic"):
        assert (data.root / "annotations" / f"{name}.json").exists() == data.has(name), name


def check_hashes(data):
    """SHA256SUMS has every file that is there, by its hash, and no other"""
    sums = dict(line.split("  ", 1)[::-1] for line in (data.root / "SHA256SUMS").read_text().splitlines())
    files = (path for path in data.root.rglob("*") if path.is_file())
    found = {str(path.relative_to(data.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert sums == {name: sum for name, sum in found.items() if name != "SHA256SUMS" and not name.startswith("journal/")}


def check_ids_and_references(data):
    """COCO ids are integers, unique, from 1 without gaps, in order; every reference resolves"""
    images, annotations, categories = (data.coco[key] for key in ("images", "annotations", "categories"))
    assert "info" in data.coco and "licenses" in data.coco
    assert [a["id"] for a in annotations] == list(range(1, len(annotations) + 1))
    for entry in images + annotations + categories:
        assert all(type(entry[key]) is int for key in entry if key == "id" or key.endswith("_id")), entry
    image_ids = [i["id"] for i in images]
    assert image_ids == sorted(set(image_ids)) and image_ids[:1] >= [1][: len(image_ids)]
    assert {a["image_id"] for a in annotations} <= set(image_ids) == set(data.cameras)
    assert {a["category_id"] for a in annotations} <= {c["id"] for c in categories}
    for annotation in annotations:
        assert annotation["iscrowd"] == int("marked" in annotation.get("attributes", {})), annotation["id"]
        assert type(annotation["area"]) is int and annotation["area"] > 0, annotation["id"]
        assert not annotation["iscrowd"] or isinstance(annotation["segmentation"], dict), "COCO's crowds are run lengths"
    order = [(a["image_id"], a["instance_id"]) for a in annotations]
    assert order == sorted(set(order))
    for image in images:
        left_out = [entry["instance_id"] for entry in image.get("left_out", [])]
        assert left_out == sorted(set(left_out)) and ("left_out" not in image or left_out), image["id"]
        assert not set(left_out) & {a["instance_id"] for a in data.annotations[image["id"]]}, image["id"]


def check_images(data):
    """PIL, OpenEXR and OpenCV read the colour images alike, in the size and the depth that are promised"""
    rgb = data.manifest["conventions"]["rgb"]
    for image in data.coco["images"]:
        path = data.root / "images" / image["file_name"]
        shape = (image["height"], image["width"], 3)
        if "linear light" in rgb or "16-bit" in rgb:
            other = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
            assert other.shape == shape, path
        if "linear light" in rgb:
            channels = read_exr(path, {"R", "G", "B"}, np.float32)
            pixels = np.stack([channels["R"], channels["G"], channels["B"]], axis=2)
            assert path.suffix == ".exr" and other.dtype == np.float32 and np.array_equal(pixels, other), path
            continue
        if "16-bit" in rgb:
            # PIL reads 16 bits of colour as 8.
            with Image.open(path) as opened:
                coarse = np.array(opened.convert("RGB")).astype(int)
            assert path.suffix == ".png" and other.dtype == np.uint16 and np.abs(coarse - other / 257).max() <= 1, path
            continue
        if "JPEG" in rgb:
            with Image.open(path) as opened:
                assert opened.format == "JPEG" and opened.mode == "RGB" and not opened.info.get("progressive"), path
                pixels = np.array(opened).astype(int)
            other = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
            # Decoders may round differently.
            assert pixels.shape == other.shape == shape and np.abs(pixels - other).max() <= 4, path
            continue
        with Image.open(path) as opened:
            assert opened.mode == "RGB" and opened.size == (image["width"], image["height"]), path
            pixels = np.array(opened)
        other = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
        assert other.dtype == np.uint8 and np.array_equal(pixels, other), path


def check_id_images(data):
    """id images are integers of the size that is written; OpenCV reads 16-bit ones alike; all in them is listed"""
    data.need("ids")
    for image in data.coco["images"]:
        ids = data.ids(image)
        assert ids.shape == (image["height"], image["width"])
        path = data.file(image, "ids")
        if path.suffix == ".png":
            assert np.array_equal(ids, cv2.imread(str(path), cv2.IMREAD_UNCHANGED)), path
        left_out = {e["instance_id"]: e["area"] for e in image.get("left_out", [])}
        for instance_id, area in left_out.items():
            assert (ids == instance_id).sum() == area, (path, instance_id)
        listed = {a["instance_id"] for a in data.annotations[image["id"]]} | {i for i, area in left_out.items() if area}
        assert set(np.unique(ids)) - {0} == listed, path


def check_semantic(data):
    """semantic images are the category of each pixel's instance"""
    data.need("semantic", "ids")
    for image in data.coco["images"]:
        ids, semantic = data.ids(image), data.integers(image, "semantic")
        expected = np.zeros(ids.shape, np.int64)
        for entry in data.annotations[image["id"]] + image.get("left_out", []):
            expected[ids == entry["instance_id"]] = entry["category_id"]
        assert np.array_equal(semantic, expected), image["file_name"]
        path = data.file(image, "semantic")
        assert path.suffix == ".exr" or np.array_equal(semantic, cv2.imread(str(path), cv2.IMREAD_UNCHANGED)), path


def check_parts(data):
    """parts images count from 1 where something labelled is seen, no further than there are names"""
    data.need("parts", "ids")
    for entry in data.manifest["parts"]:
        assert entry["names"] and len(set(entry["names"])) == len(entry["names"]), entry
        assert ("asset" in entry) != ("object" in entry), entry
    of_assets = {entry["asset"]: entry["names"] for entry in data.manifest["parts"] if "asset" in entry}
    of_objects = [(entry["object"], entry["names"]) for entry in data.manifest["parts"] if "object" in entry]
    for image in data.coco["images"]:
        parts, ids = data.integers(image, "parts"), data.ids(image)
        assert np.array_equal(parts > 0, ids > 0), image["file_name"]
        for annotation in data.annotations[image["id"]]:
            attributes = annotation.get("attributes", {})
            names = [""]
            if "asset" in attributes:
                names = of_assets[attributes["asset"]]
            elif "parts" in attributes:
                names = attributes["parts"]
                group = annotation["object"].split("[")[0]
                assert (group, names) in of_objects or len(of_objects) >= 100, annotation["object"]
            assert parts[ids == annotation["instance_id"]].max() <= len(names), annotation["object"]


def check_depth(data):
    """depth has the type that is promised, a value on every labelled pixel, and no value but distances and 'nothing'"""
    data.need("depth")
    as_float = data.manifest["options"]["depth"] == "exr_metres"
    for image in data.coco["images"]:
        path = data.file(image, "depth")
        depth = data.depth(image)
        assert depth.dtype == (np.float32 if as_float else np.uint16), path
        assert depth.shape == (image["height"], image["width"]), path
        labelled = data.ids(image) != 0
        if as_float:
            hit = np.isfinite(depth)
            assert (depth[hit] > 0).all() and np.isposinf(depth[~hit]).all(), path
        else:
            hit = depth > 0
        assert hit[labelled].all(), path
        other = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert other.dtype == depth.dtype and np.array_equal(other, depth), f"{path}: OpenCV reads something else"


def check_sensor_depth(data):
    """what depth sensors measure has the form of depth, and is no farther off than a sensor is"""
    entries = [entry for entry in data.cameras.values() if "sensor_depth" in entry["files"]]
    if not entries:
        raise NotAsked("depth_sensor")
    for entry in entries:
        path = data.root / entry["files"]["sensor_depth"]
        other = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert other.shape == (entry["height"], entry["width"]), path
        if path.suffix == ".exr":
            channels = read_exr(path, {"Y", "Z"}, np.float32)
            assert np.array_equal(channels["Y"], channels["Z"]) and np.array_equal(channels["Z"], other), path
            assert (other > 0).all() and not np.isnan(other).any(), path
        else:
            assert other.dtype == np.uint16 and np.array_equal(read_gray16(path), other), path


def check_vectors(data):
    """OpenEXR and OpenCV read every float image alike, and it is 0 where nothing is hit"""
    found = [n for n in data.manifest["outputs"] if "normals" in n or n in ("nocs", "position", "uv", "emission", "range")]
    data.need(*(found or ["normals_camera"]))
    for image in data.coco["images"]:
        for name in found:
            path = data.file(image, name)
            other = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if name == "range":
                pixels = read_exr(path, {"Y"}, np.float32)["Y"]
                assert (pixels > 0).all(), path
            else:
                pixels = data.vectors(image, name)
                other = other[:, :, ::-1]
                assert np.isfinite(pixels).all(), path
                if data.has("depth"):
                    assert (pixels[~data.hit(image)] == 0).all(), path
            assert pixels.shape[:2] == (image["height"], image["width"]), path
            assert other.dtype == np.float32 and np.array_equal(pixels, other), f"{path}: OpenCV reads something else"


def check_normals(data):
    """normals have length 1 and face the camera; those in the camera frame are those in the world, turned"""
    found = [name for name in data.manifest["outputs"] if "normals" in name]
    data.need(*(found or ["normals_camera"]))
    for image in data.coco["images"]:
        rotation = np.array(data.cameras[image["id"]]["opencv_camera_from_world"])[:3, :3]
        hit = data.hit(image)
        normals = {name: data.vectors(image, name)[hit].astype(np.float64) for name in found}
        for name, values in normals.items():
            assert np.abs(np.linalg.norm(values, axis=1) - 1).max(initial=0) < 1e-3, (image["file_name"], name)
        for prefix in ("", "geometric_"):
            world, camera = (normals.get(f"{prefix}normals_{frame}") for frame in ("world", "camera"))
            if world is not None and camera is not None:
                assert np.abs(world @ rotation.T - camera).max(initial=0) < 1e-5, image["file_name"]
        if "geometric_normals_camera" in normals:
            camera = data.cameras[image["id"]]
            v, u = np.nonzero(hit)
            facing = (rays(u, v, camera) * normals["geometric_normals_camera"]).sum(axis=1)
            slack = 2 / min(camera["fx"], camera["fy"]) if is_bent(camera) else 1e-4
            assert (facing < slack).all(), f"{image['file_name']}: a surface is seen from behind"


def check_range_and_position(data):
    """range and position are what depth, K and the camera's pose say"""
    data.need("depth")
    found = [name for name in ("range", "position") if data.has(name)]
    data.need(*(found or ["range"]))
    for image in data.coco["images"]:
        camera = data.cameras[image["id"]]
        depth, off = data.metres(image)
        v, u = np.nonzero(np.isfinite(depth))
        z = depth[v, u]
        directions = rays(u, v, camera)
        in_camera = directions * (z / directions[:, 2])[:, None]
        length = np.linalg.norm(in_camera, axis=1)
        slack = 1e-5 * length + off * length / z
        if is_bent(camera):
            # Half a pixel turns a ray by so much, and depth is its cosine of the length.
            slack += 1.5 / min(camera["fx"], camera["fy"]) * length / directions[:, 2] ** 2
        if "range" in found:
            measured = read_exr(data.file(image, "range"), {"Y"}, np.float32)["Y"]
            assert np.array_equal(np.isfinite(measured), np.isfinite(depth)), image["file_name"]
            assert (np.abs(measured[v, u] - length) <= slack).all(), image["file_name"]
        if "position" in found:
            pose = np.array(camera["world_from_opencv_camera"])
            world = in_camera @ pose[:3, :3].T + pose[:3, 3]
            away = np.linalg.norm(data.vectors(image, "position")[v, u] - world, axis=1)
            assert (away <= slack + 1e-6 * np.abs(pose).max()).all(), image["file_name"]


def check_appearance(data):
    """PIL and OpenCV read albedo, roughness and metallic alike, in 8 bits"""
    found = [name for name in ("albedo", "roughness", "metallic") if data.has(name)]
    data.need(*(found or ["albedo"]))
    for image in data.coco["images"]:
        for name in found:
            path = data.file(image, name)
            with Image.open(path) as opened:
                assert opened.mode == ("RGB" if name == "albedo" else "L"), path
                assert opened.size == (image["width"], image["height"]), path
                pixels = np.array(opened)
            other = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            other = cv2.cvtColor(other, cv2.COLOR_BGR2RGB) if name == "albedo" else other
            assert np.array_equal(pixels, other), path
            if data.has("depth"):
                assert (pixels[~data.hit(image)] == 0).all(), path


def check_cameras(data):
    """cameras.json: K and matrices agree with each other; depth goes to the world and back to the same pixel centre"""
    for image in data.coco["images"]:
        camera = data.cameras[image["id"]]
        for key in ("file_name", "width", "height", "camera", "scene_index"):
            assert camera[key] == image[key], key
        K = np.array(camera["K_opencv"])
        expected = [[camera["fx"], 0, camera["cx"] - 0.5], [0, camera["fy"], camera["cy"] - 0.5], [0, 0, 1]]
        assert np.array_equal(K, expected)
        world_from_camera = np.array(camera["world_from_opencv_camera"])
        camera_from_world = np.array(camera["opencv_camera_from_world"])
        scale = max(1.0, np.abs(world_from_camera).max())
        assert np.allclose(world_from_camera @ camera_from_world, np.eye(4), atol=1e-9 * scale)
        rotation = world_from_camera[:3, :3]
        assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9) and np.linalg.det(rotation) > 0
        if not data.has("depth"):
            continue
        depth, _ = data.metres(image)
        v, u = np.nonzero((data.ids(image) != 0) & np.isfinite(depth))
        if len(u) == 0:
            continue
        z = depth[v, u].astype(np.float64)
        if is_bent(camera):
            # The ray through a pixel's centre comes back to it.
            back = project(rays(u, v, camera) * z[:, None], camera)
            known = rays(u, v, camera)[:, 2] > 1e-3
            assert np.abs(back - np.stack([u + 0.5, v + 0.5], axis=1))[known].max(initial=0) < 1e-3
            continue
        # By OpenCV's counting, where pixels are integers ...
        in_camera = np.linalg.inv(K) @ np.stack([u, v, np.ones(len(u))]) * z
        # ... and by ours, where their centres are halves.
        x, y = (u + 0.5 - camera["cx"]) / camera["fx"] * z, (v + 0.5 - camera["cy"]) / camera["fy"] * z
        assert np.allclose(in_camera, [x, y, z])
        world = (world_from_camera @ np.vstack([in_camera, np.ones(len(u))]))[:3]
        projected, _ = cv2.projectPoints(
            world.T, cv2.Rodrigues(camera_from_world[:3, :3])[0], camera_from_world[:3, 3], K, None
        )
        assert np.abs(projected[:, 0] - np.stack([u, v], axis=1)).max() < 1e-3


def check_pycocotools_masks(data):
    """pycocotools: every decoded mask equals its pixels in the id image; box and area are those of the mask"""
    coco = COCO(str(data.annotation_file))
    for image in data.coco["images"]:
        ids = data.ids(image)
        union = np.zeros(ids.shape, np.uint8)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            mask = coco.annToMask(annotation)
            assert np.array_equal(mask.astype(bool), ids == annotation["instance_id"]), annotation["id"]
            rle = coco.annToRLE(annotation)
            assert coco_mask.toBbox(rle).tolist() == annotation["bbox"], annotation["id"]
            assert int(coco_mask.area(rle)) == annotation["area"] == int(mask.sum()), annotation["id"]
            union += mask
        expected = (ids != 0) & ~np.isin(ids, [entry["instance_id"] for entry in image.get("left_out", [])])
        assert np.array_equal(union, expected), f"{image['file_name']}: masks overlap or leave pixels out"


def check_amodal(data):
    """amodal masks hold the visible ones; visibility, truncation, boxes and who hides whom are what masks and ids say"""
    data.need("amodal")
    left_out = ((i, e, e, data.ids(i) == e["instance_id"]) for i in data.coco["images"] for e in i.get("left_out", []))
    for image, entry, known, visible in [*data.known(), *left_out]:
        where = (image["file_name"], entry["instance_id"])
        amodal = decode(known["amodal_segmentation"], visible.shape)
        assert isinstance(known["amodal_segmentation"], dict), where
        assert amodal[visible].all(), where
        inside, seen = int(amodal.sum()), int(visible.sum())
        assert 0 < known["amodal_area"] >= inside, where
        assert abs(known["visibility"] - (seen / inside if inside else 0)) < 1e-12, where
        assert abs(known["truncation"] - (1 - inside / known["amodal_area"])) < 1e-12, where
        bop = known["visibility"] * (1 - known["truncation"])  # BOP's visib_fract
        assert abs(bop - seen / known["amodal_area"]) < 1e-12, where
        x, y, w, h = known["amodal_bbox"]
        assert w > 0 and h > 0 and known["amodal_area"] <= w * h, where
        assert -image["width"] <= x and x + w <= 2 * image["width"], where
        assert -image["height"] <= y and y + h <= 2 * image["height"], where
        if inside:
            rows, columns = np.nonzero(amodal)
            box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert (box[:2] >= [x, y]).all() and (box[2:] <= [x + w, y + h]).all(), where
            assert inside < known["amodal_area"] or box.tolist() == [x, y, x + w, y + h], where
        hidden_by = {h["instance_id"]: h["pixels"] for h in known["hidden_by"]}
        assert [h["instance_id"] for h in known["hidden_by"]] == sorted(hidden_by), where
        assert seen + sum(hidden_by.values()) == inside, where
        if data.has("ids"):
            others, counts = np.unique(data.ids(image)[amodal & ~visible], return_counts=True)
            assert hidden_by == dict(zip(others.tolist(), counts.tolist())), where


def check_poses(data):
    """poses are rigid and as far as they say; all cameras of a scene put an object at the same place in the world"""
    data.need("poses")
    places = defaultdict(list)
    for image, annotation, known, _ in data.known():
        pose = np.array(known["pose"]["camera_from_object"])
        assert pose.shape == (4, 4) and np.array_equal(pose[3], [0, 0, 0, 1]), annotation["id"]
        assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9), annotation["id"]
        assert np.linalg.det(pose[:3, :3]) > 0 and all(known["pose"]["scale"]), annotation["id"]
        assert known["distance"] > 0, annotation["id"]
        if "box3d" in known:
            distance = np.linalg.norm(known["box3d"]["oriented"]["center"])
            assert abs(distance - known["distance"]) < 1e-9 * max(1, distance), annotation["id"]
        camera = np.array(data.cameras[image["id"]]["world_from_opencv_camera"])
        places[image["scene_index"], annotation["instance_id"]].append(camera @ pose)
    for key, poses in places.items():
        slack = 1e-9 * max(1, np.abs(poses).max())
        assert np.ptp(poses, axis=0).max() < slack, key


def check_boxes(data):
    """cv2.projectPoints puts the corners of 3D boxes where they are said to be; boxes hold what is seen of them"""
    data.need("boxes3d")
    signs = np.array([[k & 1, k >> 1 & 1, k >> 2 & 1] for k in range(8)]) - 0.5
    for image, annotation, known, visible in data.known():
        camera = data.cameras[image["id"]]
        world = np.array(camera["opencv_camera_from_world"])[:3, :3]
        axes = {"axis_aligned": world}
        if "pose" in known:
            axes["oriented"] = np.array(known["pose"]["camera_from_object"])[:3, :3]
        for kind, box in known["box3d"].items():
            corners = np.array(box["corners"])
            scale = 1e-9 * max(1, np.abs(corners).max())
            assert min(box["size"]) >= 0 and max(box["size"]) > 0, annotation["id"]
            if kind in axes:
                expected = np.array(box["center"]) + (signs * box["size"]) @ axes[kind].T
                assert np.abs(expected - corners).max() < scale, (annotation["id"], kind)
            for corner, pixel in zip(corners, box["pixels"]):
                assert is_bent(camera) or (pixel is not None) == (corner[2] > 0), (annotation["id"], kind)
            if is_bent(camera):
                seen = [k for k in range(8) if box["pixels"][k] is not None]
                seen = np.array(seen, int)[is_known_to_opencv(corners[seen], camera)]
                pixels = project(corners[seen], camera) if len(seen) else np.zeros((0, 2))
                said = np.array([box["pixels"][k] for k in seen]).reshape(-1, 2)
                assert np.abs(pixels - said).max(initial=0) < 1e-6 * max(1, np.abs(pixels).max(initial=0))
            elif None not in box["pixels"]:
                pixels = project(corners, camera)
                assert np.abs(pixels - box["pixels"]).max() < 1e-6 * max(1, np.abs(pixels).max()), (annotation["id"], kind)
                if corners[:, 2].min() >= camera["near"]:
                    v, u = np.nonzero(visible)
                    assert u.min() + 0.5 >= pixels[:, 0].min() - 1e-2 and u.max() + 0.5 <= pixels[:, 0].max() + 1e-2
                    assert v.min() + 0.5 >= pixels[:, 1].min() - 1e-2 and v.max() + 0.5 <= pixels[:, 1].max() + 1e-2


def check_nocs(data):
    """object coordinates are within 0..1; through the pose, cv2.projectPoints brings each back to its pixel and depth"""
    data.need("nocs", "poses", "boxes3d")
    for image, annotation, known, visible in data.known():
        where = (image["file_name"], annotation["instance_id"])
        nocs = data.vectors(image, "nocs")[visible].astype(np.float64)
        box, pose = known["box3d"]["oriented"], np.array(known["pose"]["camera_from_object"])
        diagonal = np.linalg.norm(box["size"])
        edges = np.array(box["size"]) / diagonal
        assert (np.abs(nocs - 0.5) <= edges / 2 + 1e-4).all(), where
        in_camera = (nocs - 0.5) * diagonal @ pose[:3, :3].T + box["center"]
        v, u = np.nonzero(visible)
        camera = data.cameras[image["id"]]
        known_points = is_known_to_opencv(in_camera, camera)
        pixels = project(in_camera[known_points], camera) if len(in_camera[known_points]) else np.zeros((0, 2))
        off = np.abs(pixels - np.stack([u + 0.5, v + 0.5], axis=1)[known_points])
        if camera["lens_model"] == "equirectangular":
            off[:, 0] = np.minimum(off[:, 0], np.abs(off[:, 0] - camera["width"]))
            # Near the poles a pixel is a sliver: by angle, it is as wide as the cosine of its latitude.
            off[:, 0] *= np.cos((v + 0.5 - camera["cy"]) / camera["fy"])
        assert off.max(initial=0) < (0.6 if is_bent(camera) else 0.1), where
        if data.has("depth"):
            depth, off = data.metres(image)
            assert (np.abs(in_camera[:, 2] - depth[visible]) <= 1e-3 * depth[visible] + off).all(), where


def check_keypoints(data):
    """keypoints are in the image and counted; those called corner_K are corner K of the 3D box, by cv2.projectPoints"""
    data.need("keypoints")
    coco = read_json(data.root / "annotations" / "keypoints.json")
    categories = {c["id"]: c for c in coco["categories"]}
    for category in categories.values():
        assert category["keypoints"] and len(set(category["keypoints"])) == len(category["keypoints"]), category
        assert all(1 <= end <= len(category["keypoints"]) for bone in category["skeleton"] for end in bone), category
    plain = {a["id"]: a for a in data.coco["annotations"]}
    expected = [a["id"] for a in data.coco["annotations"] if a["category_id"] in categories]
    assert [a["id"] for a in coco["annotations"]] == expected
    assert [i["id"] for i in coco["images"]] == [i["id"] for i in data.coco["images"]]
    for annotation in coco["annotations"]:
        same = plain[annotation["id"]]
        for key in ("image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "instance_id"):
            assert annotation[key] == same[key], (annotation["id"], key)
        camera = data.cameras[annotation["image_id"]]
        names = categories[annotation["category_id"]]["keypoints"]
        points = np.array(annotation["keypoints"], np.float64).reshape(-1, 3)
        assert len(points) == len(names) and set(points[:, 2]) <= {0, 1, 2}, annotation["id"]
        assert annotation["num_keypoints"] == (points[:, 2] > 0).sum(), annotation["id"]
        assert (points[points[:, 2] == 0] == 0).all(), annotation["id"]
        there = points[points[:, 2] > 0]
        assert (there[:, :2] >= -0.5).all(), annotation["id"]
        assert (there[:, :2] < [camera["width"] - 0.5, camera["height"] - 0.5]).all(), annotation["id"]
        box = same.get("attributes", {}).get("box3d")
        scale = same.get("attributes", {}).get("pose", {}).get("scale")
        for name, (x, y, flag) in zip(names, points):
            if name.startswith("corner_") and flag > 0 and box and scale:
                # Corners of the object before its scale, which may mirror it.
                number = int(name[7:]) ^ sum(1 << axis for axis in range(3) if scale[axis] < 0)
                corner = np.array(box["oriented"]["corners"][number])
                if corner[2] <= 1e-6 and camera["lens_model"] == "kannala_brandt":
                    continue  # beyond 90 degrees, which OpenCV does not know
                # COCO counts pixel centres as whole numbers, as OpenCV does.
                pixel = project(corner, camera)[0] - 0.5
                assert np.abs(pixel - [x, y]).max() < 1e-6, (annotation["id"], name)


def check_keypoint_evaluation(data):
    """COCOeval: keypoints against themselves have an AP of 1.0"""
    data.need("keypoints")
    coco = COCO(str(data.root / "annotations" / "keypoints.json"))
    for category in coco.loadCats(coco.getCatIds()):
        annotations = coco.loadAnns(coco.getAnnIds(catIds=[category["id"]]))
        if not any(a["num_keypoints"] and not a["iscrowd"] for a in annotations):
            continue
        keys = ("image_id", "category_id", "keypoints")
        found = coco.loadRes([{**{key: a[key] for key in keys}, "score": 1.0} for a in annotations])
        evaluation = COCOeval(coco, found, "keypoints")
        evaluation.params.catIds = [category["id"]]
        evaluation.params.maxDets = [EVALUATED_PER_IMAGE]
        evaluation.params.kpt_oks_sigmas = np.full(len(category["keypoints"]), 0.05)
        evaluation.evaluate()
        evaluation.accumulate()
        precision = evaluation.eval["precision"][:, :, :, 0, -1]
        # COCO has no small things in its keypoints; "all" is the first of the areas.
        seen = precision[precision > -1]
        assert seen.size and abs(seen.mean() - 1) < 1e-9, (category["name"], precision)


def read_panoptic(data, annotation):
    with Image.open(data.root / "panoptic" / annotation["file_name"]) as opened:
        assert opened.mode == "RGB", annotation["file_name"]
        pixels = np.array(opened, np.uint32)
    return pixels[:, :, 0] + 256 * pixels[:, :, 1] + 65536 * pixels[:, :, 2]


def check_panoptic(data):
    """panoptic images hold the segments that are listed, no others, each with its area and box; they agree with the ids"""
    data.need("panoptic")
    coco = read_json(data.root / "annotations" / "panoptic.json")
    categories = {c["id"]: c for c in coco["categories"]}
    assert [c["id"] for c in coco["categories"]] == [c["id"] for c in data.coco["categories"]]
    assert [a["image_id"] for a in coco["annotations"]] == [i["id"] for i in data.coco["images"]]
    by_image = {i["id"]: i for i in data.coco["images"]}
    for annotation in coco["annotations"]:
        name, segments = annotation["file_name"], annotation["segments_info"]
        pixels = read_panoptic(data, annotation)
        assert len({s["id"] for s in segments}) == len(segments) and 0 not in {s["id"] for s in segments}, name
        assert set(np.unique(pixels)) - {0} == {s["id"] for s in segments}, name
        for segment in segments:
            v, u = np.nonzero(pixels == segment["id"])
            assert segment["area"] == len(u) and segment["category_id"] in categories, (name, segment)
            box = [u.min(), v.min(), u.max() - u.min() + 1, v.max() - v.min() + 1]
            assert segment["bbox"] == [int(value) for value in box], (name, segment)
        ids, expected = data.ids(by_image[annotation["image_id"]]), np.zeros(pixels.shape, np.uint32)
        stuff, kinds = {}, {}
        for instance in data.annotations[annotation["image_id"]]:
            key = instance["instance_id"]
            if not categories[instance["category_id"]]["isthing"]:
                key = stuff.setdefault(instance["category_id"], key)
            expected[ids == instance["instance_id"]] = key
            kinds[key] = instance["category_id"]
        assert np.array_equal(pixels, expected), name
        assert kinds == {s["id"]: s["category_id"] for s in segments}, name


def check_panoptic_quality(data):
    """panoptic quality, by the definition of Kirillov et al. (2019), is 1.0 against itself"""
    data.need("panoptic")
    coco = read_json(data.root / "annotations" / "panoptic.json")
    iou, true_positives = defaultdict(float), defaultdict(int)
    false_positives, false_negatives = defaultdict(int), defaultdict(int)
    for annotation in coco["annotations"]:
        truth = found = read_panoptic(data, annotation)
        segments = {s["id"]: s for s in annotation["segments_info"]}
        pairs, counts = np.unique(np.stack([truth.ravel(), found.ravel()]), axis=1, return_counts=True)
        overlap = {(int(t), int(f)): int(n) for (t, f), n in zip(pairs.T, counts)}
        crowds = {s["category_id"]: s["id"] for s in segments.values() if s["iscrowd"]}
        matched_truth, matched_found = set(), set()
        for (t, f), intersection in overlap.items():
            if t not in segments or f not in segments or segments[t]["iscrowd"]:
                continue
            if segments[t]["category_id"] != segments[f]["category_id"]:
                continue
            union = segments[t]["area"] + segments[f]["area"] - intersection - overlap.get((0, f), 0)
            if intersection / union > 0.5:
                category = segments[t]["category_id"]
                true_positives[category] += 1
                iou[category] += intersection / union
                matched_truth.add(t)
                matched_found.add(f)
        for key, segment in segments.items():
            if key not in matched_truth and not segment["iscrowd"]:
                false_negatives[segment["category_id"]] += 1
            # Detections that lie mostly in void or in a crowd of their category do not count.
            ignored = overlap.get((0, key), 0) + overlap.get((crowds.get(segment["category_id"], -1), key), 0)
            if key not in matched_found and not segment["iscrowd"] and ignored / segment["area"] <= 0.5:
                false_positives[segment["category_id"]] += 1
    for category in set(true_positives) | set(false_positives) | set(false_negatives):
        errors = false_positives[category] / 2 + false_negatives[category] / 2
        assert iou[category] / (true_positives[category] + errors) == 1.0, category


def evaluate(data, kind):
    """Average precision of the ground truth as its own detections."""
    coco = COCO(str(data.annotation_file))
    kept = [a["id"] for image in data.coco["images"] for a in data.annotations[image["id"]][:EVALUATED_PER_IMAGE]]
    if all(annotation["iscrowd"] for annotation in coco.loadAnns(kept)):
        raise NotAsked("an annotation that is evaluated")
    truth = COCO()
    truth.dataset = {**coco.dataset, "annotations": coco.loadAnns(kept)}
    truth.createIndex()
    detections = []
    for annotation in coco.loadAnns(kept):
        detection = {"image_id": annotation["image_id"], "category_id": annotation["category_id"], "score": 1.0}
        detection |= {"bbox": annotation["bbox"]} if kind == "bbox" else {"segmentation": coco.annToRLE(annotation)}
        detections.append(detection)
    evaluation = COCOeval(truth, truth.loadRes(detections), kind)
    evaluation.params.maxDets = [EVALUATED_PER_IMAGE]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # all areas
    seen = precision[precision > -1]  # -1: the category has no ground truth
    return seen.mean() if seen.size else float("nan")


def check_segm_evaluation(data):
    """COCOeval: ground truth against itself has a mask AP of 1.0"""
    precision = evaluate(data, "segm")
    assert abs(precision - 1) < 1e-9, precision  # COCOeval adds 2^-52 to its denominators


def check_bbox_evaluation(data):
    """COCOeval: ground truth against itself has a box AP of 1.0"""
    precision = evaluate(data, "bbox")
    assert abs(precision - 1) < 1e-9, precision  # COCOeval adds 2^-52 to its denominators


def check_supervision(data):
    """supervision: the same images, boxes, categories and masks"""
    loaded = supervision.DetectionDataset.from_coco(
        str(data.root / "images"), str(data.annotation_file), force_masks=True
    )
    assert len(loaded) == len(data.coco["images"])
    names = {c["id"]: c["name"] for c in data.coco["categories"]}
    assert loaded.classes == [names[k] for k in sorted(names)]
    by_name = {i["file_name"]: i for i in data.coco["images"]}
    for path, _, detections in loaded:
        image = by_name[Path(path).name]
        ids, annotations = data.ids(image), data.annotations[image["id"]]
        assert len(detections) == len(annotations), path
        for k, annotation in enumerate(annotations):
            x, y, w, h = annotation["bbox"]
            assert np.allclose(detections.xyxy[k], [x, y, x + w, y + h]), annotation["id"]
            assert loaded.classes[detections.class_id[k]] == names[annotation["category_id"]]
            truth, mask = ids == annotation["instance_id"], np.asarray(detections.mask[k], bool)
            if data.is_polygons:
                # supervision fills polygons with cv2.fillPoly, which counts pixels that the outline only touches.
                grown = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
                assert (mask | ~truth).all() and (grown | ~mask).all(), annotation["id"]
            else:
                assert np.array_equal(mask, truth), annotation["id"]


def check_datumaro(data):
    """datumaro: the same items, boxes, labels and masks"""
    with tempfile.TemporaryDirectory() as folder:
        # datumaro knows annotation files by the name TASK_SUBSET.json.
        (Path(folder) / "annotations").mkdir()
        shutil.copy(data.annotation_file, Path(folder) / "annotations" / "instances_all.json")
        (Path(folder) / "images").mkdir()
        (Path(folder) / "images" / "all").symlink_to((data.root / "images").resolve(), target_is_directory=True)
        loaded = datumaro.Dataset.import_from(folder, "coco_instances")
        names = {c["id"]: c["name"] for c in data.coco["categories"]}
        labels = loaded.categories()[datumaro.AnnotationType.label]
        by_stem = {Path(i["file_name"]).stem: i for i in data.coco["images"]}
        items = list(loaded)
        assert {item.id for item in items} == set(by_stem), "items"
        for item in items:
            image = by_stem[item.id]
            ids = data.ids(image)
            truths = {a["id"]: a for a in data.annotations[image["id"]]}
            masks = defaultdict(lambda: np.zeros(ids.shape, bool))
            for found in item.annotations:
                annotation = truths[found.id]
                assert labels[found.label].name == names[annotation["category_id"]]
                if found.type == datumaro.AnnotationType.bbox:
                    assert list(found.get_bbox()) == annotation["bbox"], found.id
                elif found.type == datumaro.AnnotationType.polygon:
                    rles = coco_mask.frPyObjects([list(found.points)], *ids.shape)
                    masks[annotation["id"]] |= coco_mask.decode(coco_mask.merge(rles)).astype(bool)
                else:
                    masks[annotation["id"]] |= np.asarray(found.image, bool)
            assert set(masks) == set(truths), item.id
            for key, mask in masks.items():
                assert np.array_equal(mask, ids == truths[key]["instance_id"]), key


PROOFS = [value for name, value in list(globals().items()) if name.startswith("check_")]


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 2
    try:
        data = Dataset(Path(sys.argv[1]))
    except (OSError, ValueError, KeyError) as error:
        print(f"FAILED  the dataset's JSON files can be read: {error!r}\n0 passed, 1 failed")
        return 1
    failed = absent = 0
    for proof in PROOFS:
        try:
            # Readers chat on stdout; it is for proofs.
            sys.stdout, stdout = open(os.devnull, "w"), sys.stdout
            try:
                proof(data)
            finally:
                sys.stdout.close()
                sys.stdout = stdout
            print(f"ok      {proof.__doc__}")
        except NotAsked as missing:
            absent += 1
            print(f"--      {proof.__doc__}: not asked for ({missing})")
        except Exception:
            failed += 1
            print(f"FAILED  {proof.__doc__}\n{traceback.format_exc()}")
    print(f"{len(PROOFS) - failed - absent} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
