//! Truth from outside the renderer: a ray caster on the CPU, in double precision, over the same [`Scene`]. It shares the
//! triangles with the renderer and nothing else: no matrices, no rasteriser, no depth buffer.

use glam::{DVec2, DVec3};
use scenewright::assets::Library;
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::mesh::{Mesh, shapes};
use scenewright::plan::{Plan, Selection};
use scenewright::recipe::{self, LensRecipe, Number, Varied};
use scenewright::scene::{Camera, Scene, Shape};
use std::path::Path;
use std::sync::Arc;

use crate::harness::{Case, ensure, render, texture};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("the_ray_caster_agrees_on_every_primitive", primitives),
        ("the_ray_caster_agrees_on_the_demo_recipe", demo),
        ("the_ray_caster_agrees_on_heavy_clutter", clutter),
        ("the_ray_caster_agrees_on_cut_out_leaves", leaves),
        ("the_ray_caster_agrees_with_off_centre_cameras", cameras),
    ]
}

/// What a ray hits first.
#[derive(Debug, Clone, Copy)]
struct Hit {
    /// Position in the list of surfaces: tells unlabelled ones apart.
    surface: usize,
    id: u32,
    depth: f64,
}

struct Triangle {
    corners: [DVec3; 3],
    uvs: [DVec2; 3],
}

/// A surface in the world.
struct Surface {
    id: u32,
    double_sided: bool,
    cut_out: Option<CutOut>,
    triangles: Vec<Triangle>,
    center: DVec3,
    radius: f64,
}

struct CutOut {
    texture: Option<Arc<scenewright::assets::Texture>>,
    tiling: DVec2,
    alpha: f64,
    threshold: f64,
}

impl CutOut {
    /// Whether the surface exists at `uv`: bilinear alpha of the full-size texture, repeated.
    fn exists(&self, uv: DVec2) -> bool {
        let Some(texture) = &self.texture else { return self.alpha >= self.threshold };
        let (w, h) = (f64::from(texture.image.width()), f64::from(texture.image.height()));
        let p = uv * self.tiling * DVec2::new(w, h) - DVec2::splat(0.5);
        let texel = |x: f64, y: f64| {
            let wrap = |v: f64, n: f64| v.rem_euclid(n) as u32;
            f64::from(texture.image.get(wrap(x, w), wrap(y, h)).unwrap()[3]) / 255.0
        };
        let (x, y, f) = (p.x.floor(), p.y.floor(), p - p.floor());
        let row = |y: f64| texel(x, y) * (1.0 - f.x) + texel(x + 1.0, y) * f.x;
        (row(y) * (1.0 - f.y) + row(y + 1.0) * f.y) * self.alpha >= self.threshold
    }
}

fn surfaces(scene: &Scene, library: &Library) -> Vec<Surface> {
    let mut surfaces = Vec::new();
    for instance in &scene.instances {
        let own = |mesh: &Mesh, scale: DVec3, double_sided: bool, cut_out: Option<CutOut>| {
            let world = |p: [f32; 3]| {
                let local = DVec3::from(p.map(f64::from)) * scale * instance.scale;
                instance.rotation * local + instance.position
            };
            let triangles: Vec<Triangle> = mesh
                .indices
                .chunks_exact(3)
                .map(|t| {
                    let vertex = |k: usize| t[k] as usize;
                    Triangle {
                        corners: [0, 1, 2].map(|k| world(mesh.positions[vertex(k)])),
                        uvs: [0, 1, 2].map(|k| DVec2::from(mesh.uvs[vertex(k)].map(f64::from))),
                    }
                })
                .collect();
            let points = || triangles.iter().flat_map(|t| t.corners);
            let center = points().sum::<DVec3>() / points().count().max(1) as f64;
            let radius = points().map(|p| p.distance(center)).fold(0.0, f64::max);
            Surface { id: instance.id, double_sided, cut_out, triangles, center, radius }
        };
        let material = instance.material.as_ref();
        let override_cut = || {
            material.and_then(|m| m.alpha_mask.map(|threshold| (m, threshold))).map(|(m, threshold)| CutOut {
                texture: m.base_color_texture.as_ref().map(|path| library.textures[path].clone()),
                tiling: m.tiling,
                alpha: m.alpha,
                threshold,
            })
        };
        match &instance.shape {
            Shape::Gltf(path) => {
                for part in &library.models[path].parts {
                    surfaces.push(match material {
                        Some(m) => own(&part.mesh, DVec3::ONE, m.double_sided, override_cut()),
                        None => {
                            let cut_out = part.material.alpha_mask.map(|threshold| CutOut {
                                texture: part.material.base_color_texture.clone(),
                                tiling: DVec2::ONE,
                                alpha: part.material.base_color[3].into(),
                                threshold: threshold.into(),
                            });
                            own(&part.mesh, DVec3::ONE, part.material.double_sided, cut_out)
                        }
                    });
                }
            }
            shape => {
                let (key, scale) = shapes::key_and_scale(shape).unwrap();
                surfaces.push(own(
                    &shapes::build(&key),
                    scale,
                    material.is_some_and(|m| m.double_sided),
                    override_cut(),
                ));
            }
        }
    }
    surfaces
}

