#!/usr/bin/env python3
"""Proves a dataset with readers that other people wrote: check_dataset.py DATASET_DIR

Prints one line per proof, then `N passed, M failed`. Exit code: 0 all passed, 1 something failed, 2 wrong usage or a reader is
not installed (nothing is ever skipped). Install the readers with: pip install -r requirements.txt
"""
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


class Dataset:
    """The dataset as plain JSON, and its id images as the truth that masks are compared with."""

    def __init__(self, root):
        self.root = root
        self.manifest = json.loads((root / "dataset.json").read_text("utf-8"))
        self.annotation_file = root / "annotations" / "instances.json"
        self.coco = json.loads(self.annotation_file.read_text("utf-8"))
        self.cameras = {c["image_id"]: c for c in json.loads((root / "cameras.json").read_text("utf-8"))["images"]}
        self.is_polygons = self.manifest["options"]["masks"] == "polygons"
        self.annotations = defaultdict(list)
        for annotation in self.coco["annotations"]:
            self.annotations[annotation["image_id"]].append(annotation)

    def ids(self, image):
        """The id image, by PIL (PNG) or OpenEXR (EXR)."""
        path = self.root / self.cameras[image["id"]]["ids_file"]
        return read_exr(path, {"id"}, np.uint32)["id"] if path.suffix == ".exr" else read_gray16(path)

    def depth_file(self, image):
        return self.root / self.cameras[image["id"]]["depth_file"]

    def depth(self, image):
        """The depth image as it is stored: float32 metres (EXR) or uint16 millimetres (PNG)."""
        path = self.depth_file(image)
        if path.suffix == ".png":
            return read_gray16(path)
        channels = read_exr(path, {"Y", "Z"}, np.float32)
        assert np.array_equal(channels["Y"], channels["Z"]), path
        return channels["Z"]


def read_gray16(path):
    with Image.open(path) as image:
        assert image.mode == "I;16", f"{path}: PIL mode {image.mode}"
        pixels = np.array(image)
    assert pixels.dtype == np.uint16, f"{path}: {pixels.dtype}"
    return pixels


def read_exr(path, names, dtype):
    with OpenEXR.File(str(path)) as file:
        channels = {name: np.array(channel.pixels) for name, channel in file.channels().items()}
    assert set(channels) == names, f"{path}: channels {list(channels)}"
    assert all(pixels.dtype == dtype for pixels in channels.values()), path
    return channels


def check_manifest(data):
    """dataset.json is complete and counts what is there"""
    assert data.manifest["format"] == "scenewright-dataset" and data.manifest["state"] == "complete"
    totals = data.manifest["totals"]
    assert totals["images"] == len(data.coco["images"]) == data.manifest["count"] * len(data.manifest["cameras"])
    assert totals["annotations"] == len(data.coco["annotations"])
    for category in totals["categories"]:
        found = sum(a["category_id"] == category["id"] for a in data.coco["annotations"])
        assert found == category["annotations"], category
    import hashlib

    assert hashlib.sha256(data.manifest["recipe"]["text"].encode()).hexdigest() == data.manifest["recipe"]["sha256"]


def check_ids_and_references(data):
    """COCO ids are integers, unique, from 1 without gaps, in order; every reference resolves"""
    images, annotations, categories = (data.coco[key] for key in ("images", "annotations", "categories"))
    assert "info" in data.coco and "licenses" in data.coco
    assert [a["id"] for a in annotations] == list(range(1, len(annotations) + 1))
    for entry in images + annotations + categories:
        assert all(type(entry[key]) is int for key in entry if key == "id" or key.endswith("_id")), entry
    image_ids = [i["id"] for i in images]
    assert image_ids == sorted(set(image_ids)) and image_ids[:1] >= [1]
    assert {a["image_id"] for a in annotations} <= set(image_ids) == set(data.cameras)
    assert {a["category_id"] for a in annotations} <= {c["id"] for c in categories}
    assert all(a["iscrowd"] == 0 and "area" in a for a in annotations)
    order = [(a["image_id"], a["instance_id"]) for a in annotations]
    assert order == sorted(set(order))


def check_images(data):
    """PIL and OpenCV read the colour images alike: 8-bit RGB of the size that is written"""
    for image in data.coco["images"]:
        path = data.root / "images" / image["file_name"]
        with Image.open(path) as opened:
            assert opened.mode == "RGB" and opened.size == (image["width"], image["height"]), path
            pixels = np.array(opened)
        other = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
        assert other.dtype == np.uint8 and np.array_equal(pixels, other), path


def check_id_images(data):
    """id images are integers of the size that is written; OpenCV reads 16-bit ones alike"""
    for image in data.coco["images"]:
        ids = data.ids(image)
        assert ids.shape == (image["height"], image["width"])
        path = data.root / data.cameras[image["id"]]["ids_file"]
        if path.suffix == ".png":
            assert np.array_equal(ids, cv2.imread(str(path), cv2.IMREAD_UNCHANGED)), path
        assert set(np.unique(ids)) - {0} == {a["instance_id"] for a in data.annotations[image["id"]]}, path


def check_depth(data):
    """depth has the type that is promised, a value on every labelled pixel, and no value but distances and 'nothing'"""
    as_float = data.manifest["options"]["depth"] == "exr_metres"
    for image in data.coco["images"]:
        path = data.depth_file(image)
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
        depth = data.depth(image)
        depth = depth / 1000.0 if depth.dtype == np.uint16 else depth
        v, u = np.nonzero((data.ids(image) != 0) & (depth > 0))
        if len(u) == 0:
            continue
        z = depth[v, u].astype(np.float64)
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
        assert np.array_equal(union, ids != 0), f"{image['file_name']}: masks overlap or leave pixels out"


def evaluate(data, kind):
    """Average precision of the ground truth as its own detections."""
    coco = COCO(str(data.annotation_file))
    kept = [a["id"] for image in data.coco["images"] for a in data.annotations[image["id"]][:EVALUATED_PER_IMAGE]]
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
    assert precision == 1.0, precision


def check_bbox_evaluation(data):
    """COCOeval: ground truth against itself has a box AP of 1.0"""
    precision = evaluate(data, "bbox")
    assert precision == 1.0, precision


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
    failed = 0
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
        except Exception:
            failed += 1
            print(f"FAILED  {proof.__doc__}\n{traceback.format_exc()}")
    print(f"{len(PROOFS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
