"""pyrender. Meshes and textures stay; things are moved, tinted and given other textures in place. Ids are a second rendering."""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("PYOPENGL_PLATFORM", "egl")

import cv2
import numpy as np

np.infty = np.inf  # pyrender 0.1.45 asks for it, and numpy 2 has it no more

import pyrender
from peer_common import Images, Spec, main, pose


def start(spec: Spec, _: argparse.Namespace):
    data = spec.data
    sampler = pyrender.Sampler(
        wrapS=pyrender.constants.GLTF.REPEAT, wrapT=pyrender.constants.GLTF.REPEAT, minFilter=pyrender.constants.GLTF.LINEAR_MIPMAP_LINEAR,
        magFilter=pyrender.constants.GLTF.LINEAR,
    )  # fmt: skip
    textures = [
        pyrender.Texture(source=np.ascontiguousarray(cv2.imread(str(spec.texture(n)))[..., ::-1]), source_channels="RGB", sampler=sampler)
        for n in range(data["textures"] + 1)
    ]

    def mesh(parts: tuple[np.ndarray, ...]) -> pyrender.Mesh:
        points, normals, uvs, triangles = parts
        material = pyrender.MetallicRoughnessMaterial(baseColorTexture=textures[-1], metallicFactor=0.0, roughnessFactor=0.8)
        return pyrender.Mesh([pyrender.Primitive(points, normals, texcoord_0=uvs, indices=triangles, material=material, mode=4)])

    world = pyrender.Scene(bg_color=[0.74, 0.83, 0.93, 1.0], ambient_light=[0.35, 0.37, 0.4])
    world.add(mesh(spec.ground()))
    meshes = {name: spec.mesh(name) for name in set(data["shapes"])}
    nodes = [world.add(mesh(meshes[name])) for name in data["shapes"]]
    eye = world.add(pyrender.PerspectiveCamera(yfov=np.radians(data["fov"]), znear=0.05, zfar=30.0))
    sun = world.add(pyrender.DirectionalLight(color=[1.0, 1.0, 1.0], intensity=12.0))
    renderer = pyrender.OffscreenRenderer(data["width"], data["height"])
    colours = {node: (0, 0, number + 1) for number, node in enumerate(nodes)}

    def render(scene: dict) -> Images:
        for node, thing in zip(nodes, scene["things"], strict=True):
            world.set_pose(node, pose(thing))
            material = node.mesh.primitives[0].material
            material.baseColorFactor = [*thing["tint"], 1.0]
            material.roughnessFactor = thing["roughness"]
            material.baseColorTexture = textures[thing["texture"]]
        world.set_pose(eye, np.array(scene["camera"]))
        back = np.array(scene["sun"])
        right = np.cross([0.0, 1.0, 0.0], back)
        right /= np.linalg.norm(right)
        matrix = np.eye(4)
        matrix[:3, :3] = np.stack([right, np.cross(back, right), back], 1)
        world.set_pose(sun, matrix)
        colour, depth = renderer.render(world, flags=pyrender.RenderFlags.SHADOWS_DIRECTIONAL)
        seen, _ = renderer.render(world, flags=pyrender.RenderFlags.SEG, seg_node_map=colours)
        return colour, seen[..., 2], depth

    return render


if __name__ == "__main__":
    main(start)
