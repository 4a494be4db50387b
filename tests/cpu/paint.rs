//! Patterns and paint: their statistics, edges and areas against closed forms, and what is kept in memory.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares to bytes and places to texels")]

use std::path::{Path, PathBuf};

use scenewright::assets::PartMaterial;
use std::collections::BTreeSet;
use std::sync::Arc;

use glam::{DQuat, DVec2, DVec3};
use scenewright::assets::cache::Cache;
use scenewright::assets::{Font, Library, sha256};
use scenewright::image::Image;
use scenewright::make::text::{Align, text_outline};
use scenewright::paint::{
    GRADIENT_NOISE_STD, Kind, NOISE_STD, Paint, ParamKind, Pattern, Tint, Value, bake, ean13_modules, with_check_digit,
};
use scenewright::recipe::{Drawing, Recipe, parse, vocabulary};
use scenewright::scene::color::luminance;
use scenewright::scene::{Instance, Material, Scene, Shape, sample};

use crate::oracle::cast;
use crate::synthetic;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A recipe with these materials (text between the braces), each worn by a ball of its own name.
fn recipe(materials: &str, names: &[String], root: &Path) -> Recipe {
    let objects: String = (0..).zip(names).fold(String::new(), |text, (k, name): (u32, _)| {
        text + &format!("\"o{k}\": (shape: Sphere(0.1), material: \"{name}\"), ")
    });
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 64, height: 48), materials: {{ {materials} }}, objects: {{ {objects} }}, \
         cameras: {{ \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
    );
    parse(&text, "test.ron", root).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

/// The names of the materials in the library that comes with the program, and what stands between its braces.
fn shipped() -> (Vec<String>, String) {
    let text = std::fs::read_to_string(root().join("assets/materials.ron")).unwrap();
    let inner = text.split_once("materials: {").unwrap().1.rsplit_once("},").unwrap().0.to_owned();
    let names =
        inner.lines().filter_map(|line| line.strip_prefix("        \"")?.split_once("\": (").map(|(name, _)| name));
    (names.map(str::to_owned).collect(), inner)
}

/// Writes the textures of every shipped material as PNG files into the folder that `PAINT_OUT` names.
#[test]
#[ignore = "for people to look at"]
fn pictures_of_all_materials() {
    let out = PathBuf::from(std::env::var("PAINT_OUT").unwrap());
    let only = std::env::var("PAINT_ONLY").unwrap_or_default();
    let (names, text) = shipped();
    let recipe = recipe(&text, &names, &root());
    for index in 0..2 {
        let scene = sample(&recipe, 0, index).unwrap();
        for instance in &scene.instances {
            let material = instance.material.as_ref().unwrap();
            if !material.name.contains(&only) {
                continue;
            }
            #[expect(clippy::disallowed_methods, reason = "timing, for people")]
            let start = std::time::Instant::now();
            let look = recipe.assets.look(material).unwrap();
            eprintln!("{:20} {:7.1} ms", material.name, start.elapsed().as_secs_f64() * 1e3);
            save(&out, &format!("{}-{index}", material.name.replace(' ', "_")), &look);
        }
    }
}

/// Colour, relief under a slanting light, and roughness side by side.
fn save(out: &Path, name: &str, look: &PartMaterial) {
    let maps = [&look.base_color_texture, &look.normal_texture, &look.metallic_roughness_texture];
    let Some(side) = maps.iter().find_map(|map| map.as_ref().map(|map| map.texture.image.width())) else { return };
    let mut picture = image::RgbaImage::new(side * 2, side);
    for y in 0..side {
        for x in 0..side {
            let get = |k: usize| maps[k].as_ref().and_then(|map| map.texture.image.get(x, y).copied());
            let color = get(0).unwrap_or_else(|| {
                let [r, g, b, _] = look.base_color.map(|c| (libm::powf(c, 1.0 / 2.2) * 255.0) as u8);
                [r, g, b, 255]
            });
            let normal = get(1).unwrap_or([128, 128, 255, 255]).map(|c| f64::from(c) / 127.5 - 1.0);
            let light = (normal[0] * -0.5 + normal[1] * 0.5 + normal[2] * 0.707).max(0.0) / 0.707;
            let rough = f64::from(get(2).map_or(128, |[_, rough, _, _]| rough)) / 255.0;
            let half = (normal[0] * -0.27 + normal[1] * 0.27 + normal[2] * 0.924).max(0.0);
            let shine = 0.25 * (1.0 - rough) * (1.0 - rough) * libm::pow(half, 2.0 / (rough * rough).max(0.002));
            let lit = color.map(|c| (f64::from(c) * libm::pow(light, 0.45) + shine * 255.0).min(255.0) as u8);
            picture.put_pixel(x, y, image::Rgba([color[0], color[1], color[2], 255]));
            picture.put_pixel(side + x, y, image::Rgba([lit[0], lit[1], lit[2], 255]));
        }
    }
    std::fs::create_dir_all(out).unwrap();
    picture.save(out.join(format!("{name}.png"))).unwrap();
}

/// What the words of one material (what stands between its parentheses) come to in the first scene.
fn material(words: &str) -> (Material, PartMaterial) {
    let recipe = recipe(&format!("\"m\": ({words})"), &["m".into()], &root());
    let material = sample(&recipe, 0, 0).unwrap().instances[0].material.clone().unwrap();
    let look = recipe.assets.look(&material).unwrap();
    (material, look)
}

fn pixels(map: &Option<scenewright::assets::Map>) -> Image<[u8; 4]> {
    map.as_ref().expect("painted").texture.image.clone()
}

/// The numbers of a pattern in 255ths, baked as roughness.
fn baked(pattern: &str, resolution: u32) -> Image<u8> {
    let (_, look) = material(&format!("roughness: Map({pattern}, 0, 1), resolution: {resolution}"));
    assert_eq!(look.roughness, 1.0);
    pixels(&look.metallic_roughness_texture).map(|pixel| pixel[1])
}

fn mean(image: &Image<u8>) -> f64 {
    image.pixels().iter().map(|&p| f64::from(p)).sum::<f64>() / image.pixels().len() as f64 / 255.0
}

fn deviation(image: &Image<u8>) -> f64 {
    let mean = mean(image);
    let squares = image.pixels().iter().map(|&p| libm::pow(f64::from(p) / 255.0 - mean, 2.0)).sum::<f64>();
    (squares / image.pixels().len() as f64).sqrt()
}

/// One of each pattern, none of which has an edge where tiles meet.
const SEAMLESS: [&str; 25] = [
    "Noise(scale: 3, octaves: 4)",
    "Noise(scale: 2, stretch: 8, octaves: 3)",
    "Ridges(scale: 3, octaves: 3)",
    "Cells(scale: 5)",
    "Cells(scale: 4, stretch: 2, jitter: 0.6)",
    "Cracks(scale: 5, width: 0.3, softness: 1)",
    "Checker(columns: 6, rows: 2)",
    "Stripes(count: 3, share: 0.4, softness: 0.4)",
    "Bricks(columns: 3, rows: 6, bevel: 0.3)",
    "Wood(rings: 5)",
    "Marble(scale: 2)",
    "Spots(scale: 5, softness: 1)",
    "Scratches(scale: 3, width: 0.05, share: 1)",
    "Weave(threads: 8)",
    "Weave(threads: 10, over: 2)",
    "Disc(softness: 1)",
    "Rust(amount: 0.4, softness: 1)",
    "Dirt(amount: 0.4)",
    "Warp(Stripes(count: 4, softness: 1), amount: 0.1)",
    "Repeat(Noise(scale: 2, octaves: 2), 2, 3)",
    "Turned(Wood(rings: 4))",
    "Tones(Warp(Checker(4, 4), amount: 0.1))",
    "Mix(Noise(3), Invert(Cells(4)), by: Levels(Noise(4), 0.3, 0.7, gamma: 2))",
    "Product(Noise(3), Step(Noise(5), 0.5, softness: 0.5))",
    "Max(Min(Noise(2), 0.7), Noise(6))",
];

#[test]
fn gradient_noise_has_the_deviation_that_calculus_gives() {
    // 4 A B, see its documentation; integrals by the midpoint rule.
    let n = 100_000;
    let (mut a, mut b) = (0.0, 0.0);
    for k in 0..n {
        let t = (f64::from(k) + 0.5) / f64::from(n);
        let w = 1.0 - t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        a += w * w * t * t / f64::from(n);
        b += w * w / f64::from(n);
    }
    assert!(((4.0 * a * b).sqrt() - GRADIENT_NOISE_STD).abs() < 1e-9);
}

#[test]
fn noise_has_its_mean_and_deviation_at_any_number_of_octaves() {
    for octaves in [1, 3, 5] {
        let image = baked(&format!("Noise(scale: 16, octaves: {octaves}, seed: 7)"), 512);
        // A tile of 256 cells: the mean of so many values of correlation length one cell.
        assert!((mean(&image) - 0.5).abs() < 0.03, "{octaves}: {}", mean(&image));
        assert!((deviation(&image) - NOISE_STD).abs() < 0.025, "{octaves}: {}", deviation(&image));
    }
    let stretched = baked("Noise(scale: 2, stretch: 64, octaves: 1)", 512);
    // Along u it changes as slowly as 2 cells a tile, along v 128 times.
    let change = |dx: u32, dy: u32| {
        let at = |x, y| f64::from(*stretched.get(x % 512, y % 512).unwrap());
        (0..512)
            .flat_map(|y| (0..512).map(move |x| (x, y)))
            .map(|(x, y)| (at(x + dx, y + dy) - at(x, y)).abs())
            .sum::<f64>()
    };
    assert!(change(0, 1) > 20.0 * change(1, 0));
}

#[test]
fn every_pattern_joins_without_a_seam() {
    for pattern in SEAMLESS {
        let image = baked(pattern, 192);
        let side = 192;
        let at = |x: u32, y: u32| f64::from(*image.get(x % side, y % side).unwrap());
        let across = |x: u32| (0..side).map(|y| (at(x + 1, y) - at(x, y)).abs()).sum::<f64>();
        let down = |y: u32| (0..side).map(|x| (at(x, y + 1) - at(x, y)).abs()).sum::<f64>();
        for (what, change) in [("right", &across as &dyn Fn(u32) -> f64), ("lower", &down)] {
            let inside = (0..side - 1).map(change).fold(0.0, f64::max);
            let seam = change(side - 1);
            assert!(seam <= 1.25 * inside + 2.0 * f64::from(side), "{pattern}: {what} edge {seam}, inside {inside}");
        }
        assert!(deviation(&image) > 0.02, "{pattern} shows nothing");
    }
}

#[test]
fn areas_are_those_on_paper() {
    for (pattern, share) in [
        ("Checker(columns: 4, rows: 8)", 0.5),
        ("Checker(columns: 6, rows: 10)", 0.5),
        ("Stripes(count: 5, share: 0.3)", 0.3),
        ("Stripes(count: 4, share: 1)", 1.0),
        ("Stripes(count: 4, share: 0)", 0.0),
        // A brick takes up 1 - mortar of its row's height; across, mortar is as thick: 0.12 / 8 of 1 / 4.
        ("Bricks(columns: 4, rows: 8, mortar: 0.12, bevel: 0)", (1.0 - 0.12) * (1.0 - 0.12 / 8.0 * 4.0)),
        ("Bricks(columns: 3, rows: 3, mortar: 0.2, offset: 0, bevel: 0)", 0.8 * 0.8),
        ("Bricks(columns: 2, rows: 2, mortar: 0, bevel: 0)", 1.0),
        ("Gradient(0)", 0.5),
        ("Step(Gradient(90), 0.75)", 0.25),
        ("Levels(Gradient(90), 0.5, 1)", 0.125 * 2.0),
        ("Levels(Gradient(90), 1, 0)", 0.5),
        ("Levels(Gradient(30), 0, 1, gamma: 1)", 0.5),
        ("Levels(Gradient(90), 0, 1, gamma: 3)", 0.25),
        ("Invert(0.25)", 0.75),
        ("Mix(0.2, 0.8, by: 0.5)", 0.5),
        // The solid under 1 - smoothstep(r / 0.5) about its axis: 2 pi times the integral of r (1 - 3 t^2 + 2 t^3).
        ("Disc(radius: 0.5, softness: 1)", std::f64::consts::PI * 0.25 * 0.3),
    ] {
        let found = mean(&baked(pattern, 256));
        assert!((found - share).abs() < 0.003, "{pattern}: {found} for {share}");
    }
}

#[test]
fn patches_cover_the_share_that_is_asked_for() {
    for kind in ["Rust", "Dirt"] {
        for amount in [0.0, 0.1, 0.35, 0.6, 1.0] {
            let image = baked(&format!("{kind}(amount: {amount})"), 256);
            let covered = image.pixels().iter().filter(|&&p| p >= 128).count() as f64 / (256.0 * 256.0);
            assert!((covered - amount).abs() < 0.03, "{kind}({amount}) covers {covered}");
        }
    }
}

#[test]
fn a_relief_has_the_normals_that_calculus_gives() {
    // h = 0.05 (1 - s(t)) with s = 3 t^2 - 2 t^3 and t = r / 0.4: dh/dr = -0.05 * 6 t (1 - t) / 0.4.
    let (_, look) = material("height: Map(Disc(radius: 0.4, softness: 1), 0, 0.05), resolution: 256");
    let image = pixels(&look.normal_texture);
    for (x, y) in [(40, 128), (100, 60), (128, 128), (200, 140), (128, 220), (5, 5), (170, 90)] {
        let (u, v) = ((f64::from(x) + 0.5) / 256.0 - 0.5, (f64::from(y) + 0.5) / 256.0 - 0.5);
        let r = (u * u + v * v).sqrt();
        let t = r / 0.4;
        let slope = if t < 1.0 { -0.05 * 6.0 * t * (1.0 - t) / 0.4 } else { 0.0 };
        // v runs down, green up.
        let normal = DVec3::new(-slope * u / r, slope * v / r, 1.0).normalize();
        let [nx, ny, nz, alpha] = *image.get(x, y).unwrap();
        let found = DVec3::new(nx.into(), ny.into(), nz.into()) / 127.5 - 1.0;
        assert_eq!(alpha, 255);
        assert!((found - normal).abs().max_element() < 0.01, "({x}, {y}): {found} for {normal}");
    }
    // A plane that rises to the right by 0.2 in its width.
    let (_, look) = material("height: Map(Gradient(0), 0, 0.2), resolution: 64");
    let [x, y, z, _] = *pixels(&look.normal_texture).get(30, 9).unwrap();
    let expected = DVec3::new(-0.2, 0.0, 1.0).normalize();
    assert!((DVec3::new(x.into(), y.into(), z.into()) / 127.5 - 1.0 - expected).abs().max_element() < 0.006);
}

#[test]
fn ends_of_ramps_and_masks_are_exact() {
    let (material_, look) = material(
        "base_color: Ramp(Checker(2, 2), [Hex(\"#13579b\"), Hex(\"#fedcba\")]), roughness: 0.2, metallic: 1, resolution: 64, \
         layers: [(mask: Step(Gradient(0), 0.5, softness: 0), base_color: Hex(\"#00ff80\"), roughness: 0.8)]",
    );
    let (color, surface) = (pixels(&look.base_color_texture), pixels(&look.metallic_roughness_texture));
    assert_eq!(color.get(10, 10), Some(&[0xfe, 0xdc, 0xba, 255]));
    assert_eq!(color.get(10, 50), Some(&[0x13, 0x57, 0x9b, 255]));
    assert_eq!(color.get(50, 10), Some(&[0x00, 0xff, 0x80, 255]));
    // What no layer touches stays a number of the material.
    assert_eq!((look.metallic, look.roughness, look.base_color), (1.0, 1.0, [1.0; 4]));
    assert_eq!(surface.get(10, 10), Some(&[255, 51, 255, 255]));
    assert_eq!(surface.get(50, 10), Some(&[255, 204, 255, 255]));
    assert!(look.normal_texture.is_none() && look.emission_texture.is_none());
    assert_eq!(material_.roughness, 1.0);
    // In linear light, half way between black and white is 0.5, which sRGB writes as 188.
    let (_, grey) = material("base_color: Ramp(0.5, [Hex(\"#000000\"), Hex(\"#ffffff\")]), resolution: 16");
    assert_eq!(pixels(&grey.base_color_texture).get(3, 3), Some(&[188, 188, 188, 255]));
}

#[test]
fn alpha_and_emission_are_painted_too() {
    let (material, look) = material(
        "base_color: Hex(\"#ff0000\"), alpha: Map(Checker(2, 2), 0, 1), alpha_mask: 0.5, emission_luminance: 700, resolution: 32, \
         layers: [(mask: Stripes(2), emission: Hex(\"#00ff00\"))]",
    );
    assert_eq!(material.emission, [700.0; 3]);
    let (color, light) = (pixels(&look.base_color_texture), pixels(&look.emission_texture));
    assert_eq!((color.get(4, 4), color.get(4, 20)), (Some(&[255, 255, 255, 255]), Some(&[255, 255, 255, 0])));
    assert_eq!(look.base_color, [1.0, 0.0, 0.0, 1.0], "a plain colour stays out of the texture");
    assert_eq!((light.get(4, 4), light.get(4, 12)), (Some(&[0, 255, 0, 255]), Some(&[0, 0, 0, 255])));
}

#[test]
fn an_area_covers_its_rectangle_turned_or_not_and_over_the_edge() {
    for (u, rotation) in [(0.5, 0), (0.5, 30), (0.98, 75), (0.02, -10)] {
        let (_, look) = material(&format!(
            "roughness: 0, resolution: 256, layers: [(area: ({u}, 0.4, 0.4, 0.2, rotation: {rotation}), roughness: 1)]"
        ));
        let covered = mean(&pixels(&look.metallic_roughness_texture).map(|p| p[1]));
        assert!((covered - 0.08).abs() < 0.001, "{u}, {rotation}: {covered}");
    }
    // Counter-clockwise: the right end of a wide strip goes up.
    let (_, look) =
        material("roughness: 0, resolution: 64, layers: [(area: (0.5, 0.5, 0.8, 0.1, rotation: 30), roughness: 1)]");
    let image = pixels(&look.metallic_roughness_texture);
    assert_eq!((image.get(48, 23).unwrap()[1], image.get(48, 41).unwrap()[1]), (255, 0));
}

#[test]
fn letters_cover_what_their_outlines_enclose() {
    let image = baked("Text(\"Hi 25\\nkg\")", 512);
    let outline = text_outline(&Font::built_in(), "Hi 25\nkg", Align::Center);
    let area = |polygon: &Vec<DVec2>| {
        let next = polygon.iter().cycle().skip(1);
        polygon.iter().zip(next).map(|(a, b)| a.perp_dot(*b)).sum::<f64>() / 2.0
    };
    let ink: f64 = outline.letters.iter().map(|letter| letter.iter().map(area).sum::<f64>().abs()).sum();
    let scale = (0.96 / outline.width).min(1.0 / (outline.height + 0.6));
    let expected = ink * scale * scale;
    assert!(expected > 0.05 && (mean(&image) - expected).abs() < 0.01 * expected, "{} for {expected}", mean(&image));
}

/// Reads thirteen digits back from bars, by the widths of four bars and spaces that GS1 lists for each digit.
fn read_bars(modules: &[bool]) -> Option<String> {
    const WIDTHS: [&str; 10] = ["3211", "2221", "2122", "1411", "1132", "1231", "1114", "1312", "1213", "3112"];
    const PARITY: [&str; 10] =
        ["LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"];
    let widths = |modules: &[bool]| {
        let mut runs = vec![0_u32];
        for pair in modules.windows(2) {
            *runs.last_mut()? += 1;
            if pair[0] != pair[1] {
                runs.push(0);
            }
        }
        *runs.last_mut()? += 1;
        Some(runs.iter().map(u32::to_string).collect::<String>())
    };
    let (mut digits, mut parity) = (String::new(), String::new());
    for half in [3..45, 50..92] {
        for modules in modules.get(half)?.chunks(7) {
            let widths = widths(modules)?;
            let backwards: String = widths.chars().rev().collect();
            let (digit, set) = match WIDTHS.iter().position(|known| *known == widths) {
                Some(digit) => (digit, "L"),
                None => (WIDTHS.iter().position(|known| *known == backwards)?, "G"),
            };
            digits += &digit.to_string();
            parity += set;
        }
    }
    let first = PARITY.iter().position(|known| parity.starts_with(known))?;
    Some(format!("{first}{digits}"))
}

#[test]
fn barcodes_can_be_read() {
    assert_eq!(with_check_digit("400638133393"), "4006381333931", "GS1's own example");
    assert_eq!(ean13_modules("4006381333932"), None);
    assert_eq!(ean13_modules("400638133393"), None);
    for number in 0..200_u64 {
        let digits = with_check_digit(&format!("{:012}", number * 4_999_999_937 % 1_000_000_000_000));
        let modules = ean13_modules(&digits).unwrap();
        assert_eq!(modules.len(), 95);
        assert_eq!(read_bars(&modules), Some(digits));
    }
    // From the picture: 113 modules across, quiet ones first.
    let (material, look) = material("roughness: Map(Barcode, 0, 1), resolution: 1024");
    let image = pixels(&look.metallic_roughness_texture);
    let read: Vec<bool> =
        (11..106).map(|k| image.get(((f64::from(k) + 0.5) / 113.0 * 1024.0) as u32, 500).unwrap()[1] > 127).collect();
    let Some(Value::Map { pattern, .. }) = &material.paint.as_ref().unwrap().base.roughness else { panic!() };
    assert_eq!(read_bars(&read), pattern.text);
}

#[test]
fn printed_texts_are_decided_and_stand_in_the_scene() {
    let words = "roughness: 0.5, layers: [(mask: Text([\"LOT \", Code(\"@#-##\"), \" \", Date(2023, 2024), Choice([\" a\", \" b\"]), Digits(3)]), \
                 roughness: 1)], resolution: 16";
    let recipe = recipe(&format!("\"m\": ({words})"), &["m".into()], &root());
    let mut found = BTreeSet::new();
    for index in 0..300 {
        let scene = sample(&recipe, 0, index).unwrap();
        let text =
            scene.instances[0].material.as_ref().unwrap().paint.as_ref().unwrap().layers[0].mask.text.clone().unwrap();
        let bytes = text.as_bytes();
        assert!(text.starts_with("LOT ") && bytes[4].is_ascii_uppercase() && bytes[5].is_ascii_digit(), "{text}");
        assert!(text[8..].starts_with(|c: char| c.is_ascii_digit()) || bytes[6] == b'-', "{text}");
        let date = &text[10..20];
        let (year, month, day) = (&date[..4], &date[5..7], &date[8..]);
        assert!(["2023", "2024"].contains(&year), "{date}");
        let days = match (month, year) {
            ("02", "2024") => 29,
            ("02", _) => 28,
            ("04" | "06" | "09" | "11", _) => 30,
            _ => 31,
        };
        assert!((1..=12).contains(&month.parse::<u32>().unwrap()) && (1..=days).contains(&day.parse::<u32>().unwrap()));
        assert!(scene.to_ron().unwrap().contains(&text));
        found.insert(text);
    }
    assert!(found.len() > 290, "each instance has a text of its own");
}

#[test]
fn what_is_painted_is_the_same_on_any_number_of_threads_and_as_recorded() {
    let patterns: String = (0..)
        .zip(SEAMLESS)
        .map(|(k, pattern): (u32, _)| format!("\"p{k}\": {}, ", pattern.replace("seed: 7", "seed: 1")))
        .collect();
    let sum = (1..SEAMLESS.len()).fold("\"p0\"".to_owned(), |sum, k| match k % 12 {
        0 => format!("Mix({sum}, \"p{k}\", by: 0.9)"),
        _ if k < 12 => format!("Mix({sum}, \"p{k}\", by: 0.15)"),
        _ => sum,
    });
    let layers: String = (12..SEAMLESS.len())
        .map(|k| {
            format!("(mask: \"p{k}\", base_color: Hsv({}, 0.8, 0.8), height: Map(\"p{}\", 0, 0.1)),", k * 14, k - 1)
        })
        .collect();
    let (material, _) = material(&format!(
        "patterns: {{ {patterns} }}, base_color: Ramp({sum}, [Hex(\"#102030\"), Hex(\"#f0e0d0\")]), layers: [{layers} \
         (area: (0.3, 0.3, 0.5, 0.2, rotation: 20), mask: Text(\"seed 0\"), roughness: 0.9, emission: Hex(\"#80ff00\"))], resolution: 96"
    ));
    let paint = material.paint.unwrap();
    let digest = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let baked = pool.install(|| bake(&paint, "k", &Library::default())).unwrap();
        let all = [&baked.color, &baked.metallic_roughness, &baked.normal, &baked.emission];
        let bytes: Vec<u8> =
            all.into_iter().flat_map(|t| t.as_ref().unwrap().image.pixels().as_flattened().to_vec()).collect();
        sha256(&bytes)
    };
    let found = digest(1);
    assert_eq!(found, digest(5));
    let golden = root().join("tests/golden/paint.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(&golden, format!("{found}\n")).unwrap();
    }
    assert_eq!(std::fs::read_to_string(golden).unwrap().trim(), found, "BLESS=1 records it");
}