/// The nearest surface along the ray from `camera` through a continuous pixel position.
fn cast(surfaces: &[Surface], camera: &Camera, pixel: DVec2) -> Option<Hit> {
    // One unit along this direction is one metre of depth.
    let direction = camera.ray_through(pixel);
    let mut nearest: Option<Hit> = None;
    for (number, surface) in surfaces.iter().enumerate() {
        // Misses the bounding sphere?
        let to_center = surface.center - camera.position;
        if to_center.cross(direction).length() > surface.radius * direction.length() * (1.0 + 1e-9) {
            continue;
        }
        for triangle in &surface.triangles {
            // Moller and Trumbore 1997.
            let [a, b, c] = triangle.corners;
            let (ab, ac) = (b - a, c - a);
            let p = direction.cross(ac);
            let determinant = ab.dot(p);
            // Positive where the front (counter-clockwise) faces the ray's origin.
            if determinant == 0.0 || (determinant < 0.0 && !surface.double_sided) {
                continue;
            }
            let from_a = camera.position - a;
            let u = from_a.dot(p) / determinant;
            let q = from_a.cross(ab);
            let v = direction.dot(q) / determinant;
            if u < 0.0 || v < 0.0 || u + v > 1.0 {
                continue;
            }
            let depth = ac.dot(q) / determinant;
            if depth < camera.near || nearest.is_some_and(|hit| hit.depth <= depth) {
                continue;
            }
            let uv = triangle.uvs[0] * (1.0 - u - v) + triangle.uvs[1] * u + triangle.uvs[2] * v;
            if surface.cut_out.as_ref().is_none_or(|cut| cut.exists(uv)) {
                nearest = Some(Hit { surface: number, id: surface.id, depth });
            }
        }
    }
    nearest
}

fn cast_all(scene: &Scene, library: &Library, camera: &Camera) -> Image<Option<Hit>> {
    let surfaces = surfaces(scene, library);
    let (width, height) = (scene.image.width, scene.image.height);
    let pixels = (0..height)
        .flat_map(|y| (0..width).map(move |x| DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)))
        .map(|pixel| cast(&surfaces, camera, pixel))
        .collect();
    Image::new(width, height, pixels).unwrap()
}

/// What the comparison of one frame found.
#[derive(Debug, Default, Clone, Copy)]
struct Comparison {
    pixels: usize,
    /// Pixels next to which the ray caster sees another surface, or a step in depth.
    silhouette: usize,
    /// Those of them that differ.
    silhouette_differs: usize,
    /// Other pixels whose id differs.
    ids_differ: usize,
    /// Other pixels whose depth differs by more than one part in 10 000.
    depth_differs: usize,
}

/// Compares a frame with the ray caster, pixel by pixel.
fn compare(scene: &Scene, library: &Library, frame: &Frame) -> Comparison {
    let truth = cast_all(scene, library, &scene.cameras[frame.camera]);
    let mut found = Comparison::default();
    for y in 0..truth.height() {
        for x in 0..truth.width() {
            let expected = truth.get(x, y).unwrap();
            let (id, depth) = (*frame.ids.get(x, y).unwrap(), f64::from(*frame.depth.get(x, y).unwrap()));
            let id_same = expected.map_or(0, |hit| hit.id) == id;
            let depth_same = match expected {
                None => depth == f64::INFINITY,
                Some(hit) => (depth - hit.depth).abs() <= 1e-4 * hit.depth,
            };
            found.pixels += 1;
            if is_silhouette(&truth, x, y) {
                found.silhouette += 1;
                found.silhouette_differs += usize::from(!(id_same && depth_same));
            } else {
                found.ids_differ += usize::from(!id_same);
                found.depth_differs += usize::from(!depth_same);
            }
        }
    }
    found
}

fn is_silhouette(truth: &Image<Option<Hit>>, x: u32, y: u32) -> bool {
    let here = truth.get(x, y).unwrap();
    let around = || (y.saturating_sub(1)..=y + 1).flat_map(move |y| (x.saturating_sub(1)..=x + 1).map(move |x| (x, y)));
    let mut inverse_depths = Vec::new();
    for (x, y) in around() {
        match (truth.get(x, y), here) {
            (None, _) => {}
            (Some(None), None) => {}
            (Some(Some(there)), Some(here)) if there.surface == here.surface => inverse_depths.push(1.0 / there.depth),
            _ => return true,
        }
    }
    // A surface may hide itself: a mug's handle before its body.
    let (low, high) = inverse_depths.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), &d| (l.min(d), h.max(d)));
    high > low * 1.03
}

