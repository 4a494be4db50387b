//! Paint to images: what it makes of each texel, and how that is written down.

use std::sync::{Arc, LazyLock};

use rayon::prelude::*;

use super::ink::Picture;
use super::pattern::{Node, Place, Room, Sample};
use super::{Area, Coat, Layer, Paint, Tint, Value};
use crate::assets::{AssetFile, Library, Texture, Wrap};
use crate::image::Image;
use crate::scene::color::linear_from_srgb;

/// The images of a paint; `None` for what it does not touch. They repeat along both axes.
#[derive(Debug)]
pub struct Baked {
    /// sRGB, and alpha. White where only alpha is painted.
    pub color: Option<Arc<Texture>>,
    /// Roughness in G and metallic in B, as glTF has it; 255 for one that is not painted.
    pub metallic_roughness: Option<Arc<Texture>>,
    /// Tangent space, green up: of the painted height.
    pub normal: Option<Arc<Texture>>,
    /// sRGB; multiplies what the material gives off.
    pub emission: Option<Arc<Texture>>,
}

impl Baked {
    /// How much memory its images take.
    pub fn bytes(&self) -> usize {
        let all = [&self.color, &self.metallic_roughness, &self.normal, &self.emission];
        all.into_iter().flatten().map(|texture| texture.image.pixels().len() * 4).sum()
    }
}

/// A coat made ready.
#[derive(Default)]
struct Ready {
    base_color: Option<ReadyTint>,
    alpha: Option<ReadyValue>,
    roughness: Option<ReadyValue>,
    metallic: Option<ReadyValue>,
    emission: Option<ReadyTint>,
    height: Option<ReadyValue>,
}

enum ReadyTint {
    Plain([f64; 3]),
    Ramp(Node, Vec<(f64, [f64; 3])>),
    Picture(Picture),
}

enum ReadyValue {
    Plain(f64),
    Map(Node, f64, f64),
}

struct ReadyLayer {
    mask: Node,
    area: Option<(Area, f64, f64)>,
    coat: Ready,
    layers: Vec<ReadyLayer>,
}

/// What is known of a texel.
#[derive(Clone, Copy)]
struct Texel {
    color: [f64; 3],
    alpha: f64,
    roughness: f64,
    metallic: f64,
    emission: [f64; 3],
    height: f64,
}

const BARE: Texel =
    Texel { color: [1.0; 3], alpha: 1.0, roughness: 1.0, metallic: 1.0, emission: [1.0; 3], height: 0.0 };

fn mix(a: f64, b: f64, t: f64) -> f64 {
    // Exact at both ends.
    if t >= 1.0 { b } else { a + (b - a) * t }
}

fn mix_colors(a: [f64; 3], b: [f64; 3], t: f64) -> [f64; 3] {
    std::array::from_fn(|k| mix(a[k], b[k], t))
}

impl ReadyTint {
    fn new(tint: &Tint, room: Room<'_>) -> Result<Self, String> {
        Ok(match tint {
            Tint::Plain(color) => Self::Plain(*color),
            Tint::Ramp { pattern, stops } => Self::Ramp(Node::new(pattern, room)?, stops.clone()),
            Tint::Picture(path) => Self::Picture(room.picture(path)?),
        })
    }

    /// The colour, and how much of it there is.
    fn at(&self, place: Place<'_>) -> ([f64; 3], f64) {
        match self {
            Self::Plain(color) => (*color, 1.0),
            Self::Ramp(node, stops) => (ramp(stops, node.at(place).value), 1.0),
            Self::Picture(picture) => picture.at(place.u, place.v),
        }
    }
}

/// The colour at `x` on a ramp whose stops rise.
fn ramp(stops: &[(f64, [f64; 3])], x: f64) -> [f64; 3] {
    let above = stops.partition_point(|(at, _)| *at <= x);
    match (above.checked_sub(1).and_then(|k| stops.get(k)), stops.get(above)) {
        (Some((low, a)), Some((high, b))) => mix_colors(*a, *b, (x - low) / (high - low)),
        (Some((_, only)), None) | (None, Some((_, only))) => *only,
        (None, None) => [1.0; 3],
    }
}

impl ReadyValue {
    fn new(value: &Value, room: Room<'_>) -> Result<Self, String> {
        Ok(match value {
            Value::Plain(value) => Self::Plain(*value),
            Value::Map { pattern, from, to } => Self::Map(Node::new(pattern, room)?, *from, *to),
        })
    }

    fn at(&self, place: Place<'_>) -> f64 {
        match self {
            Self::Plain(value) => *value,
            Self::Map(node, from, to) => mix(*from, *to, node.at(place).value),
        }
    }
}