#[test]
fn equal_paints_are_one_texture_and_what_is_kept_is_bounded() {
    let words = "base_color: Hsv(Uniform(0, 360), 1, 1), roughness: Map(Noise(4, seed: 3), 0.2, 0.6), resolution: 16";
    let recipe_ = recipe(&format!("\"m\": ({words})"), &["m".into(), "m".into()], &root());
    let scene = sample(&recipe_, 0, 0).unwrap();
    let materials: Vec<&Material> = scene.instances.iter().map(|i| i.material.as_ref().unwrap()).collect();
    assert_ne!(materials[0].base_color, materials[1].base_color);
    let maps: Vec<_> =
        materials.iter().map(|m| recipe_.assets.look(m).unwrap().metallic_roughness_texture.unwrap()).collect();
    assert!(Arc::ptr_eq(&maps[0].texture, &maps[1].texture), "a plain colour is no part of the texture");
    // As many bytes as the pixels have.
    assert_eq!(recipe_.assets.made.paints.bytes(), 16 * 16 * 4);

    let cache: Cache<u32> = Cache::new(100);
    let mut made = 0;
    for k in [1, 2, 3, 1, 4, 1, 2] {
        let thing = cache.get_or_make::<()>(&k.to_string(), || {
            made += 1;
            Ok((k, 40))
        });
        assert_eq!(*thing.unwrap(), k);
        assert!(cache.bytes() <= 100);
    }
    // 1, 2, 3 (1 is forgotten), 1 (2 is), 4 (3 is), 1 is there, 2.
    assert_eq!(made, 6);
}

