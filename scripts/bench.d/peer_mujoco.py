"""MuJoCo's renderer. The model is compiled once; things are moved, tinted and given other materials in place."""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("MUJOCO_GL", "egl")

import mujoco
import numpy as np
from peer_common import Images, Spec, main, quaternion

NEAR, FAR = 0.05, 30.0


def start(spec: Spec, _: argparse.Namespace):
    data, folder = spec.data, spec.folder
    half = data["ground"] / 2
    assets = "".join(f'<mesh name="{n}" file="{folder / n}.obj" inertia="shell"/>' for n in sorted(set(data["shapes"])))
    for number in range(data["textures"] + 1):
        repeat = data["repeats"] if number == data["textures"] else 1
        assets += f'<texture name="t{number}" type="2d" file="{spec.texture(number)}"/>'
        assets += f'<material name="m{number}" texture="t{number}" texrepeat="{repeat} {repeat}" specular="0.3" shininess="0.3"/>'
    bodies = "".join(
        f'<body name="b{i}" mocap="true"><geom name="g{i}" type="mesh" mesh="{n}" material="m0" contype="0" conaffinity="0"/></body>'
        for i, n in enumerate(data["shapes"])
    )
    model = mujoco.MjModel.from_xml_string(f"""<mujoco>
      <compiler balanceinertia="true"/>
      <statistic extent="1" center="0 0 0"/>
      <visual><global offwidth="{data["width"]}" offheight="{data["height"]}"/><quality shadowsize="2048" offsamples="4"/>
        <map znear="{NEAR}" zfar="{FAR}" shadowclip="3"/><headlight ambient="0.35 0.37 0.4" diffuse="0 0 0" specular="0 0 0"/></visual>
      <asset>{assets}</asset>
      <worldbody><light name="sun" type="directional" pos="0 4 0" dir="0 -1 0" diffuse="0.7 0.7 0.7" castshadow="true"/>
        <geom name="ground" type="plane" size="{half} {half} 1" quat="0.70710678 -0.70710678 0 0" material="m{data["textures"]}"
              contype="0" conaffinity="0"/>
        <body name="eye" mocap="true"><camera name="eye" fovy="{data["fov"]}"/></body>{bodies}</worldbody></mujoco>""")
    state = mujoco.MjData(model)
    things = len(data["shapes"])
    geoms = [model.geom(f"g{i}").id for i in range(things)]
    mocaps = [int(model.body(f"b{i}").mocapid[0]) for i in range(things)]
    eye = int(model.body("eye").mocapid[0])
    light = model.light("sun").id
    renderer = mujoco.Renderer(model, data["height"], data["width"])
    shown = np.full(model.ngeom + 1, 0, np.uint16)
    shown[geoms] = np.arange(1, things + 1)

    def render(scene: dict) -> Images:
        for i, thing in enumerate(scene["things"]):
            state.mocap_pos[mocaps[i]], state.mocap_quat[mocaps[i]] = thing["position"], thing["rotation"]
            model.geom_matid[geoms[i]] = model.material(f"m{thing['texture']}").id
            model.geom_rgba[geoms[i]] = [*thing["tint"], 1]
        camera = np.array(scene["camera"])
        state.mocap_pos[eye], state.mocap_quat[eye] = camera[:3, 3], quaternion(camera[:3, :3])
        model.light_dir[light] = [-x for x in scene["sun"]]
        model.light_pos[light] = [4 * x for x in scene["sun"]]
        mujoco.mj_kinematics(model, state)
        mujoco.mj_camlight(model, state)
        renderer.update_scene(state, camera="eye")
        colour = renderer.render().copy()
        renderer.enable_depth_rendering()
        depth = renderer.render().copy()
        renderer.disable_depth_rendering()
        renderer.enable_segmentation_rendering()
        seen = renderer.render()
        ids = np.where(seen[..., 1] == int(mujoco.mjtObj.mjOBJ_GEOM), shown[np.clip(seen[..., 0], 0, model.ngeom)], 0)
        renderer.disable_segmentation_rendering()
        return colour, ids, np.where(depth < 0.99 * FAR, depth, 0)

    return render


if __name__ == "__main__":
    main(start)
