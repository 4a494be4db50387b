"""Blender's Cycles on the CPU, with few samples and without a denoiser. All passes come as one EXR, in memory where there is room."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import bpy
import numpy as np
import OpenEXR
from mathutils import Matrix, Quaternion, Vector
from peer_common import Images, Spec, main


def start(spec: Spec, args: argparse.Namespace):
    data = spec.data
    bpy.ops.wm.read_factory_settings(use_empty=True)
    world = bpy.context.scene
    pictures = [bpy.data.images.load(str(spec.texture(n))) for n in range(data["textures"] + 1)]

    def skin(number: int) -> tuple[bpy.types.Material, dict]:
        material = bpy.data.materials.new(f"skin{number}")
        material.use_nodes = True
        nodes, links = material.node_tree.nodes, material.node_tree.links
        shader = nodes["Principled BSDF"]
        picture, tint = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeMix")
        picture.image = pictures[-1]
        tint.data_type, tint.blend_type = "RGBA", "MULTIPLY"
        tint.inputs[0].default_value = 1.0
        links.new(picture.outputs["Color"], tint.inputs[6])
        tint.inputs[7].default_value = (1, 1, 1, 1)
        links.new(tint.outputs[2], shader.inputs["Base Color"])
        shader.inputs["Roughness"].default_value = 0.8
        return material, {"picture": picture, "tint": tint.inputs[7], "roughness": shader.inputs["Roughness"]}

    def add(number: int, parts: tuple[np.ndarray, ...]) -> tuple[bpy.types.Object, dict]:
        points, normals, uvs, triangles = parts
        mesh = bpy.data.meshes.new(f"mesh{number}")
        mesh.from_pydata(points.tolist(), [], triangles.tolist())
        mesh.uv_layers.new().data.foreach_set("uv", uvs[triangles.ravel()].astype(np.float32).ravel())
        mesh.normals_split_custom_set_from_vertices(normals.tolist())
        material, inputs = skin(number)
        mesh.materials.append(material)
        thing = bpy.data.objects.new(f"thing{number}", mesh)
        thing.pass_index = number
        thing.rotation_mode = "QUATERNION"
        world.collection.objects.link(thing)
        return thing, inputs

    add(0, spec.ground())
    meshes = {name: spec.mesh(name) for name in set(data["shapes"])}
    things = [add(number + 1, meshes[name]) for number, name in enumerate(data["shapes"])]
    lens = bpy.data.cameras.new("eye")
    lens.sensor_fit, lens.angle, lens.clip_start = "VERTICAL", np.radians(data["fov"]), 0.05
    eye = bpy.data.objects.new("eye", lens)
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.angle = 4.0, 0.0
    sun = bpy.data.objects.new("sun", lamp)
    for thing in (eye, sun):
        world.collection.objects.link(thing)
    world.camera = eye
    world.world = bpy.data.worlds.new("sky")
    world.world.use_nodes = True
    world.world.node_tree.nodes["Background"].inputs[0].default_value = (0.5, 0.6, 0.8, 1)
    world.render.engine = "CYCLES"
    world.cycles.device, world.cycles.samples, world.cycles.use_adaptive_sampling = "CPU", args.samples, False
    world.cycles.use_denoising, world.cycles.max_bounces = False, 3
    world.render.use_persistent_data = True
    world.render.resolution_x, world.render.resolution_y, world.render.resolution_percentage = data["width"], data["height"], 100
    layer = world.view_layers[0]
    layer.use_pass_z = layer.use_pass_object_index = True
    settings = world.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    # In memory where there is such a folder: the passes are not what is asked for.
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    world.render.filepath = str(folder / "passes")
    world.render.use_file_extension = False

    def render(scene: dict) -> Images:
        for (thing, inputs), drawn in zip(things, scene["things"], strict=True):
            thing.location, thing.rotation_quaternion = drawn["position"], Quaternion(drawn["rotation"])
            inputs["picture"].image = pictures[drawn["texture"]]
            inputs["tint"].default_value = (*drawn["tint"], 1)
            inputs["roughness"].default_value = drawn["roughness"]
        eye.matrix_world = Matrix(scene["camera"])
        sun.rotation_mode = "QUATERNION"
        sun.rotation_quaternion = Vector(scene["sun"]).to_track_quat("Z", "Y")
        bpy.ops.render.render(write_still=True)
        path = folder / "passes"
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}
        path.unlink()

        def channel(*ends: str) -> np.ndarray:
            return next(pixels for name, pixels in channels.items() if name.endswith(ends))

        linear = np.clip(np.stack([channel(f"Combined.{c}") for c in "RGB"], -1), 0, 1)
        colour = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        depth = channel("Depth.Z", "Depth.V", "Z.V")
        ids = channel("IndexOB.X", "Object Index.X", "IndexOB.V", "Object Index.V")
        return (255 * colour + 0.5).astype(np.uint8), np.rint(ids), np.where(depth < 1e6, depth, 0)

    return render


if __name__ == "__main__":
    main(start)