#[test]
fn variants_are_so_many_looks_in_all_scenes() {
    let words = |variants: &str| {
        format!(
            "base_color: Ramp(Noise, [Hsv(Uniform(0, 360), 1, 1), Hex(\"#ffffff\")]), roughness: Uniform(0, 1), {variants}"
        )
    };
    let looks = |variants: &str| {
        let recipe = recipe(&format!("\"m\": ({})", words(variants)), &["m".into(), "m".into()], &root());
        let mut looks: Vec<String> = Vec::new();
        for index in 0..40 {
            for instance in sample(&recipe, 5, index).unwrap().instances {
                looks.push(format!("{:?}", instance.material.unwrap()));
            }
        }
        looks
    };
    let (bounded, free) = (looks("variants: 6"), looks("resolution: 16"));
    let count = |looks: &[String]| looks.iter().collect::<BTreeSet<_>>().len();
    assert_eq!((count(&bounded), count(&free)), (6, 80));
    assert!(count(&bounded[..40]) > 1 && count(&bounded[40..]) == 6, "later scenes have the same ones");
}

#[test]
fn adding_a_layer_or_a_pattern_moves_no_other_number() {
    let base = "roughness: Map(Noise(scale: UniformInt(2, 40)), Uniform(0, 0.5), 1), base_color: Hsv(Uniform(0, 360), 0.5, 0.5)";
    let (plain, _) = material(base);
    let (more, _) = material(&format!(
        "patterns: {{ \"p\": Wood }}, {base}, metallic: Map(Cells(Uniform(1, 9)), 0, 1), layers: [(mask: \"p\", base_color: Hex(\"#ffffff\"))]"
    ));
    let (plain_paint, paint) = (plain.paint.unwrap(), more.paint.unwrap());
    assert_eq!(plain_paint.base.roughness, paint.base.roughness);
    assert_eq!(paint.base.base_color, Some(Tint::Plain(plain.base_color)));
}

