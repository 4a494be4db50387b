//! Patterns and paint: their statistics, edges and areas against closed forms, and what is kept in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scenewright::assets::{Library, PartMaterial};
use scenewright::image::Image;
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::{Material, Scene, sample};

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
    let names = inner.lines().filter_map(|line| line.strip_prefix("        \"")?.split_once("\": (").map(|(name, _)| name));
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
            println!("{:20} {:7.1} ms", material.name, start.elapsed().as_secs_f64() * 1e3);
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
                let [r, g, b, _] = look.base_color.map(|c| (c.powf(1.0 / 2.2) * 255.0) as u8);
                [r, g, b, 255]
            });
            let normal = get(1).unwrap_or([128, 128, 255, 255]).map(|c| f64::from(c) / 127.5 - 1.0);
            let light = (normal[0] * -0.5 + normal[1] * 0.5 + normal[2] * 0.707).max(0.0) / 0.707;
            let rough = f64::from(get(2).map_or(128, |[_, rough, _, _]| rough)) / 255.0;
            let half = (normal[0] * -0.27 + normal[1] * 0.27 + normal[2] * 0.924).max(0.0);
            let shine = 0.25 * (1.0 - rough).powi(2) * half.powf(2.0 / (rough * rough).max(0.002));
            let lit = color.map(|c| (f64::from(c) * light.powf(0.45) + shine * 255.0).min(255.0) as u8);
            picture.put_pixel(x, y, image::Rgba([color[0], color[1], color[2], 255]));
            picture.put_pixel(side + x, y, image::Rgba([lit[0], lit[1], lit[2], 255]));
        }
    }
    std::fs::create_dir_all(out).unwrap();
    picture.save(out.join(format!("{name}.png"))).unwrap();
}
