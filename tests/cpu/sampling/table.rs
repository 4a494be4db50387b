//! The figures and the picture of docs/sampling.md:
//! `cargo test --release --no-default-features --test cpu -- --ignored --nocapture sampling::table`

use std::path::Path;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_8X13;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Line, PrimitiveStyle};
use embedded_graphics::text::Text;
use scenewright::scene::sample;

use super::{read, star_discrepancy};
use scenewright::recipe::Recipe;

const SEEDS: u64 = 100;
const COUNTS: [u64; 4] = [64, 256, 1024, 4096];
const NAMES: [&str; 4] = ["Random", "Stratified", "Halton", "Sobol"];

fn recipe(sampling: &str) -> Recipe {
    read(&format!(
        r#"(version: 1, name: "t", image: (width: 64, height: 48), sampling: {sampling},
        cameras: {{ "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 1, azimuth: Uniform(0, 360), elevation: Uniform(0, 90))) }})"#
    ))
}

/// Where the camera of each scene stands: share of the circle, share of the way up.
fn points(recipe: &Recipe, seed: u64, n: u64) -> Vec<(f64, f64)> {
    let place = |index| {
        let away = sample(recipe, seed, index).unwrap().cameras[0].position.normalize();
        let azimuth = libm::atan2(away.x, away.z).to_degrees().rem_euclid(360.0) / 360.0;
        (azimuth, libm::asin(away.y.clamp(-1.0, 1.0)).to_degrees() / 90.0)
    };
    (0..n).map(place).collect()
}

/// Of a recipe's first `n` scenes, over all seeds: root mean square error, in percent, of the share that looks from the front and low (azimuth within
/// 36 degrees of 0, elevation below 27 degrees; 6 % of all); share of n/4 cells of azimuth and elevation that no scene is in; star discrepancy.
fn measure(sampling: &str, n: u64) -> [f64; 3] {
    let recipe = recipe(sampling);
    let (mut error, mut missed, mut discrepancy) = (0.0, 0.0, 0.0);
    for seed in 0..SEEDS {
        let mut points = points(&recipe, seed, n);
        let front = points.iter().filter(|(a, e)| (*a < 0.1 || *a >= 0.9) && *e < 0.3).count() as f64 / n as f64;
        error += (front - 0.06) * (front - 0.06);
        let side = ((n / 4) as f64).sqrt() as usize;
        let cells = super::grid(points.iter().map(|(a, e)| (*a, e.min(1.0 - 1e-12))), side, side);
        missed += cells.iter().filter(|&&count| count == 0).count() as f64 / cells.len() as f64;
        discrepancy += star_discrepancy(&mut points);
    }
    let seeds = SEEDS as f64;
    [100.0 * (error / seeds).sqrt(), 100.0 * missed / seeds, discrepancy / seeds]
}

#[test]
#[ignore = "prints the figures of docs/sampling.md and draws its picture"]
fn figures() {
    let mut errors = Vec::new();
    for name in NAMES {
        let row: Vec<[f64; 3]> = COUNTS
            .iter()
            .map(|&n| measure(&if name == "Stratified" { format!("Stratified({n})") } else { name.to_owned() }, n))
            .collect();
        for (what, digits) in [(0, 2), (1, 2), (2, 4)] {
            let cells: Vec<String> = row.iter().map(|values| format!("{:.digits$}", values[what])).collect();
            println!("{} | `{name}` | {} |", ["error", "missed", "discrepancy"][what], cells.join(" | "));
        }
        errors.push(row.iter().map(|values| values[0]).collect::<Vec<f64>>());
    }
    draw(&errors);
}

/// The sheet that is drawn on.
struct Sheet(image::RgbImage);

impl OriginDimensions for Sheet {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Sheet {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        for Pixel(at, color) in pixels {
            if let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y))
                && let Some(pixel) = self.0.get_pixel_mut_checked(x, y)
            {
                pixel.0 = [color.r(), color.g(), color.b()];
            }
        }
        Ok(())
    }
}

/// Error over number of scenes, both in logarithms.
fn draw(errors: &[Vec<f64>]) {
    let mut sheet = Sheet(image::RgbImage::from_pixel(640, 400, image::Rgb([255; 3])));
    let (ink, faint) = (Rgb888::new(40, 40, 40), Rgb888::new(215, 215, 215));
    let place = |n: u64, error: f64| {
        let x = 70.0 + (libm::log2(n as f64) - 6.0) / 6.0 * 440.0;
        let y = 30.0 + (libm::log10(5.0) - libm::log10(error)) / 3.0 * 320.0;
        Point::new(x as i32, y as i32)
    };
    let write = |sheet: &mut Sheet, text: &str, at: Point, color: Rgb888| {
        let Ok(_) = Text::new(text, at, MonoTextStyle::new(&FONT_8X13, color)).draw(sheet);
    };
    let line = |sheet: &mut Sheet, from: Point, to: Point, color: Rgb888, width: u32| {
        let Ok(()) = Line::new(from, to).into_styled(PrimitiveStyle::with_stroke(color, width)).draw(sheet);
    };
    for error in [3.0, 1.0, 0.3, 0.1, 0.03, 0.01] {
        line(&mut sheet, place(64, error), place(4096, error), faint, 1);
        write(&mut sheet, &format!("{error} %"), place(64, error) + Point::new(-62, 4), ink);
    }
    for n in [64, 128, 256, 512, 1024, 2048, 4096] {
        line(&mut sheet, place(n, 3.0), place(n, 0.01), faint, 1);
        write(&mut sheet, &n.to_string(), place(n, 0.01) + Point::new(-12, 22), ink);
    }
    write(&mut sheet, "error of \"6 % look from the front and low\"", Point::new(70, 18), ink);
    write(&mut sheet, "scenes", Point::new(265, 392), ink);
    let colors =
        [Rgb888::new(200, 60, 50), Rgb888::new(220, 150, 20), Rgb888::new(40, 120, 200), Rgb888::new(30, 140, 70)];
    for ((row, name), color) in errors.iter().zip(NAMES).zip(colors) {
        for (pair, n) in row.windows(2).zip(COUNTS.windows(2)) {
            line(&mut sheet, place(n[0], pair[0]), place(n[1], pair[1]), color, 3);
        }
        let end = place(4096, row[3]);
        write(&mut sheet, name, end + Point::new(8, 4), color);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/sampling.png");
    sheet.0.save(file).unwrap();
}
