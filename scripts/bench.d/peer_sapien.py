"""SAPIEN's rasteriser (Vulkan): one pass for colour, position and ids. Things are moved, tinted and textured in place."""

from __future__ import annotations

import argparse

import numpy as np
import sapien
from peer_common import Images, Spec, main, quaternion
from sapien.render import RenderBodyComponent, RenderCameraComponent, RenderMaterial, RenderShapeTriangleMesh, RenderTexture2D


def start(spec: Spec, _: argparse.Namespace):
    data = spec.data
    world = sapien.Scene([sapien.render.RenderSystem()])
    textures = [RenderTexture2D(str(spec.texture(n)), mipmap_levels=8) for n in range(data["textures"] + 1)]

    def add(parts: tuple[np.ndarray, ...]) -> tuple[sapien.Entity, RenderMaterial]:
        points, normals, uvs, triangles = parts
        material = RenderMaterial()
        material.base_color_texture, material.metallic, material.roughness = textures[-1], 0.0, 0.8
        shape = RenderShapeTriangleMesh(
            np.asarray(points, np.float32), np.asarray(triangles, np.uint32), np.asarray(normals, np.float32), np.asarray(uvs, np.float32), material
        )
        body = RenderBodyComponent()
        body.attach(shape)
        entity = sapien.Entity()
        entity.add_component(body)
        world.add_entity(entity)
        return entity, shape.material

    add(spec.ground())
    meshes = {name: spec.mesh(name) for name in set(data["shapes"])}
    things = [add(meshes[name]) for name in data["shapes"]]
    world.render_system.set_ambient_light([0.35, 0.37, 0.4])
    sun = sapien.render.RenderDirectionalLightComponent()
    sun.color, sun.shadow, sun.shadow_half_size = [2.5, 2.5, 2.5], True, 3.0
    sun.shadow_near, sun.shadow_far, sun.shadow_map_size = 0.1, 10.0, 2048
    lamp = sapien.Entity()
    lamp.add_component(sun)
    world.add_entity(lamp)
    camera = RenderCameraComponent(data["width"], data["height"])
    camera.set_fovy(np.radians(data["fov"]), True)
    camera.near, camera.far = 0.05, 30.0
    eye = sapien.Entity()
    eye.add_component(camera)
    world.add_entity(eye)
    shown = np.zeros(4096, np.uint16)
    for number, (entity, _) in enumerate(things):
        shown[entity.per_scene_id] = number + 1

    def render(scene: dict) -> Images:
        for (entity, material), thing in zip(things, scene["things"], strict=True):
            entity.set_pose(sapien.Pose(thing["position"], thing["rotation"]))
            material.base_color, material.roughness = [*thing["tint"], 1.0], thing["roughness"]
            material.base_color_texture = textures[thing["texture"]]
        # SAPIEN's cameras and lights look along +X, with +Z up.
        matrix = np.array(scene["camera"])
        right, up, back = matrix[:3, 0], matrix[:3, 1], matrix[:3, 2]
        eye.set_pose(sapien.Pose(matrix[:3, 3], quaternion(np.stack([-back, -right, up], 1))))
        towards = np.array(scene["sun"])
        side = np.cross([0.0, 1.0, 0.0], -towards)
        side /= np.linalg.norm(side)
        lamp.set_pose(sapien.Pose(5 * towards, quaternion(np.stack([-towards, side, np.cross(-towards, side)], 1))))
        world.update_render()
        camera.take_picture()
        colour = np.clip(255 * camera.get_picture("Color")[..., :3] + 0.5, 0, 255).astype(np.uint8)
        ids = shown[np.clip(camera.get_picture("Segmentation")[..., 1], 0, len(shown) - 1)]
        depth = np.maximum(-camera.get_picture("Position")[..., 2], 0)
        return colour, ids, depth

    return render


if __name__ == "__main__":
    main(start)