/// The pattern of a drawn material's roughness.
fn roughness(material: &Material) -> &Pattern {
    let Some(Value::Map { pattern, .. }) = &material.paint.as_ref().unwrap().base.roughness else { panic!("painted") };
    pattern
}

#[test]
fn patterns_can_be_chosen() {
    let drawn = |words: &str, index: u64| -> Material {
        let recipe = recipe(&format!("\"m\": ({words})"), &["m".into()], &root());
        sample(&recipe, 0, index).unwrap().instances[0].material.clone().unwrap()
    };
    let counts = |words: &str| {
        let recipe = recipe(&format!("\"m\": ({words})"), &["m".into()], &root());
        let mut counts = [0u32; 3];
        for index in 0..1200 {
            let scene = sample(&recipe, 4, index).unwrap();
            let kind = roughness(scene.instances[0].material.as_ref().unwrap()).kind;
            counts[[Kind::Checker, Kind::Stripes, Kind::Plain].iter().position(|&known| known == kind).unwrap()] += 1;
        }
        counts
    };
    // Four standard deviations of 1200 draws are 65 for a third, 55 for a sixth and 69 for a half.
    let near = |counts: [u32; 3], expected: [u32; 3]| {
        assert!(counts.iter().zip(expected).all(|(count, expected)| count.abs_diff(expected) <= 69), "{counts:?}");
    };
    near(counts("roughness: Map(Choice([Checker(2, 2), Stripes(UniformInt(3, 9)), 0.25]), 0, 1)"), [400; 3]);
    near(counts("roughness: Map(Weighted([(3, Choice([Checker, Stripes(4)])), (3, 0.5)]), 0, 1)"), [300, 300, 600]);
    // Behind a name it is one choice, drawn once.
    for index in 0..20 {
        let material = drawn(
            "patterns: { \"p\": Choice([Checker, Noise(8), Wood]) }, roughness: Map(\"p\", 0, 1), metallic: Map(Invert(\"p\"), 0, 1)",
            index,
        );
        let paint = material.paint.unwrap();
        assert!(matches!(paint.patterns[0].1.kind, Kind::Checker | Kind::Noise | Kind::Wood));
        assert!(paint.validate().is_ok());
    }
    // A choice of numbers is a number, as ever; what one alternative says moves no other, nor the choice.
    assert_eq!(roughness(&drawn("roughness: Map(Choice([0.25, Uniform(0.5, 1)]), 0, 1)", 3)).kind, Kind::Plain);
    for index in 0..20 {
        let one = drawn("roughness: Map(Choice([Cells(Uniform(1, 99)), Wood]), 0, 1)", index);
        let other = drawn("roughness: Map(Choice([Cells(Uniform(1, 99)), Marble]), 0, 1)", index);
        let (one, other) = (roughness(&one), roughness(&other));
        assert!(one == other && one.kind == Kind::Cells || (one.kind, other.kind) == (Kind::Wood, Kind::Marble));
    }
    // A parameter can say which.
    let text = r#"(version: 1, name: "t", image: (width: 64, height: 48), parameters: { "style": Choice(["tiles", "cloth"]) },
        materials: { "m": (roughness: Map(Match("style", { "tiles": Tones(Choice([Bricks, Checker])) }, Weave), 0, 1)) },
        objects: { "o": (shape: Sphere(1), material: "m") }, cameras: { "main": (lens: Fov(50), pose: LookAt((0, 1, 2), (0, 0, 0))) })"#;
    let recipe = parse(text, "t.ron", &root()).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)));
    for index in 0..20 {
        let scene = sample(&recipe, 1, index).unwrap();
        let is_cloth = format!("{:?}", scene.parameters["style"]).contains("cloth");
        let kind = roughness(scene.instances[0].material.as_ref().unwrap()).kind;
        assert_eq!(kind, if is_cloth { Kind::Weave } else { Kind::Tones });
    }
}

