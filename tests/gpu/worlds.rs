//! What recipes make from numbers and what files bring along, against the CPU ray caster: made shapes, painted materials, parts with
//! materials of their own; vertex colours, second UVs, textures that clamp and mirror. And that what is made is not kept for ever.

use glam::{DQuat, DVec3};
use scenewright::scene::Shape;
use serde_json::json;

use crate::agreement::{EVERYTHING, agree_on, text};
use crate::build::{add, last, scene};
use crate::gltf::Builder;
use crate::harness::{Case, ensure, folder, new_renderer};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("the_ray_caster_agrees_on_made_shapes", made),
        ("the_ray_caster_agrees_on_painted_materials", painted),
        ("the_ray_caster_agrees_on_parts_with_materials_of_their_own", groups),
        ("the_ray_caster_agrees_on_vertex_colours_second_uvs_and_wraps", rich),
        ("what_is_made_for_one_scene_leaves_nothing_behind", bounded),
    ]
}

/// Every kind of made shape, twice at random.
fn made() -> Result<(), String> {
    text(
        r#"(
        version: 1, name: "made", image: (width: 200, height: 150),
        categories: [(id: 1, name: "thing")],
        objects: {
            "ground": (shape: Terrain(4, 4, 0.3, 0.8, resolution: 24), place: At(position: (0, -0.9, 0))),
            "things": (shape: Choice([
                Superellipsoid(0.3, 0.3, 0.3, 0.4, 0.4), RoundedBox(0.4, 0.2, 0.3, 0.05), RoundedCylinder(0.15, 0.3, 0.03), Tube(0.2, 0.1, 0.1),
                Lathe([(0, 0.2), (0.1, 0.15), (0.05, 0), (0.15, -0.2), (0, -0.2)], curve: true),
                Extrude(Star(5, 0.2, 0.1), 0.1, bevel: 0.01), Sweep(Circle(0.04), [(-0.2, 0, 0), (0, 0.15, 0), (0.2, 0, 0.1)], curve: true),
                Text("Ag", 0.25, 0.05), Rock(0.2, 0.15, 0.25), Blob(0.15, 0.03, 0.2), Plant(0.3, 0.01, 5, 0.12, 0.06)]),
                category: "thing", count: 16, place: InBox(min: (-1, -0.5, -1), max: (1, 0.7, 1), rotation: Any)),
        },
        environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 2.8, azimuth: Uniform(0, 360), elevation: Uniform(5, 60))) },
    )"#,
        2,
        // Leaves and letters are narrower than a pixel in places.
        &["uv", "shaded_normals"],
    )
}

/// Coarse textures, seen from near: filtering them is the same for both.
fn painted() -> Result<(), String> {
    text(
        r##"(
        version: 1, name: "painted", image: (width: 160, height: 120),
        categories: [(id: 1, name: "thing")],
        materials: { "paint": (
            resolution: 16,
            base_color: Ramp(Noise(scale: 2, octaves: 1), [(0, Hex("#402010")), (1, Hsv(Uniform(0, 360), 0.6, 0.9))]),
            roughness: Map(Noise(scale: 2, octaves: 1), 0.3, 0.8), metallic: Map(Gradient(), 0, 1), height: Map(Noise(scale: 2, octaves: 1), 0, 0.02),
            layers: [(mask: Stripes(count: 2, softness: 0.5), base_color: Hex("#305090"), roughness: 0.9)],
        ) },
        objects: {
            "things": (shape: Plane(0.7, 0.6), material: "paint", category: "thing", count: 3,
                       place: At(position: InBox((-0.4, -0.2, -0.4), (0.4, 0.2, 0)), rotation: Euler(Uniform(60, 120), 0, Uniform(0, 360)))),
        },
        environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(50), pose: LookAt(from: (0, 0, 1.2), target: (0, 0, 0))) },
    )"##,
        3,
        // Steps of the relief are narrower than a pixel.
        &["shaded_normals"],
    )
}