impl Ready {
    fn new(coat: &Coat, room: Room<'_>) -> Result<Self, String> {
        let value = |value: &Option<Value>| value.as_ref().map(|value| ReadyValue::new(value, room)).transpose();
        let tint = |tint: &Option<Tint>| tint.as_ref().map(|tint| ReadyTint::new(tint, room)).transpose();
        Ok(Self {
            base_color: tint(&coat.base_color)?,
            alpha: value(&coat.alpha)?,
            roughness: value(&coat.roughness)?,
            metallic: value(&coat.metallic)?,
            emission: tint(&coat.emission)?,
            height: value(&coat.height)?,
        })
    }

    /// Laid over `texel`. The second is how much of a layer there is: a picture may be clear.
    fn over(&self, texel: Texel, place: Place<'_>) -> (Texel, f64) {
        let value = |value: &Option<ReadyValue>, old: f64| value.as_ref().map_or(old, |value| value.at(place));
        let (color, there) = self.base_color.as_ref().map_or((texel.color, 1.0), |tint| tint.at(place));
        let coated = Texel {
            color,
            alpha: value(&self.alpha, texel.alpha),
            roughness: value(&self.roughness, texel.roughness),
            metallic: value(&self.metallic, texel.metallic),
            emission: self.emission.as_ref().map_or(texel.emission, |tint| tint.at(place).0),
            height: value(&self.height, texel.height),
        };
        (coated, there)
    }
}

impl ReadyLayer {
    fn new(layer: &Layer, room: Room<'_>) -> Result<Self, String> {
        let mut room = room;
        let area = layer.area.clone().map(|area| {
            room.texels = [room.texels[0] * area.width, room.texels[1] * area.height];
            let (sin, cos) = libm::sincos(area.rotation);
            (area, sin, cos)
        });
        let layers = layer.layers.iter().map(|layer| Self::new(layer, room)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { mask: Node::new(&layer.mask, room)?, area, coat: Ready::new(&layer.coat, room)?, layers })
    }

    fn over(&self, texel: Texel, place: Place<'_>) -> Texel {
        let (place, inside) = match &self.area {
            None => (place, 1.0),
            Some((area, sin, cos)) => {
                // The nearest of its repeats.
                let away = |x: f64, middle: f64| x - middle - (x - middle).round();
                let (x, y) = (away(place.u, area.u), away(place.v, area.v));
                let (x, y) = (x * cos - y * sin, x * sin + y * cos);
                let edge = (area.width / 2.0 - x.abs()).min(area.height / 2.0 - y.abs());
                let inside = (edge / place.texel + 0.5).clamp(0.0, 1.0);
                if inside <= 0.0 {
                    return texel;
                }
                let finer = place.texel / area.width.min(area.height);
                (place.moved(0.5 + x / area.width, 0.5 + y / area.height, finer), inside)
            }
        };
        let mask = self.mask.at(place).value * inside;
        if mask <= 0.0 {
            return texel;
        }
        let (mut coated, there) = self.coat.over(texel, place);
        for layer in &self.layers {
            coated = layer.over(coated, place);
        }
        let share = (mask * there).clamp(0.0, 1.0);
        Texel {
            color: mix_colors(texel.color, coated.color, share),
            alpha: mix(texel.alpha, coated.alpha, share),
            roughness: mix(texel.roughness, coated.roughness, share),
            metallic: mix(texel.metallic, coated.metallic, share),
            emission: mix_colors(texel.emission, coated.emission, share),
            height: mix(texel.height, coated.height, share),
        }
    }
}

