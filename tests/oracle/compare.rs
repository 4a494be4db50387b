//! Whether a renderer's frame says what the ray caster says.

use glam::DVec3;
use scenewright::frame::{AmodalMask, Frame};
use scenewright::image::Image;

/// How well an image has to agree, pixel by pixel.
struct Plane {
    name: &'static str,
    /// How much a component may differ, besides what [`MOVED`] explains.
    absolute: f64,
    /// And how much more, as a share of the true value.
    relative: f64,
    /// A greater difference between neighbours is an edge: of a facet, of a texel, where a texture begins anew.
    step: f64,
}

const NEVER: f64 = f64::INFINITY;

/// Every image of a frame but colour. Textures are read with weights of 8 bits, so by 1/256 of the step between two texels
/// wrong.
const PLANES: [Plane; 12] = [
    Plane { name: "surfaces", absolute: 0.0, relative: 0.0, step: 0.0 },
    Plane { name: "ids", absolute: 0.0, relative: 0.0, step: 0.0 },
    Plane { name: "depth", absolute: 0.0, relative: 1e-4, step: NEVER },
    Plane { name: "range", absolute: 0.0, relative: 1e-4, step: NEVER },
    Plane { name: FACETS, absolute: 5e-3, relative: 0.0, step: 1e-2 },
    Plane { name: "shaded_normals", absolute: 8e-3, relative: 0.0, step: 0.3 },
    Plane { name: "uv", absolute: 1e-4, relative: 0.0, step: 0.3 },
    Plane { name: "coordinates", absolute: 2e-5, relative: 2e-5, step: NEVER },
    Plane { name: "albedo", absolute: 6e-3, relative: 0.0, step: 0.3 },
    Plane { name: "roughness", absolute: 6e-3, relative: 0.0, step: 0.3 },
    Plane { name: "metallic", absolute: 6e-3, relative: 0.0, step: 0.3 },
    Plane { name: "emission", absolute: 1e-3, relative: 6e-3, step: NEVER },
];

/// The plane in which every facet has its own value: where facets are small, it is all edges.
const FACETS: &str = "geometric_normals";

/// By how much of a pixel a surface may be off: rasterisers move corners to multiples of 1/256 of a pixel, and compute what is
/// between them from there.
const MOVED: f64 = 1.0 / 64.0;

/// The plane's image, with numbers as vectors; `None` where the frame does not have it.
fn values(frame: &Frame, name: &str) -> Option<Image<DVec3>> {
    fn image<T: Copy>(image: &Image<T>, vector: impl Fn(T) -> DVec3) -> Image<DVec3> {
        let pixels = image.pixels().iter().map(|&pixel| vector(pixel)).collect();
        Image::new(image.width(), image.height(), pixels).unwrap()
    }
    let integers = |of: &Image<u32>| image(of, |v| DVec3::X * f64::from(v));
    let numbers = |of: &Image<f32>| image(of, |v| DVec3::new(v.into(), 0.0, 0.0));
    let pairs = |of: &Image<[f32; 2]>| image(of, |[x, y]| DVec3::new(x.into(), y.into(), 0.0));
    let vectors = |of: &Image<[f32; 3]>| image(of, |v| DVec3::from(v.map(f64::from)));
    match name {
        "surfaces" => Some(integers(&frame.surfaces)),
        "ids" => Some(integers(&frame.ids)),
        "depth" => Some(numbers(&frame.depth)),
        "range" => Some(numbers(&frame.range)),
        "geometric_normals" => frame.geometric_normals.as_ref().map(vectors),
        "shaded_normals" => frame.shaded_normals.as_ref().map(vectors),
        "uv" => frame.uv.as_ref().map(pairs),
        "coordinates" => frame.coordinates.as_ref().map(vectors),
        "albedo" => frame.albedo.as_ref().map(vectors),
        "roughness" => frame.roughness.as_ref().map(numbers),
        "metallic" => frame.metallic.as_ref().map(numbers),
        "emission" => frame.emission.as_ref().map(vectors),
        _ => unreachable!("no plane is called {name}"),
    }
}

/// What the comparison of one frame with the truth found.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) pixels: usize,
    /// Pixels next to which the ray caster sees another surface, or a step in depth.
    pub(crate) silhouette: usize,
    /// Planes that the frame does not have.
    pub(crate) missing: Vec<&'static str>,
    /// The others.
    pub(crate) planes: Vec<PlaneFound>,
    /// Instances of which either has an amodal mask; none where the frame has no masks at all, and says so in `missing`.
    pub(crate) amodal: Vec<AmodalFound>,
    /// What makes the frames incomparable: another size, other owners.
    pub(crate) other: Vec<String>,
}