#[test]
fn named_patterns_are_the_same_wherever_they_stand() {
    let (_, look) = material(
        "patterns: { \"b\": \"a\", \"a\": Warp(Cells(scale: UniformInt(3, 30)), amount: Uniform(0, 0.3)) }, resolution: 64, \
         roughness: Map(\"a\", 0, 1), metallic: Map(\"b\", 0, 1), layers: [(area: (0.5, 0.5, 1, 1), metallic: Map(\"a\", 0, 1))]",
    );
    let image = pixels(&look.metallic_roughness_texture);
    // Roughness is what was computed for the texel once; metallic was computed again, in the area's own tile.
    assert!(image.pixels().iter().all(|p| p[1].abs_diff(p[2]) <= 1));
}

#[test]
fn pictures_lie_on_the_surface_where_they_are_not_clear() {
    let (material, look) = material(
        "base_color: Hex(\"#808080\"), resolution: 128, layers: [(area: (0.5, 0.5, 0.5, 0.5), base_color: Picture(\"assets/label.png\"))]",
    );
    assert_eq!(material.pictures().collect::<Vec<_>>(), ["assets/label.png"]);
    let image = pixels(&look.base_color_texture);
    assert_eq!(image.get(3, 3), Some(&[128, 128, 128, 255]));
    let picture = image::open(root().join("assets/label.png")).unwrap().into_rgba8();
    // The mean of the opaque part, in linear light, whatever the filter.
    let linear = scenewright::scene::color::linear_from_srgb;
    let (mut sum, mut count) = (0.0, 0.0);
    for pixel in picture.pixels() {
        let alpha = f64::from(pixel[3]) / 255.0;
        sum += linear(f64::from(pixel[0]) / 255.0) * alpha + linear(128.0 / 255.0) * (1.0 - alpha);
        count += 1.0;
    }
    let inside = (32..96).flat_map(|y| (32..96).map(move |x| (x, y)));
    let found =
        inside.map(|(x, y)| linear(f64::from(image.get(x, y).unwrap()[0]) / 255.0)).sum::<f64>() / (64.0 * 64.0);
    assert!((found - sum / count).abs() < 0.02, "{found} for {}", sum / count);
    let mut missing = material.clone();
    missing.paint.as_mut().unwrap().layers[0].coat.base_color = Some(Tint::Picture("nowhere.png".into()));
    assert_eq!(Library::default().look(&missing).unwrap_err(), "nowhere.png");
}