/// The images of `paint`. `key` is theirs: no other paint has it. The same paint gives the same bytes, on as many threads as there are.
///
/// # Errors
/// The path of a picture that is not in the library.
pub fn bake(paint: &Paint, key: &str, library: &Library) -> Result<Baked, String> {
    let side = paint.resolution;
    let size = f64::from(side);
    let names: Vec<&str> = paint.patterns.iter().map(|(name, _)| name.as_str()).collect();
    let room = Room { library, names: &names, texels: [size; 2] };
    // Each may refer to those before it.
    let named = paint.patterns.iter().enumerate();
    let named = named
        .map(|(number, (_, pattern))| Node::new(pattern, Room { names: &names[..number], ..room }))
        .collect::<Result<Vec<_>, _>>()?;
    let base = Ready::new(&paint.base, room)?;
    let layers = paint.layers.iter().map(|layer| ReadyLayer::new(layer, room)).collect::<Result<Vec<_>, _>>()?;

    let touches = paint.touches();
    let count = side as usize * side as usize;
    let pixels = |wanted: bool| vec![[0_u8; 4]; if wanted { count } else { 0 }];
    let mut color = pixels(touches.base_color || touches.alpha);
    let mut surface = pixels(touches.roughness || touches.metallic);
    let mut emission = pixels(touches.emission);
    let mut heights = vec![0.0; if touches.height { count } else { 0 }];

    let width = side as usize;
    let texel_at = |x: usize, y: usize, known: &mut Vec<Sample>| {
        let (u, v) = ((x as f64 + 0.5) / size, (y as f64 + 0.5) / size);
        let place = Place { u, v, texel: 1.0 / size, named: &named, known: None };
        known.clear();
        for node in &named {
            // A pattern refers only to those before it, which are known.
            let sample = node.at(Place { known: Some(known), ..place });
            known.push(sample);
        }
        let place = Place { known: Some(known), ..place };
        let (mut texel, _) = base.over(BARE, place);
        for layer in &layers {
            texel = layer.over(texel, place);
        }
        texel
    };
    // Rows of images that are not wanted are empty.
    let row_of = |wanted: bool| if wanted { width } else { 0 };
    let mut rows: Vec<_> = {
        let mut colors = Rows::new(&mut color, row_of(touches.base_color || touches.alpha));
        let mut surfaces = Rows::new(&mut surface, row_of(touches.roughness || touches.metallic));
        let mut emissions = Rows::new(&mut emission, row_of(touches.emission));
        let mut heights = Rows::new(&mut heights, row_of(touches.height));
        (0..width).map(|y| (y, colors.next(), surfaces.next(), emissions.next(), heights.next())).collect()
    };
    rows.par_iter_mut().for_each(|(y, colors, surfaces, emissions, heights)| {
        let mut known = Vec::with_capacity(named.len());
        for x in 0..width {
            let texel = texel_at(x, *y, &mut known);
            if let Some(pixel) = colors.get_mut(x) {
                let [r, g, b] = texel.color.map(srgb);
                *pixel = [r, g, b, byte(texel.alpha)];
            }
            if let Some(pixel) = surfaces.get_mut(x) {
                *pixel = [255, byte(texel.roughness), byte(texel.metallic), 255];
            }
            if let Some(pixel) = emissions.get_mut(x) {
                let [r, g, b] = texel.emission.map(srgb);
                *pixel = [r, g, b, 255];
            }
            if let Some(height) = heights.get_mut(x) {
                *height = texel.height;
            }
        }
    });
    drop(rows);
    let texture = |pixels: Vec<[u8; 4]>, what: &str| {
        let image = Image::new(side, side, pixels)?;
        let key = format!("{key}/{what}");
        Some(Arc::new(Texture { key, image, wrap: [Wrap::Repeat; 2], file: AssetFile::default() }))
    };
    Ok(Baked {
        normal: texture(normals(&heights, width), "normal"),
        color: texture(color, "color"),
        metallic_roughness: texture(surface, "metallic-roughness"),
        emission: texture(emission, "emission"),
    })
}

/// Hands out the rows of an image, one after the other.
struct Rows<'a, T> {
    rest: &'a mut [T],
    length: usize,
}

impl<'a, T> Rows<'a, T> {
    fn new(rest: &'a mut [T], length: usize) -> Self {
        Self { rest, length }
    }

    fn next(&mut self) -> &'a mut [T] {
        let rest = std::mem::take(&mut self.rest);
        let (row, rest) = rest.split_at_mut(self.length.min(rest.len()));
        self.rest = rest;
        row
    }
}

/// The normals of a surface of these heights, in sides of the tile: by central differences, the last texel beside the first.
///
/// The surface `z = h(x, y)` has the normal `(-dh/dx, -dh/dy, 1)`; y runs up, rows run down.
fn normals(heights: &[f64], side: usize) -> Vec<[u8; 4]> {
    // Two texels apart.
    let slope = side as f64 / 2.0;
    let mut pixels = vec![[0; 4]; heights.len()];
    pixels.par_chunks_mut(side.max(1)).enumerate().for_each(|(y, row)| {
        let at = |x: usize, y: usize| heights[(y % side) * side + x % side];
        for (x, pixel) in row.iter_mut().enumerate() {
            let dx = (at(x + 1, y) - at(x + side - 1, y)) * slope;
            let dy = (at(x, y + side - 1) - at(x, y + 1)) * slope;
            let length = (dx * dx + dy * dy + 1.0).sqrt();
            let [r, g, b] = [-dx / length, -dy / length, 1.0 / length].map(|c| byte(0.5 + 0.5 * c));
            *pixel = [r, g, b, 255];
        }
    });
    pixels
}

/// A share in 255ths.
fn byte(share: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let byte = (share.clamp(0.0, 1.0) * 255.0).round() as u8;
    byte
}

/// The sRGB byte nearest to a linear value: the number of half-way marks below it.
fn srgb(linear: f64) -> u8 {
    static MARKS: LazyLock<Vec<f64>> =
        LazyLock::new(|| (0..255_u8).map(|k| linear_from_srgb((f64::from(k) + 0.5) / 255.0)).collect());
    u8::try_from(MARKS.partition_point(|mark| *mark < linear)).unwrap_or(u8::MAX)
}