/// Renders scenes of a recipe and compares every frame.
fn agree(recipe: recipe::Recipe, root: &Path, scenes: u64) -> Result<(), String> {
    let plan =
        Plan::of_recipe(recipe, root.to_path_buf(), Selection { count: Some(scenes), ..Selection::default() }).unwrap();
    for index in plan.indices() {
        let scene = plan.scene(index).unwrap();
        for frame in render(&scene) {
            let found = compare(&scene, plan.library(), &frame);
            let labelled = frame.ids.pixels().iter().filter(|&&id| id > 0).count();
            ensure(labelled > 50, || format!("scene {index} shows {labelled} labelled pixels: it proves nothing"))?;
            // Rasterisers snap vertices to 1/256 pixel: one silhouette pixel in a hundred or two may fall the other way.
            let few = found.silhouette_differs <= 2 + found.silhouette / 50;
            ensure(found.ids_differ == 0 && found.depth_differs == 0 && few, || format!("scene {index}: {found:?}"))?;
            ensure(found.silhouette < found.pixels / 2, || format!("scene {index} is all silhouette: {found:?}"))?;
        }
    }
    Ok(())
}

fn text(text: &str, scenes: u64) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    agree(recipe::parse(text, "test.ron", root).map_err(|problems| problems.to_string())?, root, scenes)
}

/// A recipe of the gallery at a size that a ray caster can do.
fn gallery(name: &str, width: u32, scenes: u64) -> Result<(), String> {
    // The shared renderer reads assets relative to the repository; recipes name them relative to `scenes/`.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let text = std::fs::read_to_string(folder.join(name)).unwrap().replace("\"../assets/", "\"assets/");
    let mut recipe = recipe::parse(&text, name, Path::new(env!("CARGO_MANIFEST_DIR"))).map_err(|p| p.to_string())?;
    let shrink = f64::from(width) / f64::from(recipe.image.width);
    (recipe.image.width, recipe.image.height) = (width, recipe.image.height * width / recipe.image.width);
    for camera in recipe.cameras.values_mut() {
        // Intrinsics are in pixels of the recipe's own size.
        if let LensRecipe::Intrinsics { fx, fy, cx, cy } = &mut camera.lens {
            for value in [fx, fy, cx, cy] {
                let Varied::One(Number::Const(pixels)) = value else { panic!("the gallery's intrinsics are plain") };
                *pixels *= shrink;
            }
        }
    }
    agree(recipe, Path::new(env!("CARGO_MANIFEST_DIR")), scenes)
}

fn primitives() -> Result<(), String> {
    text(
        r#"(
        version: 1, name: "primitives", image: (width: 200, height: 150),
        categories: [(id: 1, name: "thing")],
        objects: {
            "floor": (shape: Plane(4, 4), place: At(position: (0, -0.5, 0))),
            "things": (shape: Choice([Box(0.3, 0.2, 0.4), Sphere(0.2), Cylinder(0.15, 0.4), Cone(0.2, 0.4), Capsule(0.1, 0.2),
                       Torus(0.2, 0.07), Plane(0.4, 0.3)]), category: "thing", count: 14, scale: (Uniform(0.5, 1.5), Uniform(0.5, 1.5), 1),
                       place: InBox(min: (-0.8, -0.3, -0.8), max: (0.8, 0.8, 0.8), rotation: Any)),
        },
        lights: {}, environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(60), pose: Orbit(target: (0, 0.2, 0), distance: Uniform(2, 3), azimuth: Uniform(0, 360), elevation: Uniform(-10, 80))) },
    )"#,
        4,
    )
}

fn demo() -> Result<(), String> {
    gallery("tabletop.ron", 160, 3)
}

fn clutter() -> Result<(), String> {
    gallery("clutter.ron", 200, 1)
}

/// Discs cut out of squares, crosswise through each other. The texture is small, so that it is magnified everywhere: where a
/// texture is minified, the GPU decides on filtered alpha, and the ray caster on the full-size texture's.
fn leaves() -> Result<(), String> {
    let disc = texture("disc", 16, |x, y| {
        let (dx, dy) = (f64::from(x) - 7.5, f64::from(y) - 7.5);
        [90, 160, 60, if dx * dx + dy * dy < 40.0 { 255 } else { 0 }]
    });
    let recipe = format!(
        r#"(
        version: 1, name: "discs", image: (width: 200, height: 150),
        categories: [(id: 1, name: "disc")],
        materials: {{ "disc": (base_color_texture: "{disc}", alpha_mask: 0.5, double_sided: true) }},
        objects: {{
            "floor": (shape: Plane(4, 4), place: At(position: (0, -0.8, 0))),
            "discs": (shape: Plane(Uniform(0.5, 0.9), 0.6), category: "disc", count: 12, material: "disc",
                      place: At(position: InBox(min: (-0.8, -0.5, -0.8), max: (0.8, 0.5, 0.8)), rotation: Any)),
        }},
        environment: Color(Rgb(1, 1, 1)),
        cameras: {{ "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 1.9, azimuth: Uniform(0, 360), elevation: 20)) }},
    )"#
    );
    text(&recipe, 3)
}

fn cameras() -> Result<(), String> {
    gallery("cameras.ron", 320, 1)
}