/// One plane of a comparison.
#[derive(Debug)]
pub(crate) struct PlaneFound {
    pub(crate) name: &'static str,
    /// Pixels that show something, but neither a silhouette nor an edge within a surface.
    pub(crate) plain: usize,
    /// Those of them whose value is not the right one, but lies among those of the pixels around: the rim of a sliver.
    pub(crate) slipped: usize,
    /// Those of them that are wrong, and pixels that should show nothing and do show something.
    pub(crate) differ: usize,
    /// Silhouettes and edges, and those of them beyond tolerance.
    pub(crate) edges: usize,
    pub(crate) edges_differ: usize,
    /// Where the first pixel of `differ` is, what is there and what should be.
    pub(crate) first: Option<(u32, u32, DVec3, DVec3)>,
}

/// The amodal masks of one instance.
#[derive(Debug)]
pub(crate) struct AmodalFound {
    pub(crate) id: u32,
    /// Pixels at the mask's rim: what may fall one way or the other.
    pub(crate) rim: u64,
    /// By how much the areas on the canvas differ.
    pub(crate) area: u64,
    /// Pixels within the frame that are in one mask only.
    pub(crate) inside: u64,
    /// By how much the farthest edges of the boxes differ, pixels.
    pub(crate) bbox: i32,
}

/// How many pixels of a rim may fall the other way: rasterisers move corners to multiples of 1/256 of a pixel, which is one
/// silhouette pixel in a hundred or two.
fn few(of: u64) -> u64 {
    2 + of / 50
}