#[test]
fn a_ray_that_meets_a_painted_surface_brings_its_colour_home() {
    let (material, _) = material(
        "base_color: Ramp(Checker(2, 2), [Linear(0.1, 0.2, 0.3), Linear(0.8, 0.7, 0.6)]), roughness: Map(Gradient(0), 0.2, 0.8), resolution: 64",
    );
    let mut scene: Scene = synthetic::scene(0, 0, &["main"], (64, 64));
    scene.instances.truncate(1);
    let wall: &mut Instance = &mut scene.instances[0];
    wall.shape = Shape::Plane(DVec2::new(2.0, 2.0));
    wall.material = Some(material);
    (wall.position, wall.rotation, wall.scale) =
        (DVec3::new(0.0, 0.0, -2.0), DQuat::from_rotation_x(std::f64::consts::FRAC_PI_2), DVec3::ONE);
    let camera = &mut scene.cameras[0];
    (camera.fx, camera.fy, camera.cx, camera.cy) = (64.0, 64.0, 32.0, 32.0);
    (camera.position, camera.rotation) = (DVec3::ZERO, DQuat::IDENTITY);
    let frame = cast(&scene, &Library::default(), 0);
    // Upper left of the tile is upper left of the wall, which fills the frame.
    let albedo = frame.albedo.as_ref().unwrap();
    let near = |x, y, expected: [f32; 3]| {
        let found = *albedo.get(x, y).unwrap();
        assert!((0..3).all(|k| (found[k] - expected[k]).abs() < 0.01), "{found:?}");
    };
    near(10, 10, [0.8, 0.7, 0.6]);
    near(50, 10, [0.1, 0.2, 0.3]);
    near(50, 50, [0.8, 0.7, 0.6]);
}