fn groups() -> Result<(), String> {
    text(
        r##"(
        version: 1, name: "groups", image: (width: 160, height: 120),
        categories: [(id: 1, name: "thing")],
        materials: { "red": (base_color: Hex("#c02020")), "blue": (base_color: Hex("#2030c0"), roughness: 0.2),
                     "glass": (transmission: 1, labels: SeeThrough), "any": (base_color: Hsv(Uniform(0, 360), 0.8, 0.8)) },
        objects: {
            "things": (material: "any", category: "thing", count: 6, shape: Group({
                "a": (shape: Box(0.2, 0.2, 0.2), material: Choice(["red", "blue"])),
                "b": (shape: Gltf("assets/mug.glb"), position: (0.25, -0.1, 0), scale: 2),
                "c": (shape: Sphere(0.12), position: (0, 0.25, 0), material: "glass"),
                "d": (shape: Array(Box(0.04, 0.04, 0.04), (3, 1, 2), (0.07, 0, 0.07)), position: (-0.3, 0, 0), scale: (-1, 1, 2)),
            }), scale: (Choice([-1, 1]), Uniform(0.7, 1.2), 1), place: InBox(min: (-0.7, -0.5, -0.5), max: (0.7, 0.5, 0.5), rotation: Any)),
        },
        environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 2.2, azimuth: Uniform(0, 360), elevation: 20)) },
    )"##,
        3,
        &EVERYTHING,
    )
}

/// Squares whose UVs leave 0..=1, by either set, with textures that end in each of the nine ways, and colours at their corners.
fn rich() -> Result<(), String> {
    let codes = [("repeat", 10497), ("mirror", 33648), ("clamp", 33071)];
    let mut s = scene(200, 150);
    for (row, (across, wrap_s)) in codes.into_iter().enumerate() {
        for (column, (down, wrap_t)) in codes.into_iter().enumerate() {
            let mut file = Builder::textured();
            file.document["samplers"] = json!([{ "wrapS": wrap_s, "wrapT": wrap_t }]);
            file.document["textures"][0]["sampler"] = json!(0);
            let wide = file.floats(&[[-0.7f32, 1.6], [1.8, 1.6], [1.8, -0.4], [-0.7, -0.4]]);
            file.attributes()["TEXCOORD_1"] = json!(wide);
            file.base_texture()["texCoord"] = json!(1);
            let colors = file.floats(&[
                [1.0f32, 0.2, 0.2, 1.0],
                [0.2, 1.0, 0.2, 1.0],
                [0.3, 0.3, 1.0, 1.0],
                [1.0, 1.0, 1.0, 1.0],
            ]);
            file.attributes()["COLOR_0"] = json!(colors);
            let name = format!("rich_{across}_{down}.glb");
            file.write(folder(), &name);
            let path = folder().join(&name);
            let place = DVec3::new(1.2 * column as f64 - 1.7, 0.6 - 1.2 * row as f64, -4.2);
            add(&mut s, Shape::Gltf(path.to_str().unwrap().to_owned()), place);
            let square = last(&mut s);
            square.material = None;
            square.rotation = DQuat::from_rotation_y(0.2 * column as f64);
        }
    }
    agree_on(&s)
}

/// Shapes that no other scene has: what is on the GPU does not grow beyond its room. (It is small here, so all of it fits; what is
/// counted is that meshes, materials and entities of a scene that is over are not in the next one.)
fn bounded() -> Result<(), String> {
    let mut renderer = new_renderer();
    let recipe = scenewright::recipe::parse(
        r#"(
        version: 1, name: "anew", image: (width: 32, height: 24),
        objects: { "rocks": (shape: Rock(Uniform(0.1, 0.2), 0.1, 0.2, detail: 2), count: 3, place: At(position: InBox((-1, 0, -1), (1, 1, 1)))) },
        cameras: { "main": (lens: Fov(50), pose: LookAt(from: (0, 1, 3), target: (0, 0, 0))) },
    )"#,
        "anew.ron",
        env!("CARGO_MANIFEST_DIR").as_ref(),
    )
    .map_err(|problems| problems.to_string())?;
    for index in 0..30 {
        let scene = scenewright::scene::sample(&recipe, 0, index).map_err(|error| error.to_string())?;
        renderer.render(&scene).map_err(|error| error.to_string())?;
        if index == 4 {
            let before = renderer.holdings();
            ensure(before.entities < 1000, || format!("{before:?}"))?;
        }
    }
    let after = renderer.holdings();
    // Models are kept for later scenes while there is room, materials and entities are not.
    ensure(after.materials < 100, || format!("after thirty scenes: {after:?}"))
}
