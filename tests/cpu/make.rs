//! Shapes made from numbers: closed, right way out, as large as paper says, the same on every machine.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours of pictures to be looked at")]

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;

use glam::{DVec2, DVec3, Vec3, Vec4};
use scenewright::annotate::Subject;
use scenewright::assets::{Font, Model, sha256};
use scenewright::make::text::{Align, text_outline};
use scenewright::mesh::Mesh;
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::{Scene, Shape, sample};

use crate::oracle;

/// A recipe with one object of this shape, and materials for its parts.
fn recipe(shape: &str, more: &str) -> Recipe {
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 320, height: 240), \
         materials: {{ \"red\": (base_color: Linear(0.7, 0.1, 0.1)), \"green\": (base_color: Linear(0.15, 0.4, 0.1)), \
                       \"blue\": (base_color: Linear(0.1, 0.2, 0.7)), \"grey\": () }}, \
         objects: {{ \"a\": (shape: {shape}{more}) }}, \
         cameras: {{ \"main\": (lens: Fov(30), pose: LookAt(from: (1, 1, 3), target: (0, 0, 0))) }})"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    parse(&text, "test.ron", root).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

fn scene(shape: &str, seed: u64) -> (Scene, Recipe) {
    let recipe = recipe(shape, "");
    (sample(&recipe, seed, 0).unwrap(), recipe)
}

fn model_of(shape: &str, seed: u64) -> Arc<Model> {
    let (scene, recipe) = scene(shape, seed);
    recipe.assets.model(&scene.instances[0].shape, true).unwrap()
}

fn model(shape: &str) -> Arc<Model> {
    model_of(shape, 0)
}

fn meshes(model: &Model) -> impl Iterator<Item = &Mesh> {
    model.parts.iter().map(|part| &*part.mesh)
}

/// Sum of the signed volumes of the tetrahedra between the origin and each triangle: positive when outsides are outside.
fn volume_of(model: &Model) -> f64 {
    meshes(model).flat_map(Mesh::triangles).map(|[a, b, c]| a.dot(b.cross(c)) / 6.0).sum()
}

fn volume(shape: &str) -> f64 {
    volume_of(&model(shape))
}

/// Area of the regular polygon with `n` corners on the unit circle.
fn polygon(n: f64) -> f64 {
    n / 2.0 * libm::sin(2.0 * PI / n)
}

#[track_caller]
fn close(value: f64, expected: f64, share: f64) {
    assert!(
        (value - expected).abs() <= share * expected.abs(),
        "{value} is not {expected} to within a share of {share}"
    );
}

/// Every shape there is, closed ones first; some of them several times, with what is special about them.
const CLOSED: &[(&str, &str)] = &[
    ("superellipsoid", "Superellipsoid(0.3, 0.2, 0.3, 0.3, 0.3)"),
    ("rounded_box", "RoundedBox(0.3, 0.2, 0.1, 0.03)"),
    ("rounded_box_full", "RoundedBox(0.2, 0.2, 0.2, 0.5)"),
    ("rounded_cylinder", "RoundedCylinder(0.1, 0.3, 0.02)"),
    ("pill", "RoundedCylinder(0.05, 0.1, 1)"),
    ("tube", "Tube(0.1, 0.08, 0.3)"),
    (
        "pawn",
        "Lathe([(0, 0.5), (0.07, 0.47), (0.1, 0.4), (0.07, 0.33), (0.05, 0.31), (0.12, 0.29), (0.12, 0.27), (0.06, 0.24), \
              (0.08, 0.12), (0.16, 0.08), (0.18, 0.04), (0.18, 0)])",
    ),
    (
        "bottle",
        "Lathe([(0.03, 0.3), (0.03, 0.24), (0.035, 0.22), (0.07, 0.16), (0.07, 0.02), (0.07, 0), (0.07, 0), (0, 0.01)], curve: true)",
    ),
    ("cup", "Lathe([(0, 0), (0.03, 0), (0.045, 0.1), (0.042, 0.1), (0.028, 0.004), (0, 0.004)], smooth: 20)"),
    (
        "red_cell",
        "Lathe([(0, 0.5), (1.5, 0.9), (2.8, 1.25), (3.9, 0.6), (4, 0), (3.9, -0.6), (2.8, -1.25), (1.5, -0.9), (0, -0.5)], \
                  curve: true, segments: 64)",
    ),
    ("traffic_cone", "Lathe([(0.02, 0.7), (0.14, 0.04), (0.14, 0.03), (0.2, 0.03), (0.2, 0)])"),
    ("washer", "Lathe([(0.05, 0.005), (0.1, 0.005), (0.1, -0.005), (0.05, -0.005)], closed: true)"),
    ("hex_nut", "Extrude(RegularPolygon(6, 0.01), 0.008, holes: [Circle(0.005)], bevel: 0.0006)"),
    ("star", "Extrude(Star(5, 0.1, 0.04), 0.02, bevel: 0.004)"),
    ("twisted", "Extrude(Rectangle(0.1, 0.1, radius: 0.01), 0.3, twist: 90, taper: 0.5)"),
    (
        "bracket",
        "Extrude(Polygon([(0, 0), (0.1, 0), (0.1, 0.02), (0.02, 0.02), (0.02, 0.1), (0, 0.1)]), 0.03, \
                 holes: [Circle(0.005, 0.06, 0.01)])",
    ),
    (
        "leaf_outline",
        "Extrude(Polygon([(0, -0.1), (0, -0.1), (0.05, 0), (0, 0.1), (0, 0.1), (-0.05, 0)], curve: true), 0.01)",
    ),
    ("cable", "Sweep(Circle(0.01), [(0, 0, 0), (0.1, 0.05, 0), (0.2, 0, 0.1), (0.1, 0, 0.2)], curve: true)"),
    ("handle", "Sweep(Rectangle(0.02, 0.01, radius: 0.003), [(0, 0, 0), (0.1, 0, 0), (0.1, 0.1, 0), (0, 0.1, 0)])"),
    ("frame", "Sweep(Rectangle(0.02, 0.02), [(0, 0, 0), (0.3, 0, 0), (0.3, 0.2, 0), (0, 0.2, 0)], closed: true)"),
    (
        "knot",
        "Sweep(Star(6, 0.02, 0.014), [(0.1, 0, 0), (0, 0.05, 0.1), (-0.1, 0, 0), (0, -0.05, -0.1)], closed: true, curve: true, twist: 360)",
    ),
    (
        "horn",
        "Sweep(Circle(0.05), [(0, 0, 0), (0, 0.1, 0.02), (0, 0.18, 0.1), (0, 0.2, 0.2)], curve: true, taper: 0.05)",
    ),
    ("text", "Text(\"Ag 8%\\n(i)\", 0.1, 0.03)"),
    ("text_bevelled", "Text(\"SCENE\", 0.1, 0.03, bevel: 0.004, align: Left)"),
    ("rock", "Rock(0.3, 0.2, 0.25)"),
    ("pebble", "Rock(0.3, 0.1, 0.2, roughness: 0.1, facets: 0)"),
    ("blob", "Blob(0.1, 0.02, 0.08)"),
    ("potato", "Blob(0.03, 0.006, 0.04, stretch: (1.5, 1, 1.1), octaves: 4)"),
    ("bone", "Bone(0.3, 0.015)"),
    ("displaced_box", "Displaced(Box(0.2, 0.2, 0.2), 0.01, 0.05)"),
    ("displaced_lathe", "Displaced(Lathe([(0, 0.1), (0.1, 0), (0, -0.1)]), 0.01, 0.06, octaves: 2)"),
    ("seedling", "Plant(0.02, 0.002, 6, 0.08, 0.03, leaf_angle: 65)"),
    ("weed", "Plant(0.15, 0.003, 9, 0.07, 0.02, variation: 0.8, droop: 0.6)"),
    ("shrub", "Plant(0.5, 0.012, 7, 0.07, 0.035, levels: 2, branches: 6)"),
    (
        "hammer",
        "Group({ \"head\": (shape: RoundedBox(0.12, 0.03, 0.03, 0.005), material: \"grey\", position: (0, 0.15, 0)), \
                \"shaft\": (shape: RoundedCylinder(0.012, 0.3, 0.005)) })",
    ),
    (
        "bolt",
        "Group({ \"head\": (shape: Extrude(RegularPolygon(6, 0.01), 0.006, bevel: 0.0006), position: (0, 0.023, 0)), \
              \"shank\": (shape: Cylinder(0.005, 0.04), scale: (-1, 1, 1)) })",
    ),
    ("crates", "Array(RoundedBox(0.1, 0.1, 0.1, 0.01), (3, 2, 2), (0.11, 0.11, 0.11))"),
    ("crown", "Ring(Cone(0.02, 0.06), 8, 0.1)"),
];
const TERRAIN: &str = "Terrain(2, 2, 0.3, 0.7)";

/// For each edge, between places: how many triangles run along it, and how many more one way than the other.
fn edges(mesh: &Mesh) -> BTreeMap<([u64; 3], [u64; 3]), (u32, i32)> {
    let mut edges = BTreeMap::<_, (u32, i32)>::new();
    for triangle in mesh.triangles() {
        // Adding 0 turns -0 into 0: corners are compared by place, not by bits.
        let corners = triangle.map(|p| (p + 0.0).to_array().map(f64::to_bits));
        for k in 0..3 {
            let (a, b) = (corners[k], corners[(k + 1) % 3]);
            assert_ne!(a, b, "a triangle without area");
            let entry = edges.entry((a.min(b), a.max(b))).or_default();
            entry.0 += 1;
            entry.1 += if a < b { 1 } else { -1 };
        }
    }
    edges
}

#[test]
fn every_edge_of_what_is_closed_has_a_triangle_on_either_side() {
    for (name, shape) in CLOSED {
        for seed in 0..3 {
            let model = model_of(shape, seed);
            for mesh in meshes(&model) {
                let edges = edges(mesh);
                let open = edges.values().filter(|(_, balance)| *balance != 0).count();
                assert_eq!(open, 0, "{name} has a hole: {open} of {} edges", edges.len());
                // Where two parts of a surface touch in an edge there are four.
                assert!(edges.values().all(|(count, _)| count % 2 == 0), "{name}");
            }
            assert!(volume_of(&model) > 0.0, "{name} is inside out");
        }
    }
}

#[test]
fn normals_are_unit_and_look_out_of_their_triangles() {
    for (name, shape) in CLOSED.iter().chain(&[("terrain", TERRAIN)]) {
        for mesh in meshes(&model(shape)) {
            for normal in &mesh.normals {
                assert!((Vec3::from(*normal).length() - 1.0).abs() < 1e-5, "{name}");
            }
            // By area: slivers have no direction worth the name.
            let (mut wrong, mut all) = (0.0, 0.0);
            for (t, [a, b, c]) in mesh.indices.chunks_exact(3).zip(mesh.triangles()) {
                let face = (b - a).cross(c - a);
                all += 3.0 * face.length();
                for &i in t {
                    if Vec3::from(mesh.normals[i as usize]).as_dvec3().dot(face.normalize_or_zero()) < 0.5 {
                        wrong += face.length();
                    }
                }
            }
            assert!(wrong <= 0.005 * all, "{name}: {} of its area has normals that look elsewhere", wrong / all);
        }
    }
}

#[test]
fn tangents_are_unit_across_the_normal_and_textures_are_nowhere_a_line() {
    for (name, shape) in CLOSED.iter().chain(&[("terrain", TERRAIN)]) {
        // Parts with a plain material of their own have none: nothing looks at them.
        for mesh in model(shape).parts.iter().filter(|part| !part.own).map(|part| &*part.mesh) {
            assert_eq!(mesh.tangents.len(), mesh.positions.len());
            for (tangent, normal) in mesh.tangents.iter().zip(&mesh.normals) {
                let tangent = Vec4::from(*tangent);
                assert!((tangent.truncate().length() - 1.0).abs() < 1e-4 && tangent.w.abs() == 1.0, "{name}");
                assert!(tangent.truncate().dot(Vec3::from(*normal)).abs() < 1e-4, "{name}");
            }
            let (mut flat, mut all) = (0.0, 0.0);
            for (t, [a, b, c]) in mesh.indices.chunks_exact(3).zip(mesh.triangles()) {
                let uv = |k: usize| DVec2::from(mesh.uvs[t[k] as usize].map(f64::from));
                let area = (b - a).cross(c - a).length();
                all += area;
                if (uv(1) - uv(0)).perp_dot(uv(2) - uv(0)).abs() < 1e-12 {
                    flat += area;
                }
            }
            assert!(flat <= 1e-3 * all, "{name}: {} of its area has no texture", flat / all);
        }
    }
}

#[test]
fn lathes_have_the_volumes_of_pappus() {
    // Cylinder, cone and washer over polygons of so many corners; profiles in either direction.
    let n = polygon(48.0);
    close(volume("Lathe([(0, 1), (0.5, 1), (0.5, -1), (0, -1)])"), n * 0.25 * 2.0, 1e-6);
    close(volume("Lathe([(0.5, -1), (0.5, 1)])"), n * 0.25 * 2.0, 1e-6);
    close(volume("Lathe([(0, 0), (0.3, 0), (0, 0.6)], segments: 7)"), polygon(7.0) * 0.09 * 0.6 / 3.0, 1e-6);
    let washer = n * (0.01 - 0.0025) * 0.01;
    close(volume("Lathe([(0.05, 0.005), (0.1, 0.005), (0.1, -0.005), (0.05, -0.005)], closed: true)"), washer, 1e-6);
    close(volume("Lathe([(0.05, -0.005), (0.1, -0.005), (0.1, 0.005), (0.05, 0.005)], closed: true)"), washer, 1e-6);
    close(volume("Tube(0.1, 0.05, 0.01)"), washer, 1e-6);
    // A closed circle of 12 points at 1 from the axis. Pappus: its area times 2 pi. Catmull-Rom's tangents there are chords of 60
    // degrees over 2, 0.5 a span, and should be 4 tan(30 / 4 degrees) = 0.5266: in the middle of a span it is inside by
    // 2 (0.0266 / 8) sin(15 degrees) = 0.17 %, and its area smaller by a little more.
    let points: Vec<String> = (0..12)
        .map(|k| {
            let (sin, cos) = libm::sincos(2.0 * PI * f64::from(k) / 12.0);
            format!("({}, {})", 1.0 + 0.2 * cos, 0.2 * sin)
        })
        .collect();
    let torus = format!("Lathe([{}], closed: true, curve: true, segments: 128)", points.join(", "));
    close(volume(&torus), 2.0 * PI * PI * 0.04, 0.01);
}

#[test]
fn a_half_circle_turned_is_a_ball_with_its_normals() {
    let points: Vec<String> = (0..=12)
        .map(|k| {
            let (sin, cos) = libm::sincos(PI * f64::from(k) / 12.0);
            format!("({}, {cos})", if k % 12 == 0 { 0.0 } else { sin })
        })
        .collect();
    let ball = model(&format!("Lathe([{}], curve: true, segments: 96)", points.join(", ")));
    close(volume_of(&ball), 4.0 / 3.0 * PI, 0.003);
    for mesh in meshes(&ball) {
        for (position, normal) in mesh.positions.iter().zip(&mesh.normals) {
            let (p, n) = (Vec3::from(*position), Vec3::from(*normal));
            assert!((p.length() - 1.0).abs() < 2e-3, "{p}");
            assert!(p.normalize().dot(n) > 0.999, "{p} {n}");
        }
    }
}

#[test]
fn extrusions_have_area_times_depth() {
    let hexagon = 1.5 * 3f64.sqrt();
    close(volume("Extrude(RegularPolygon(6, 0.1), 0.3)"), hexagon * 0.01 * 0.3, 1e-6);
    let nut = (hexagon * 1e-4 - polygon(48.0) * 0.25e-4) * 0.008;
    close(volume("Extrude(RegularPolygon(6, 0.01), 0.008, holes: [Circle(0.005)])"), nut, 1e-5);
    // A star is 2 n triangles with the corner in its middle.
    close(volume("Extrude(Star(5, 0.1, 0.04), 0.02)"), 5.0 * 0.1 * 0.04 * libm::sin(PI / 5.0) * 0.02, 1e-6);
    // Quarter circles of eight chords: their polygon has n = 32 corners.
    let rounded = 0.2 * 0.1 - (4.0 - polygon(32.0)) * 0.02 * 0.02;
    close(volume("Extrude(Rectangle(0.2, 0.1, radius: 0.02), 0.05)"), rounded * 0.05, 1e-6);
    let ell = "Polygon([(0, 0), (0.1, 0), (0.1, 0.02), (0.02, 0.02), (0.02, 0.1), (0, 0.1)])";
    close(volume(&format!("Extrude({ell}, 0.03)")), (0.1 * 0.02 + 0.02 * 0.08) * 0.03, 1e-6);
    // A frustum: h / 3 (1 + s + s^2) of the lower face.
    close(volume("Extrude(Rectangle(0.1, 0.1), 0.3, taper: 0.5)"), 0.01 * 0.3 / 3.0 * 1.75, 1e-6);
    // A twist leaves every cross-section as large as it is; between stations one wall cuts in where the next bulges.
    close(volume("Extrude(Rectangle(0.1, 0.1), 0.3, twist: 180)"), 0.01 * 0.3, 0.004);
    // A rounded rim of radius b takes (1 - pi / 4) b^2 from the perimeter of a straight edge, twice; corners take a little more.
    let (bevel, side, height) = (0.002, 0.1, 0.05);
    let bevelled = volume("Extrude(Rectangle(0.1, 0.1), 0.05, bevel: 0.002)");
    let taken = 2.0 * (1.0 - polygon(16.0) / 4.0) * bevel * bevel * 4.0 * side;
    let corners = 8.0 * bevel * bevel * bevel;
    let whole = side * side * height;
    assert!((whole - taken..whole - taken + corners).contains(&bevelled), "{bevelled} {}", whole - taken);
    // Of a rounded shape the walls' normals are those of the circle.
    for mesh in meshes(&model("Extrude(Circle(0.5), 1)")) {
        for (p, n) in mesh.positions.iter().zip(&mesh.normals).filter(|(_, n)| n[1] == 0.0) {
            assert!((Vec3::new(p[0], 0.0, p[2]) * 2.0 - Vec3::from(*n)).length() < 1e-5);
        }
    }
    // Seen from above, x is to the right and y away.
    let (min, max) = (model(&format!("Extrude({ell}, 0.03)")).min, model(&format!("Extrude({ell}, 0.03)")).max);
    assert!(
        (min - DVec3::new(0.0, -0.015, -0.1)).length() < 1e-6 && (max - DVec3::new(0.1, 0.015, 0.0)).length() < 1e-6
    );
}

#[test]
fn a_leaning_wall_has_a_leaning_normal() {
    // Each side of a pyramid's frustum goes in by 0.025 on 0.3.
    let lean = DVec3::new(0.3, 0.025, 0.0).normalize();
    let mut seen = 0;
    for mesh in meshes(&model("Extrude(Rectangle(0.1, 0.1), 0.3, taper: 0.5)")) {
        for (t, [a, b, c]) in mesh.indices.chunks_exact(3).zip(mesh.triangles()) {
            let face = (b - a).cross(c - a).normalize();
            for &i in t {
                let normal = Vec3::from(mesh.normals[i as usize]).as_dvec3();
                assert!(face.dot(normal) > 1.0 - 1e-6, "{face} {normal}");
                seen += usize::from((normal - lean).length() < 1e-5);
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn sweeps_have_area_times_length() {
    let circle = polygon(48.0) * 1e-4;
    close(volume("Sweep(Circle(0.01), [(0, 0, 0), (0, 0, 0.5)])"), circle * 0.5, 1e-5);
    // A mitre takes from the outside what it gives inside.
    close(
        volume("Sweep(Rectangle(0.02, 0.01), [(0, 0, 0), (0.1, 0, 0), (0.1, 0.1, 0), (0, 0.1, 0)])"),
        2e-4 * 0.3,
        1e-5,
    );
    close(
        volume("Sweep(Rectangle(0.02, 0.02), [(0, 0, 0), (0.3, 0, 0), (0.3, 0.2, 0), (0, 0.2, 0)], closed: true)"),
        4e-4,
        1e-5,
    );
    // A ring: Pappus, in the limit; 16 points of a circle and the curve through them.
    let points: Vec<String> = (0..16)
        .map(|k| {
            let (sin, cos) = libm::sincos(2.0 * PI * f64::from(k) / 16.0);
            format!("({cos}, 0, {sin})")
        })
        .collect();
    let ring = format!("Sweep(Circle(0.2), [{}], closed: true, curve: true)", points.join(", "));
    close(volume(&ring), 2.0 * PI * PI * 0.04, 0.005);
    // A taper to nearly nothing is nearly a cone.
    close(volume("Sweep(Circle(0.1), [(0, 0, 0), (0, 1, 0)], taper: 0.01)"), polygon(48.0) * 0.01 / 3.0 * 1.0101, 1e-3);
}

#[test]
fn rounded_solids_have_the_volumes_of_steiner() {
    // The inner box, grown by r: V + S r + pi r^2 (a + b + c) + 4/3 pi r^3. Six lines in an eighth turn lose a little.
    let (a, b, c, r) = (0.24, 0.14, 0.04, 0.03);
    let steiner = a * b * c + 2.0 * (a * b + b * c + c * a) * r + PI * r * r * (a + b + c) + 4.0 / 3.0 * PI * r * r * r;
    let found = volume("RoundedBox(0.3, 0.2, 0.1, 0.03)");
    assert!(found < steiner && found > 0.998 * steiner, "{found} {steiner}");
    let found = model("RoundedBox(0.3, 0.2, 0.1, 0.03)");
    assert!((found.max - found.min - DVec3::new(0.3, 0.2, 0.1)).abs().max_element() < 1e-7);
    // A cylinder of radius R - r and height h - 2 r, grown by r.
    let (q, h, r) = (0.08, 0.26, 0.02);
    let steiner = PI * q * q * h + 2.0 * PI * q * (q + h) * r + PI * r * r * (PI * q + h) + 4.0 / 3.0 * PI * r * r * r;
    let found = volume("RoundedCylinder(0.1, 0.3, 0.02)");
    assert!(found < steiner && found > 0.994 * steiner, "{found} {steiner}");
}

#[test]
fn smooth_bodies_without_noise_are_balls() {
    let ball = model("Blob(0.1, 0, 0.1)");
    close(volume_of(&ball), 4.0 / 3.0 * PI * 1e-3, 0.005);
    for mesh in meshes(&ball) {
        for (p, n) in mesh.positions.iter().zip(&mesh.normals) {
            assert!((Vec3::from(*p) * 10.0 - Vec3::from(*n)).length() < 1e-4);
        }
    }
    // Noise stays within its bounds.
    for seed in 0..5 {
        for mesh in meshes(&model_of("Blob(0.1, 0.02, 0.08)", seed)) {
            assert!(mesh.positions.iter().all(|&p| (0.0799..=0.1201).contains(&Vec3::from(p).length())));
        }
        for mesh in meshes(&model_of("Displaced(Sphere(0.1), 0.01, 0.05)", seed)) {
            let radii = || mesh.positions.iter().map(|&p| Vec3::from(p).length());
            assert!(
                radii().all(|r| (0.0892..=0.1101).contains(&r)),
                "{:?}",
                radii().fold((1f32, 0f32), |(l, h), r| (l.min(r), h.max(r)))
            );
        }
    }
    close(volume("Displaced(Box(0.2, 0.2, 0.2), 0, 0.05)"), 0.008, 1e-5);
    for seed in 0..5 {
        let rock = model_of("Rock(0.3, 0.2, 0.25)", seed);
        assert!((rock.max - rock.min - DVec3::new(0.3, 0.2, 0.25)).abs().max_element() < 1e-6);
    }
}

#[test]
fn letters_have_the_area_of_their_outlines() {
    for text in ["I", "O", "8", "Scenewright %"] {
        let outline = text_outline(&Font::built_in(), text, Align::Center);
        // Signed: the font's holes run the other way.
        let area: f64 = outline
            .letters
            .iter()
            .flatten()
            .map(|line| (0..line.len()).map(|k| line[k].perp_dot(line[(k + 1) % line.len()])).sum::<f64>() / 2.0)
            .sum();
        close(volume(&format!("Text(\"{text}\", 0.1, 0.02)")), area.abs() * 0.01 * 0.02, 1e-3);
    }
    // A capital is as high as asked, and in the middle.
    let letter = model("Text(\"H\", 0.1, 0.02)");
    assert!((letter.max.y - 0.05).abs() < 1e-6 && (letter.min.y + 0.05).abs() < 1e-6);
    assert!((letter.max.z - 0.01).abs() < 1e-6 && (letter.min.z + 0.01).abs() < 1e-6);
}

/// Corners less edges plus triangles: 2 for a ball, 0 with a hole through it; of several bodies the sum.
#[test]
fn holes_are_counted_by_euler() {
    for (shape, expected) in [
        ("Tube(0.1, 0.08, 0.3)", 0),
        ("Extrude(RegularPolygon(6, 0.01), 0.008, holes: [Circle(0.005)], bevel: 0.0006)", 0),
        ("Text(\"I\", 0.1, 0.02)", 2),
        ("Text(\"O\", 0.1, 0.02)", 0),
        ("Text(\"8\", 0.1, 0.02)", -2),
        ("Text(\"i\", 0.1, 0.02)", 4),
        ("Rock(0.3, 0.2, 0.25)", 2),
        ("RoundedBox(0.3, 0.2, 0.1, 0.03)", 2),
        ("Bone(0.3, 0.015)", 2),
        ("Lathe([(0, 0.5), (0.1, 0.4), (0.18, 0)])", 2),
        ("Sweep(Circle(0.01), [(0, 0, 0), (0.1, 0.05, 0), (0.2, 0, 0.1)], curve: true)", 2),
        ("Sweep(Circle(0.01), [(0, 0, 0), (0.1, 0.05, 0), (0.2, 0, 0.1)], curve: true, closed: true)", 0),
        ("Ring(Cone(0.02, 0.06), 8, 0.1)", 16),
    ] {
        let model = model(shape);
        let mesh = &model.parts[0].mesh;
        let edges = edges(mesh);
        let places: std::collections::BTreeSet<_> = edges.keys().flat_map(|(a, b)| [*a, *b]).collect();
        let euler = places.len() as i64 - edges.len() as i64 + (mesh.indices.len() / 3) as i64;
        assert_eq!(euler, expected, "{shape}");
    }
}

#[test]
fn terrain_stays_within_its_height_and_faces_up() {
    for seed in 0..5 {
        let ground = model_of(TERRAIN, seed);
        assert!(ground.min.y >= -0.15 && ground.max.y <= 0.15 && ground.max.y - ground.min.y > 0.05);
        assert!((ground.max.x - 1.0).abs() < 1e-6 && (ground.min.z + 1.0).abs() < 1e-6);
        for mesh in meshes(&ground) {
            // Its shadow on the floor is the whole rectangle, once.
            let shadow: f64 = mesh.triangles().map(|[a, b, c]| (b - a).cross(c - a).y / 2.0).sum();
            close(shadow, 4.0, 1e-5);
            assert!(mesh.triangles().all(|[a, b, c]| (b - a).cross(c - a).y > 0.0));
        }
    }
}

#[test]
fn parts_of_a_group_have_names_places_and_materials_of_their_own() {
    let shape = "Group({ \
        \"b\": (shape: Group({ \"x\": (shape: Box(0.1, 0.1, 0.1)), \"y\": (shape: Box(0.1, 0.1, 0.1), material: \"blue\") }), material: \"red\"), \
        \"a\": (shape: Sphere(0.1), position: (1, 0, 0), scale: (-1, 2, 1), rotation: Yaw(90)), \
        \"c\": (shape: Gltf(\"assets/arm.glb\"), position: (0, 1, 0)), \
        \"d\": (shape: Plant(0.1, 0.01, 3, 0.05, 0.02, leaf_material: \"green\")) })";
    let (scene, recipe) = scene(shape, 0);
    let model = recipe.assets.model(&scene.instances[0].shape, true).unwrap();
    let names: Vec<&str> = model.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(&names[..3], ["a", "b.x", "b.y"]);
    assert_eq!(&names[names.len() - 2..], ["d.stem", "d.leaves"]);
    let own: Vec<bool> = model.parts.iter().map(|part| part.own).collect();
    assert_eq!((own[0], own[1], own[2], own[own.len() - 2], own[own.len() - 1]), (false, true, true, false, true));
    assert!((model.parts[1].material.base_color[0] - 0.7).abs() < 1e-6, "the outer red dresses what says nothing");
    assert!((model.parts[2].material.base_color[2] - 0.7).abs() < 1e-6, "the inner blue stays");
    // Scaled, then turned, then moved; mirrored, and still right way out.
    let (min, max) = model.parts[0].mesh.bounds().unwrap();
    assert!(
        ((min + max) / 2.0 - DVec3::X).length() < 1e-6
            && ((max - min) - DVec3::new(0.2, 0.4, 0.2)).abs().max_element() < 1e-6
    );
    let ball: f64 = model.parts[0]
        .mesh
        .triangles()
        .map(|[a, b, c]| (a - DVec3::X).dot((b - DVec3::X).cross(c - DVec3::X)) / 6.0)
        .sum();
    assert!(ball > 0.0);
    // Keypoints of files come along.
    let alone = recipe.assets.models["assets/arm.glb"].keypoints.clone();
    assert!(!alone.is_empty());
    for (name, at) in alone {
        assert!((model.keypoints[&name] - at - DVec3::Y).length() < 1e-9);
    }
}

/// The rule of `Part::replaced_by`, in the ray caster's words.
#[test]
fn a_material_of_the_whole_dresses_the_parts_that_have_none() {
    let shape = "Group({ \"left\": (shape: Sphere(0.3), position: (-0.4, 0, 0), material: \"blue\"), \
                         \"right\": (shape: Sphere(0.3), position: (0.4, 0, 0)) })";
    let recipe = recipe(shape, ", material: \"red\"");
    let scene = sample(&recipe, 0, 0).unwrap();
    let frame = oracle::cast(&scene, &recipe.assets, 0);
    let mut seen = BTreeMap::<(u32, [u32; 3]), u32>::new();
    for (number, albedo) in frame.surfaces.pixels().iter().zip(frame.albedo.as_ref().unwrap().pixels()) {
        if *number > 0 {
            *seen
                .entry((frame.owners[*number as usize - 1].part, albedo.map(|c| (c * 10.0).round() as u32)))
                .or_default() += 1;
        }
    }
    let kinds: Vec<_> = seen.keys().copied().collect();
    assert_eq!(kinds, [(1, [1, 2, 7]), (2, [7, 1, 1])]);
    let subject = Subject::new(scene, &recipe.assets).unwrap();
    assert_eq!(subject.solids[0].see_through, [false, false]);
}

#[test]
fn copies_are_as_many_as_asked() {
    let one = volume("RoundedBox(0.1, 0.1, 0.1, 0.01)");
    let many = model("Array(RoundedBox(0.1, 0.1, 0.1, 0.01), (3, 2, 4), (0.11, 0.12, -0.13))");
    close(volume_of(&many), 24.0 * one, 1e-4);
    assert!((many.max - many.min - DVec3::new(0.32, 0.22, 0.49)).abs().max_element() < 1e-6);
    assert!((many.max + many.min).abs().max_element() < 1e-6);
    close(volume("Ring(Sphere(0.02), 12, 0.1)"), 12.0 * volume("Ring(Sphere(0.02), 1, 0)"), 1e-4);
}

#[test]
fn each_number_has_a_stream_of_its_own() {
    let profile = |more: &str| {
        let text = format!("Lathe([(0, 1), (Uniform(0.1, 0.5), 1), (Uniform(0.1, 0.5), 0){more}])");
        let (scene, _) = scene(&text, 3);
        let Shape::Made(made) = &scene.instances[0].shape else { panic!("made") };
        format!("{made:?}")
    };
    let (short, long) = (profile(""), profile(", (Uniform(0.1, 0.5), -1)"));
    let shared = short.split("], curve").next().unwrap();
    assert!(long.starts_with(shared), "{short}\n{long}");
    // Rocks of one recipe differ by scene, and a member's numbers are its own.
    assert_ne!(
        sha256(&bytes(&model_of("Rock(0.3, 0.2, 0.25)", 0))),
        sha256(&bytes(&model_of("Rock(0.3, 0.2, 0.25)", 1)))
    );
    let group = |more: &str| {
        let (scene, _) = scene(&format!("Group({{ \"b\": (shape: Sphere(Uniform(1, 2))){more} }})"), 5);
        let Shape::Made(made) = &scene.instances[0].shape else { panic!("made") };
        made.inner().into_iter().find_map(|shape| if let Shape::Sphere(r) = shape { Some(*r) } else { None }).unwrap()
    };
    assert_eq!(group(""), group(", \"a\": (shape: Box(Uniform(1, 2), 1, 1))"));
}

fn bytes(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mesh in meshes(model) {
        let floats = mesh.positions.iter().chain(&mesh.normals).flatten().chain(mesh.uvs.iter().flatten());
        bytes.extend(floats.chain(mesh.tangents.iter().flatten()).flat_map(|f| (f + 0.0).to_le_bytes()));
        bytes.extend(mesh.indices.iter().flat_map(|i| i.to_le_bytes()));
    }
    bytes
}

/// The same bits on every platform. A change of this is a change of outputs, for the changelog.
#[test]
fn golden_geometry() {
    let all: String = CLOSED
        .iter()
        .chain(&[("terrain", TERRAIN)])
        .map(|(name, shape)| format!("{name} {}\n", &sha256(&bytes(&model(shape)))[..12]))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/geometry.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &all).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), all, "BLESS=1 records it");
}

#[test]
fn scene_files_keep_made_shapes_to_the_bit_and_refuse_what_none_can_be() {
    for (name, shape) in CLOSED {
        let (scene, _) = scene(shape, 1);
        scene.validate().unwrap();
        let text = scene.to_ron().unwrap();
        assert_eq!(ron::from_str::<Scene>(&text).unwrap(), scene, "{name}");
    }
    for (shape, from, to) in [
        ("Tube(0.1, 0.08, 0.3)", "inner: 0.08", "inner: 0.2"),
        ("Lathe([(0, 1), (1, 0)])", "segments: 48", "segments: 4000000000"),
        ("Lathe([(0, 1), (1, 0)])", "(1.0, 0.0)", "(inf, 0.0)"),
        ("Rock(1, 1, 1)", "detail: 24", "detail: 100000"),
        ("Rock(1, 1, 1)", "facets: 12.0", "facets: 1e300"),
        ("Terrain(1, 1, 1, 1)", "resolution: 128", "resolution: 100000"),
        ("Ring(Sphere(1), 3, 1)", "count: 3.0", "count: 3.5"),
        ("Ring(Sphere(1), 3, 1)", "count: 3.0", "count: NaN"),
        ("Array(Rock(1, 1, 1), (2, 2, 2), (1, 1, 1))", "count: (2.0, 2.0, 2.0)", "count: (1000.0, 1000.0, 1000.0)"),
        (
            "Array(Gltf(\"assets/mug.glb\"), (2, 2, 2), (1, 1, 1))",
            "count: (2.0, 2.0, 2.0)",
            "count: (1000.0, 1000.0, 1000.0)",
        ),
        ("Group({ \"a\": (shape: Sphere(1)) })", "Sphere(1.0)", "Sphere(-1.0)"),
        ("Group({ \"a\": (shape: Sphere(1)) })", "scale: (1.0, 1.0, 1.0)", "scale: (0.0, 1.0, 1.0)"),
        ("Plant(0.1, 0.01, 3, 0.05, 0.02)", "levels: 0", "levels: 30"),
        ("Sweep(Circle(0.1), [(0, 0, 0), (0, 1, 0)])", "sides: 0.0", "sides: 1e9"),
        ("Text(\"A\", 0.1, 0.02)", "\"A\"", &format!("\"{}\"", "A".repeat(1000))),
    ] {
        let (scene, _) = scene(shape, 0);
        let text = scene.to_ron().unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        let edited: Scene = ron::from_str(&text.replacen(from, to, 1)).unwrap();
        assert!(edited.validate().is_err(), "{shape} with {to}");
    }
}

/// What is drawn and makes nothing is drawn again, and counted.
#[test]
fn a_hole_that_leaves_its_outline_is_drawn_again() {
    let recipe = recipe("Extrude(Circle(0.1), 0.05, holes: [Circle(0.03, Uniform(0, 0.2), 0)])", "");
    let redrawn: u32 = (0..40).map(|index| sample(&recipe, 0, index).unwrap().redrawn.values().sum::<u32>()).sum();
    // It is within for x < 0.07 of 0.2: 13 more draws for 7 good ones, about 74 for 40.
    assert!((30..150).contains(&redrawn), "{redrawn}");
}

/// How long each shape takes: `cargo test --release --no-default-features --test cpu -- --ignored --nocapture what_shapes_cost`.
#[test]
#[ignore = "prints times"]
#[expect(clippy::print_stdout, reason = "it is what this is for")]
fn what_shapes_cost() {
    for (name, shape) in CLOSED.iter().chain(&[("terrain", TERRAIN)]) {
        let (scene, recipe) = scene(shape, 0);
        let Shape::Made(made) = &scene.instances[0].shape else { panic!("made") };
        #[expect(clippy::disallowed_methods, reason = "a timing")]
        let start = std::time::Instant::now();
        let runs = 20;
        let mut triangles = 0;
        for _ in 0..runs {
            let model = scenewright::make::build(made, &recipe.assets).unwrap();
            triangles = meshes(&model).map(|mesh| mesh.indices.len() / 3).sum();
        }
        println!(
            "{name:18} {triangles:7} triangles {:8.2} ms",
            start.elapsed().as_secs_f64() * 1000.0 / f64::from(runs)
        );
    }
}

/// Pictures of every shape, to be looked at: `LOOK=folder cargo test ... -- --ignored look_at_every_shape`.
#[test]
#[ignore = "writes pictures"]
fn look_at_every_shape() {
    let Some(folder) = std::env::var_os("LOOK") else { return };
    let only = std::env::var("ONLY").unwrap_or_default();
    for (name, shape) in CLOSED.iter().chain(&[("terrain", TERRAIN)]).filter(|(name, _)| name.contains(&only)) {
        let recipe = recipe(shape, "");
        let mut scene = sample(&recipe, 0, 0).unwrap();
        let model = recipe.assets.model(&scene.instances[0].shape, true).unwrap();
        // In the middle, and of a size.
        let size = (model.max - model.min).length();
        scene.instances[0].scale = DVec3::splat(1.5 / size);
        scene.instances[0].position = -(model.max + model.min) / 2.0 * (1.5 / size);
        let frame = oracle::cast(&scene, &recipe.assets, 0);
        let sun = DVec3::new(0.3, 0.8, 0.6).normalize();
        let normals = frame.shaded_normals.as_ref().unwrap().pixels();
        let pixels = frame.albedo.as_ref().unwrap().pixels().iter().zip(normals).zip(frame.surfaces.pixels());
        let rgb: Vec<u8> = pixels
            .flat_map(|((albedo, normal), surface)| {
                let normal = DVec3::from(normal.map(f64::from));
                let light = 0.25 + 0.15 * normal.y + 0.75 * normal.dot(sun).max(0.0);
                let color = if *surface == 0 { [0.9; 3] } else { albedo.map(|c| f64::from(c) * light) };
                color.map(|c| (libm::pow(c.clamp(0.0, 1.0), 1.0 / 2.2) * 255.0) as u8)
            })
            .collect();
        let path = Path::new(&folder).join(format!("{name}.png"));
        image::save_buffer(path, &rgb, 320, 240, image::ExtendedColorType::Rgb8).unwrap();
    }
}

#[test]
fn deciding_a_scene_paints_nothing_and_makes_no_tangents() {
    let paint = "\"p\": (base_color: Ramp(Noise(), [Hex(\"#000000\"), Hex(\"#ffffff\")]), height: Map(Noise(), 0, 0.01), resolution: 16)";
    let shape = "Group({ \"a\": (shape: RoundedBox(1, 1, 1, 0.1), material: \"p\"), \"b\": (shape: RoundedBox(2, 1, 1, 0.1)) })";
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 32, height: 24), materials: {{ {paint} }}, objects: {{ \"a\": (shape: {shape}) }}, \
         cameras: {{ \"main\": (lens: Fov(30), pose: LookAt(from: (1, 1, 3), target: (0, 0, 0))) }})"
    );
    let recipe = parse(&text, "test.ron", Path::new(".")).unwrap();
    let scene = sample(&recipe, 0, 0).unwrap();
    let shape = &scene.instances[0].shape;
    assert_eq!(recipe.assets.made.paints.bytes(), 0);
    let geometry = recipe.assets.geometry(shape).unwrap();
    assert!(geometry.parts.iter().all(|part| part.mesh.tangents.is_empty() && part.material.normal_texture.is_none()));
    // As it is shown, the part with relief has both, and the plain one neither.
    let shown = recipe.assets.model(shape, false).unwrap();
    let [a, b] = &shown.parts[..] else { panic!("two parts") };
    assert!(a.material.normal_texture.is_some() && a.mesh.tangents.len() == a.mesh.positions.len());
    assert!(b.material.normal_texture.is_none() && b.mesh.tangents.is_empty());
    // Under a material of the whole with relief, the part that wears it has them too.
    let bumpy = recipe.assets.model(shape, true).unwrap();
    assert_eq!(bumpy.parts[1].mesh.tangents.len(), bumpy.parts[1].mesh.positions.len());
}