#[test]
fn the_table_of_patterns_and_the_language_have_the_same_words() {
    let vocabulary = vocabulary();
    for kind in Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Plain | Kind::Named)) {
        let mut expected: BTreeSet<&str> =
            kind.params().iter().map(|param| param.name).chain(kind.parts().iter().copied()).collect();
        expected.extend(match kind {
            Kind::Text => Some("text"),
            Kind::Barcode => Some("digits"),
            Kind::Image => Some("path"),
            _ => None,
        });
        let found = vocabulary
            .iter()
            .any(|(word, fields)| *word == kind.word() && expected == fields.iter().copied().collect());
        assert!(found, "{kind:?}: {expected:?}");
        for param in kind.params().iter().filter(|param| param.kind != ParamKind::Seed) {
            assert!((param.min..=param.max).contains(&param.default), "{kind:?} {}", param.name);
        }
    }
}

fn painted_scene() -> Scene {
    let words = "patterns: { \"a\": Noise(8), \"b\": Tones(Cells(9)) }, base_color: Ramp(\"a\", [Hex(\"#000000\"), Hex(\"#ffffff\")]), \
                 height: Map(Mix(\"b\", Wood, by: 0.3), 0, 0.1), layers: [(area: (0.5, 0.5, 0.3, 0.3), mask: Barcode, roughness: 0.3)], resolution: 32";
    sample(&recipe(&format!("\"m\": ({words})"), &["m".into()], &root()), 3, 1).unwrap()
}

#[test]
fn a_painted_scene_is_read_back_to_the_same_bits() {
    let scene = painted_scene();
    scene.validate().unwrap();
    let text = scene.to_ron().unwrap();
    assert_eq!(ron::from_str::<Scene>(&text).unwrap(), scene);
}