impl Comparison {
    /// What the two disagree about, beyond what rounding explains; `None` where they agree.
    pub(crate) fn disagreement(&self) -> Option<String> {
        let mut said = self.other.clone();
        for plane in &self.planes {
            let slips = plane.slipped as u64 > few(plane.plain as u64 / 20);
            if plane.differ > 0 || slips || plane.edges_differ as u64 > few(plane.edges as u64) {
                said.push(format!("{plane:?}"));
            }
        }
        for mask in &self.amodal {
            if mask.area > few(mask.rim) || mask.inside > few(mask.rim) || mask.bbox > 1 {
                said.push(format!("amodal mask of id {}: {mask:?}", mask.id));
            }
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// Compares a frame with the ray caster's, in everything that it has but colour.
pub(crate) fn compare(truth: &Frame, frame: &Frame) -> Comparison {
    let size = |frame: &Frame| (frame.surfaces.width(), frame.surfaces.height());
    let (width, height) = size(truth);
    let mut found = Comparison {
        pixels: truth.surfaces.pixels().len(),
        silhouette: 0,
        missing: Vec::new(),
        planes: Vec::new(),
        amodal: Vec::new(),
        other: Vec::new(),
    };
    if size(frame) != (width, height) {
        found.other.push(format!("{:?} pixels, not {:?}", size(frame), size(truth)));
        return found;
    }
    if frame.owners != truth.owners {
        found.other.push(format!("owners {:?}, not {:?}", frame.owners, truth.owners));
    }
    let silhouettes = silhouettes(truth);
    found.silhouette = silhouettes.pixels().iter().filter(|&&is| is).count();
    for plane in &PLANES {
        match (values(truth, plane.name), values(frame, plane.name)) {
            (Some(expected), Some(actual)) => {
                found.planes.push(compare_plane(plane, truth, &silhouettes, &expected, &actual));
            }
            _ => found.missing.push(plane.name),
        }
    }
    match (&truth.amodal, &frame.amodal) {
        (Some(expected), Some(actual)) => found.amodal = compare_masks((width, height), expected, actual),
        _ => found.missing.push("amodal"),
    }
    found
}

/// A pixel and those around it, as far as there are any.
fn around(x: u32, y: u32) -> impl Iterator<Item = (u32, u32)> {
    (y.saturating_sub(1)..=y + 1).flat_map(move |y| (x.saturating_sub(1)..=x + 1).map(move |x| (x, y)))
}

/// Pixels next to which there is another surface, or a step in depth.
fn silhouettes(truth: &Frame) -> Image<bool> {
    let (width, height) = (truth.surfaces.width(), truth.surfaces.height());
    let is_one = |x: u32, y: u32| {
        let here = truth.surfaces.get(x, y);
        if around(x, y).filter_map(|(x, y)| truth.surfaces.get(x, y)).any(|there| Some(there) != here) {
            return true;
        }
        // A surface may hide itself: a mug's handle before its body. On a plane, however steep, the inverse of depth is even:
        // to either side of a pixel it changes by the same.
        let inverse = |dx: i32, dy: i32| {
            let (x, y) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
            Some(1.0 / f64::from(*truth.depth.get(x, y)?))
        };
        let center = inverse(0, 0).unwrap_or(0.0);
        [(1, 0), (0, 1), (1, 1), (1, -1)].into_iter().any(|(dx, dy)| match (inverse(dx, dy), inverse(-dx, -dy)) {
            (Some(one), Some(other)) => (one + other - 2.0 * center).abs() > 0.01 * center,
            // At the frame's edge, steep is as good as a step.
            (Some(one), None) | (None, Some(one)) => (one - center).abs() > 0.03 * center,
            (None, None) => false,
        })
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| is_one(x, y)).collect();
    Image::new(width, height, pixels).unwrap()
}

fn compare_plane(
    plane: &Plane,
    truth: &Frame,
    silhouettes: &Image<bool>,
    expected: &Image<DVec3>,
    actual: &Image<DVec3>,
) -> PlaneFound {
    let mut found =
        PlaneFound { name: plane.name, plain: 0, slipped: 0, differ: 0, edges: 0, edges_differ: 0, first: None };
    for (x, y) in (0..expected.height()).flat_map(|y| (0..expected.width()).map(move |x| (x, y))) {
        let surface = truth.surfaces.get(x, y);
        let (should, is) = (*expected.get(x, y).unwrap(), *actual.get(x, y).unwrap());
        // What the surface's values are here and in the next pixels.
        let neighbours = around(x, y).filter(|&(x, y)| truth.surfaces.get(x, y) == surface);
        let values = neighbours.filter_map(|(x, y)| expected.get(x, y));
        let (low, high) = values.fold((should, should), |(low, high), &there| (low.min(there), high.max(there)));
        let step = if low == high { 0.0 } else { (high - should).max(should - low).max_element() };

        let tolerance = plane.absolute + plane.relative * should.length();
        // Nothing is nothing exactly, and infinitely far.
        let nothing = surface == Some(&0);
        let same = is == should || (!nothing && (is - should).abs().max_element() <= tolerance + step * MOVED);
        let among = !nothing && is.cmpge(low - tolerance).all() && is.cmple(high + tolerance).all();
        // (`max_element` may ignore what is not a number.)
        let (same, among) = (same && !is.is_nan(), among && !is.is_nan());
        if silhouettes.get(x, y) == Some(&true) || step > plane.step {
            found.edges += 1;
            found.edges_differ += usize::from(!(same || (plane.name == FACETS && among)));
            continue;
        }
        found.plain += usize::from(!nothing);
        if same {
        } else if among {
            found.slipped += 1;
        } else {
            found.differ += 1;
            found.first.get_or_insert((x, y, is, should));
        }
    }
    found
}

fn compare_masks((width, height): (u32, u32), expected: &[AmodalMask], actual: &[AmodalMask]) -> Vec<AmodalFound> {
    let mut ids: Vec<u32> = expected.iter().chain(actual).map(|mask| mask.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let pixels = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    ids.into_iter()
        .map(|id| {
            let of = |masks: &[AmodalMask]| masks.iter().find(|mask| mask.id == id).cloned();
            match (of(expected), of(actual)) {
                (Some(expected), Some(actual)) => {
                    let in_mask = |x: u32, y: u32| expected.inside.contains(x, y);
                    let rim =
                        pixels().filter(|&(x, y)| in_mask(x, y) && !around(x, y).all(|(x, y)| in_mask(x, y))).count();
                    // The truth's mask outside of the frame is not known, but its rim is not shorter than its box's.
                    let [_, _, w, h] = expected.bbox;
                    let edges = |[x, y, w, h]: [i32; 4]| [x, y, x + w, y + h];
                    let apart =
                        edges(expected.bbox).into_iter().zip(edges(actual.bbox)).map(|(a, b)| (a - b).abs()).max();
                    AmodalFound {
                        id,
                        rim: (rim as u64).max(2 * (w + h) as u64),
                        area: expected.area.abs_diff(actual.area),
                        inside: pixels().filter(|&(x, y)| in_mask(x, y) != actual.inside.contains(x, y)).count() as u64,
                        bbox: apart.unwrap_or(0),
                    }
                }
                // A pixel or two may be all that is seen of it, or nothing.
                (one, other) => {
                    let area = one.or(other).map_or(0, |mask| mask.area);
                    AmodalFound { id, rim: 0, area, inside: 0, bbox: 0 }
                }
            }
        })
        .collect()
}