#[test]
fn what_a_scene_file_must_not_paint_is_refused() {
    let number = |pattern: &mut Pattern, name: &str, value: f64| {
        pattern.numbers.insert(name.into(), value);
    };
    let cases: [(&str, &dyn Fn(&mut Paint)); 17] = [
        ("resolution", &|p| p.resolution = 1 << 30),
        ("resolution", &|p| p.resolution = 0),
        ("scale", &|p| number(&mut p.patterns[0].1, "scale", 1e18)),
        ("scale", &|p| number(&mut p.patterns[0].1, "scale", f64::NAN)),
        ("octaves", &|p| number(&mut p.patterns[0].1, "octaves", 2.5)),
        ("numbers", &|p| number(&mut p.patterns[0].1, "colour", 2.5)),
        ("made of 1", &|p| p.patterns[1].1.of.clear()),
        ("text", &|p| p.patterns[0].1.text = Some("x".into())),
        ("called `a`", &|p| p.patterns[1].0 = "a".into()),
        ("called `zz`", &|p| {
            let Some(Tint::Ramp { pattern, .. }) = &mut p.base.base_color else { panic!() };
            pattern.text = Some("zz".into());
        }),
        ("called `b`", &|p| {
            let named = Pattern { kind: Kind::Named, numbers: Default::default(), text: Some("b".into()), of: vec![] };
            p.patterns[1].1.of = vec![named];
        }),
        ("rising order", &|p| {
            let Some(Tint::Ramp { stops, .. }) = &mut p.base.base_color else { panic!() };
            stops.reverse();
        }),
        ("barcode", &|p| p.layers[0].mask.text = Some("12".into())),
        ("area", &|p| p.layers[0].area.as_mut().unwrap().width = 1e-12),
        ("says nothing", &|p| p.base.roughness = None),
        ("nest", &|p| {
            for _ in 0..40 {
                let inner = std::mem::replace(
                    &mut p.patterns[1].1,
                    Pattern { kind: Kind::Invert, numbers: Default::default(), text: None, of: vec![] },
                );
                p.patterns[1].1.of = vec![inner];
            }
        }),
        ("too long", &|p| {
            let marble = "Max(Marble, Marble)";
            let (material, _) = material(&format!(
                "roughness: Map({}, 0, 1), resolution: 16",
                marble.replace("Marble", marble).replace("Marble", marble).replace("Marble", marble)
            ));
            let heavy = material.paint.unwrap();
            p.resolution = 4096;
            p.base.roughness = heavy.base.roughness;
        }),
    ];
    for (word, change) in cases {
        let mut scene = painted_scene();
        change(scene.instances[0].material.as_mut().unwrap().paint.as_mut().unwrap());
        let refusal = scene.validate().unwrap_err();
        assert!(refusal.contains(word), "{word}: {refusal}");
    }
}

#[test]
fn hostile_paint_is_refused_quickly() {
    let nest = |count: usize, open: &str, inner: &str| open.repeat(count) + inner + &")".repeat(count);
    for words in [
        format!("roughness: Map({}, 0, 1)", nest(60, "Invert(", "0.5")),
        format!("layers: [{}]", "(roughness: 1),".repeat(5000)),
        format!("base_color: Ramp(Noise, [{}])", "Hex(\"#000000\"),".repeat(5000)),
        format!(
            "patterns: {{ {} }}, roughness: Map(\"p1\", 0, 1)",
            (0..3000).map(|k| format!("\"p{k}\": Invert(\"p{}\"),", k + 1)).collect::<String>()
        ),
        format!(
            "patterns: {{ \"a0\": Noise, {} }}, roughness: Map(\"a40\", 0, 1)",
            (1..41).map(|k| format!("\"a{k}\": Warp(Max(\"a{0}\", \"a{0}\")),", k - 1)).collect::<String>()
        ),
        format!("roughness: Map(Text(\"{}\"), 0, 1)", "x".repeat(100_000)),
        "roughness: Map(Digits, 0, 1)".into(),
        format!(
            "patterns: {{ {} }}, roughness: Map(Choice([{}]), 0, 1)",
            (0..50_000).map(|k| format!("\"p{k}\": 0,")).collect::<String>(),
            "\"p1\", ".repeat(50_000)
        ),
        "roughness: Map((), 0, 1), patterns: [1]".into(),
    ] {
        let text = format!(
            "(version: 1, name: \"t\", image: (width: 64, height: 48), materials: {{ \"m\": ({words}) }}, \
             cameras: {{ \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
        );
        let problems = parse(&text, "test.ron", &root()).unwrap_err();
        assert!(problems.has_errors() && problems.render(Drawing::Plain).len() < 4_000_000);
    }
}

#[test]
fn materials_that_come_with_the_program_are_plausible() {
    let (names, text) = shipped();
    assert!(names.len() >= 30, "{names:?}");
    let recipe = recipe(&text, &names, &root());
    for index in 0..12 {
        let scene = sample(&recipe, 1, index).unwrap();
        scene.validate().unwrap();
        for instance in &scene.instances {
            let mut material = instance.material.clone().unwrap();
            if let Some(paint) = &mut material.paint {
                paint.resolution = 32; // the same look, seen from afar
            }
            let look = recipe.assets.look(&material).unwrap();
            let colors =
                look.base_color_texture.as_ref().map_or(vec![[255; 4]], |map| map.texture.image.pixels().to_vec());
            let linear = scenewright::scene::color::linear_from_srgb;
            let total = colors
                .iter()
                .map(|[r, g, b, _]| luminance([*r, *g, *b].map(|c| linear(f64::from(c) / 255.0))))
                .sum::<f64>();
            let [r, g, b, _] = look.base_color.map(f64::from);
            let albedo = total / colors.len() as f64 * luminance([r, g, b]);
            // From soot to fresh snow.
            assert!(
                (0.01..0.95).contains(&albedo) || material.transmission > 0.0,
                "{} of scene {index}: {albedo}",
                material.name
            );
        }
    }
}
