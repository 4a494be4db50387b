//! What a camera sees of a scene, estimated without a renderer: for each instance how much of it, how much of the whole of it, and
//! the boxes of both.
//!
//! Triangles go through a z-buffer of at most [`LONGEST`] cells along the longer side of the image, so one look takes about a
//! millisecond. Boxes do not suffer from that: where nothing hides a thing, its box is that of its projected vertices, cut at the edges
//! of the image, and only a side that something hides is as coarse as the cells. What is left out: alpha (a cut-out leaf counts
//! whole), and of meshes of more than [`MOST_TRIANGLES`] triangles the details (their vertices are joined in a grid).
//!
//! Through a lens that bends straight lines, triangles are drawn in pieces of at most [`PIECE`] radians, and what is nearer is told by
//! range.
//!
//! Every number here decides scenes, so that it is the same on every platform: no function of the platform's library is called.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::Arc;

use glam::{DAffine3, DVec2, DVec3};

use super::{Camera, Instance, Lens, Scene, SurfaceLabels};
use crate::assets::Library;
use crate::assets::cache::Cache;
use crate::mesh::{Mesh, shapes};

/// Cells along the longer side of the image.
pub const LONGEST: u32 = 192;
/// Meshes with more triangles are drawn with fewer.
pub const MOST_TRIANGLES: usize = 6000;
/// Cells along the longest side of a mesh whose vertices are joined.
const JOINED: f64 = 32.0;
/// Pieces of triangles, radians: over such an angle a lens bends a line by a few thousandths of it.
pub const PIECE: f64 = 0.1;
/// A triangle is halved no more often, one half after the other.
const MOST_HALVINGS: u32 = 24;
/// Directions in which the farthest vertices of such a mesh are kept, for its box.
const DIRECTIONS: u32 = 192;
/// Room for simplified meshes, bytes.
const ROOM: usize = 64 << 20;

/// What one camera sees of one instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Position in the scene's instances.
    pub instance: usize,
    /// Number of the camera.
    pub camera: usize,
    /// Pixels within the image that it would cover if nothing hid it.
    pub whole: f64,
    /// Pixels in which it is seen.
    pub visible: f64,
    /// Box of the whole of it, hidden or not, within the image or beside it: left, top, right, bottom, continuous pixels. `None`
    /// where a part of it is nearer than the camera sees, or behind.
    pub outline: Option<[f64; 4]>,
    /// Box of what is seen, as annotations have it: left, top, width, height, whole pixels. All 0 where nothing is seen.
    pub bbox: [f64; 4],
}

impl Seen {
    /// Pixels in which it is seen over those that it covers within the image, as annotations have it; 0 where it covers none.
    pub fn visibility(&self) -> f64 {
        if self.whole > 0.0 { (self.visible / self.whole).min(1.0) } else { 0.0 }
    }

    /// Whether anything of it is seen.
    pub fn is_seen(&self) -> bool {
        self.visible > 0.0
    }
}

/// Triangles of one part of a shape, few of them.
#[derive(Debug)]
struct Outline {
    /// In the frame of the mesh.
    points: Vec<DVec3>,
    triangles: Vec<[u32; 3]>,
    /// More points that its box has to hold.
    extremes: Vec<DVec3>,
}

/// Looks at scenes, and remembers simplified meshes. Nothing that it remembers changes what it says.
#[derive(Debug)]
pub struct Sight {
    meshes: Cache<Outline>,
}

impl Default for Sight {
    fn default() -> Self {
        Self { meshes: Cache::new(ROOM) }
    }
}

impl Sight {
    /// What each camera sees of each instance of the scene: one after the other by camera, then by instance.
    pub fn look(&self, scene: &Scene, library: &Library) -> Vec<Seen> {
        let mut local = BTreeMap::new();
        (0..scene.cameras.len()).flat_map(|camera| self.look_from(scene, library, camera, &mut local)).collect()
    }

    fn look_from(
        &self,
        scene: &Scene,
        library: &Library,
        number: usize,
        local: &mut BTreeMap<String, Arc<Outline>>,
    ) -> Vec<Seen> {
        let camera = &scene.cameras[number];
        let mut raster = Raster::new(camera, (scene.image.width, scene.image.height));
        let mut shadows = Vec::with_capacity(scene.instances.len());
        for (position, instance) in scene.instances.iter().enumerate() {
            raster.begin(position);
            let world = instance.world_from_instance();
            for part in parts(instance, library) {
                let outline = local.entry(part.key.clone()).or_insert_with(|| self.outline(&part.key, &part.mesh));
                let camera_from_part = camera.world_from_camera().inverse() * world * DAffine3::from_scale(part.size);
                raster.draw(outline, &camera_from_part, part.double_sided);
            }
            shadows.push(raster.end());
        }
        let counted = raster.count(scene.instances.len());
        let seen = shadows.iter().zip(&counted).enumerate();
        seen.map(|(instance, (shadow, cells))| raster.seen(instance, number, shadow, cells)).collect()
    }

    fn outline(&self, key: &str, mesh: &dyn Fn() -> Arc<Mesh>) -> Arc<Outline> {
        let make = || {
            let outline = Outline::of(&mesh());
            let bytes = (outline.points.len() + outline.extremes.len()) * 24 + outline.triangles.len() * 12;
            Ok::<_, std::convert::Infallible>((outline, bytes))
        };
        match self.meshes.get_or_make(key, make) {
            Ok(outline) => outline,
            Err(never) => match never {},
        }
    }
}

/// A mesh that is to be drawn.
struct PartMesh {
    /// Equal keys, equal meshes.
    key: String,
    mesh: Box<dyn Fn() -> Arc<Mesh>>,
    /// Brings the mesh to the size of the shape.
    size: DVec3,
    double_sided: bool,
}

/// The parts of an instance that labels do not see through.
fn parts(instance: &Instance, library: &Library) -> Vec<PartMesh> {
    let own = instance.material.as_ref();
    if own.is_some_and(|material| material.labels == SurfaceLabels::SeeThrough) {
        return Vec::new();
    }
    if let Some((key, size)) = shapes::key_and_scale(&instance.shape) {
        let double_sided = own.is_some_and(|material| material.double_sided);
        let mesh = Box::new(move || Arc::new(shapes::surface(&key)));
        return vec![PartMesh { key: format!("{key:?}"), mesh, size, double_sided }];
    }
    let Some(model) = library.geometry(&instance.shape) else { return Vec::new() };
    let solid = model.parts.iter().enumerate().filter(|(_, part)| own.is_some() || !part.is_seen_through(instance));
    solid
        .map(|(number, part)| {
            let mesh = part.mesh.clone();
            PartMesh {
                key: format!("{:?} {number}", instance.shape),
                mesh: Box::new(move || mesh.clone()),
                size: DVec3::ONE,
                double_sided: own.map_or(part.material.double_sided, |material| material.double_sided),
            }
        })
        .collect()
}

impl Outline {
    fn of(mesh: &Mesh) -> Self {
        let points: Vec<DVec3> =
            mesh.positions.iter().map(|&[x, y, z]| DVec3::new(f64::from(x), f64::from(y), f64::from(z))).collect();
        let triangles: Vec<[u32; 3]> = mesh.indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]]).collect();
        if triangles.len() <= MOST_TRIANGLES {
            return Self { points, triangles, extremes: Vec::new() };
        }
        let extremes = extremes(&points);
        let (points, triangles) = joined(&points, &triangles);
        Self { points, triangles, extremes }
    }
}

/// The farthest point in each of many directions, evenly spread (a Fibonacci spiral).
fn extremes(points: &[DVec3]) -> Vec<DVec3> {
    const GOLDEN_ANGLE: f64 = 2.399_963_229_728_653;
    let farthest = |k: u32| {
        let y = 1.0 - (2.0 * f64::from(k) + 1.0) / f64::from(DIRECTIONS);
        let r = (1.0 - y * y).max(0.0).sqrt();
        let (sin, cos) = libm::sincos(f64::from(k) * GOLDEN_ANGLE % (2.0 * PI));
        let direction = DVec3::new(r * sin, y, r * cos);
        points.iter().copied().max_by(|a, b| a.dot(direction).total_cmp(&b.dot(direction)))
    };
    (0..DIRECTIONS).filter_map(farthest).collect()
}

/// All vertices in one cell of a grid become the first of them; triangles that collapse are left out. Rossignac and Borrel,
/// "Multi-resolution 3D approximations for rendering complex scenes" (1993).
fn joined(points: &[DVec3], triangles: &[[u32; 3]]) -> (Vec<DVec3>, Vec<[u32; 3]>) {
    let (low, high) =
        points.iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(low, high), &p| (low.min(p), high.max(p)));
    let cell = ((high - low).max_element() / JOINED).max(f64::MIN_POSITIVE);
    let mut cells: BTreeMap<[i64; 3], u32> = BTreeMap::new();
    let mut kept = Vec::new();
    let new: Vec<u32> = points
        .iter()
        .map(|&point| {
            #[expect(clippy::cast_possible_truncation, reason = "from 0 to the number of cells")]
            let place = ((point - low) / cell).to_array().map(|x| x.floor() as i64);
            *cells.entry(place).or_insert_with(|| {
                kept.push(point);
                u32::try_from(kept.len() - 1).unwrap_or(0) // fewer than vertices, whose numbers fit
            })
        })
        .collect();
    let mut all: Vec<[u32; 3]> = triangles
        .iter()
        .map(|corners| corners.map(|k| new[k as usize]))
        .filter(|[a, b, c]| a != b && b != c && a != c)
        .collect();
    all.sort_unstable();
    all.dedup();
    (kept, all)
}

/// What is known of an instance while the others are drawn.
struct Shadow {
    /// Cells that it covers.
    cells: u32,
    /// The box of those cells: first and last column and row; `None` of none.
    extent: Option<[u32; 4]>,
    /// Low and high corner of the projection of what is beyond the near plane, pixels.
    low: DVec2,
    high: DVec2,
    /// Whether nothing of it is nearer than the near plane.
    in_front: bool,
    /// Whether one of its triangles faces the camera.
    faces: bool,
    /// Least depth, or range where the lens bends lines.
    nearest: f64,
}

/// The cells in which an instance is seen.
#[derive(Clone, Default)]
struct Cells {
    count: u32,
    /// First and last column and row.
    extent: Option<[u32; 4]>,
}

impl Cells {
    fn add(&mut self, x: u32, y: u32) {
        self.count += 1;
        self.extent = Some(match self.extent {
            None => [x, y, x, y],
            Some([left, top, right, bottom]) => [left.min(x), top.min(y), right.max(x), bottom.max(y)],
        });
    }
}

struct Raster<'a> {
    camera: &'a Camera,
    /// Where it bends straight lines.
    bent: Option<Lens>,
    /// Whether it shows anything 90 degrees off its axis or more.
    sideways: bool,
    /// Of the image, pixels.
    size: DVec2,
    columns: u32,
    rows: u32,
    /// Pixels per cell.
    cell: DVec2,
    depth: Vec<f64>,
    /// Which instance is nearest: its position + 1.
    owner: Vec<u32>,
    /// Which instance covered a cell last: its position + 1.
    stamp: Vec<u32>,
    current: u32,
    covered: Cells,
    low: DVec2,
    high: DVec2,
    in_front: bool,
    faces: bool,
    nearest: f64,
    /// Corners in the camera's frame, for one mesh at a time.
    scratch: Vec<DVec3>,
}

impl<'a> Raster<'a> {
    fn new(camera: &'a Camera, (width, height): (u32, u32)) -> Self {
        let step = width.max(height).div_ceil(LONGEST).max(1);
        let (columns, rows) = (width.div_ceil(step).max(1), height.div_ceil(step).max(1));
        let cells = columns as usize * rows as usize;
        let size = DVec2::new(f64::from(width), f64::from(height));
        let lens = camera.lens();
        Self {
            camera,
            bent: (!lens.is_pinhole()).then_some(lens),
            sideways: lens.sees_sideways(width, height),
            size,
            columns,
            rows,
            cell: size / DVec2::new(f64::from(columns), f64::from(rows)),
            depth: vec![f64::INFINITY; cells],
            owner: vec![0; cells],
            stamp: vec![0; cells],
            current: 0,
            covered: Cells::default(),
            low: DVec2::INFINITY,
            high: DVec2::NEG_INFINITY,
            in_front: true,
            faces: false,
            nearest: f64::INFINITY,
            scratch: Vec::new(),
        }
    }

    fn begin(&mut self, position: usize) {
        self.current = u32::try_from(position + 1).unwrap_or(u32::MAX);
        self.covered = Cells::default();
        (self.low, self.high) = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        (self.in_front, self.faces, self.nearest) = (true, false, f64::INFINITY);
    }

    fn end(&mut self) -> Shadow {
        Shadow {
            cells: self.covered.count,
            extent: self.covered.extent,
            low: self.low,
            high: self.high,
            in_front: self.in_front,
            faces: self.faces,
            nearest: self.nearest,
        }
    }

    /// Where a point in front of the camera is, pixels.
    fn project(&self, point: DVec3) -> DVec2 {
        let camera = self.camera;
        let depth = -point.z;
        DVec2::new(camera.cx + camera.fx * point.x / depth, camera.cy - camera.fy * point.y / depth)
    }

    fn draw(&mut self, outline: &Outline, camera_from_part: &DAffine3, double_sided: bool) {
        if let Some(lens) = self.bent {
            self.draw_bent(&lens, outline, camera_from_part, double_sided);
            return;
        }
        let near = self.camera.near;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend(outline.points.iter().map(|&point| camera_from_part.transform_point3(point)));
        for point in outline.extremes.iter().map(|&point| camera_from_part.transform_point3(point)) {
            if -point.z >= near {
                self.hold(point);
            } else {
                self.in_front = false;
            }
        }
        let mirrored = camera_from_part.matrix3.determinant() < 0.0;
        for corners in &outline.triangles {
            let corners = corners.map(|k| scratch[k as usize]);
            if corners.iter().any(|corner| -corner.z < near) {
                self.in_front = false;
                self.draw_clipped(corners, mirrored, double_sided);
            } else {
                corners.iter().for_each(|&corner| self.hold(corner));
                self.draw_triangle(corners, mirrored, double_sided);
            }
        }
        self.scratch = scratch;
    }

    /// As [`Self::draw`], through a lens that bends lines.
    fn draw_bent(&mut self, lens: &Lens, outline: &Outline, camera_from_part: &DAffine3, double_sided: bool) {
        // In OpenCV's frame from here on.
        let seen = |point: DVec3| {
            let p = camera_from_part.transform_point3(point);
            DVec3::new(p.x, -p.y, -p.z)
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend(outline.points.iter().map(|&point| seen(point)));
        for point in outline.extremes.iter().map(|&point| seen(point)) {
            match lens.pixel(point).filter(|_| !self.is_too_near(point)) {
                Some(pixel) => self.hold_at(pixel, point.length()),
                None => self.in_front = false,
            }
        }
        let mirrored = camera_from_part.matrix3.determinant() < 0.0;
        let mut open: Vec<([DVec3; 3], u32)> = Vec::new();
        for corners in &outline.triangles {
            open.push((corners.map(|k| scratch[k as usize]), 0));
            while let Some((corners, halvings)) = open.pop() {
                let directions = corners.map(|corner| corner.normalize_or_zero());
                let side = |k: usize| directions[k].distance_squared(directions[(k + 1) % 3]);
                let longest = (0..3).fold(0, |best, k| if side(k) > side(best) { k } else { best });
                if side(longest) > PIECE * PIECE && halvings < MOST_HALVINGS {
                    let [a, b, c] = [0, 1, 2].map(|k| corners[(longest + k) % 3]);
                    let middle = (a + b) / 2.0;
                    open.extend([([a, middle, c], halvings + 1), ([middle, b, c], halvings + 1)]);
                    continue;
                }
                self.draw_piece(lens, corners, mirrored, double_sided);
            }
        }
        self.scratch = scratch;
    }

    fn is_too_near(&self, point: DVec3) -> bool {
        (if self.sideways { point.length() } else { point.z }) < self.camera.near
    }

    /// A triangle that is small as the camera sees it.
    fn draw_piece(&mut self, lens: &Lens, corners: [DVec3; 3], mirrored: bool, double_sided: bool) {
        let pixels = corners.map(|corner| lens.pixel(corner).filter(|_| !self.is_too_near(corner)));
        let [Some(a), Some(b), Some(c)] = pixels else {
            self.in_front = false;
            return;
        };
        // What goes over the back of a panorama is at both of its edges, and has no box.
        if (a.max(b).max(c) - a.min(b).min(c)).x > self.size.x / 2.0 && lens.reach() > 3.0 {
            self.in_front = false;
            return;
        }
        let ranges = corners.map(|corner| corner.length());
        [a, b, c].into_iter().zip(ranges).for_each(|(pixel, range)| self.hold_at(pixel, range));
        self.fill([a, b, c].map(|pixel| pixel / self.cell), ranges.map(|range| 1.0 / range), mirrored, double_sided);
    }

    fn hold_at(&mut self, pixel: DVec2, far: f64) {
        (self.low, self.high) = (self.low.min(pixel), self.high.max(pixel));
        self.nearest = self.nearest.min(far);
    }

    /// Makes the box of the current instance hold a point.
    fn hold(&mut self, point: DVec3) {
        self.hold_at(self.project(point), -point.z);
    }

    /// The part of a triangle that is beyond the near plane: a triangle, or two.
    fn draw_clipped(&mut self, corners: [DVec3; 3], mirrored: bool, double_sided: bool) {
        let beyond = |point: DVec3| -point.z - self.camera.near;
        let mut kept: Vec<DVec3> = Vec::with_capacity(4);
        for k in 0..3 {
            let (p, q) = (corners[k], corners[(k + 1) % 3]);
            let (a, b) = (beyond(p), beyond(q));
            if a >= 0.0 {
                kept.push(p);
            }
            if (a < 0.0) != (b < 0.0) {
                kept.push(p.lerp(q, a / (a - b)));
            }
        }
        kept.iter().for_each(|&point| self.hold(point));
        for k in 2..kept.len() {
            self.draw_triangle([kept[0], kept[k - 1], kept[k]], mirrored, double_sided);
        }
    }

    fn draw_triangle(&mut self, corners: [DVec3; 3], mirrored: bool, double_sided: bool) {
        // 1 / depth is linear in the picture.
        let inverse = corners.map(|corner| -1.0 / corner.z);
        self.fill(corners.map(|corner| self.project(corner) / self.cell), inverse, mirrored, double_sided);
    }

    /// A triangle of the picture, in cells, with the inverse of how far its corners are.
    fn fill(&mut self, [a, b, c]: [DVec2; 3], inverse: [f64; 3], mirrored: bool, double_sided: bool) {
        // y grows downwards, so that counter-clockwise is negative here.
        let area = (b - a).perp_dot(c - a);
        if !area.is_finite() || area == 0.0 || (!double_sided && (area < 0.0) == mirrored) {
            return;
        }
        self.faces = true;
        let (low, high) = (a.min(b).min(c), a.max(b).max(c));
        // The cells whose centres lie within the box.
        let range = |low: f64, high: f64, count: u32| {
            let last = f64::from(count) - 1.0;
            let (first, last) = ((low - 0.5).ceil().max(0.0), (high - 0.5).floor().min(last));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the raster")]
            (first <= last).then_some(first as u32..=last as u32)
        };
        let (Some(xs), Some(ys)) = (range(low.x, high.x, self.columns), range(low.y, high.y, self.rows)) else {
            return;
        };
        for y in ys {
            for x in xs.clone() {
                let at = DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
                let weights = [(c - b).perp_dot(at - b), (a - c).perp_dot(at - c), (b - a).perp_dot(at - a)];
                if weights.iter().any(|&w| if area > 0.0 { w < 0.0 } else { w > 0.0 }) {
                    continue;
                }
                let depth = area / (weights[0] * inverse[0] + weights[1] * inverse[1] + weights[2] * inverse[2]);
                let cell = y as usize * self.columns as usize + x as usize;
                if self.stamp[cell] != self.current {
                    self.stamp[cell] = self.current;
                    self.covered.add(x, y);
                }
                if depth < self.depth[cell] {
                    self.depth[cell] = depth;
                    self.owner[cell] = self.current;
                }
            }
        }
    }

    /// In which cells each instance is seen.
    fn count(&self, instances: usize) -> Vec<Cells> {
        let mut counted = vec![Cells::default(); instances];
        let cells = (0..self.rows).flat_map(|y| (0..self.columns).map(move |x| (x, y)));
        for ((x, y), &owner) in cells.zip(&self.owner) {
            if let Some(cells) = (owner as usize).checked_sub(1).and_then(|position| counted.get_mut(position)) {
                cells.add(x, y);
            }
        }
        counted
    }

    fn seen(&self, instance: usize, camera: usize, shadow: &Shadow, cells: &Cells) -> Seen {
        let whole_box = [shadow.low.x, shadow.low.y, shadow.high.x, shadow.high.y];
        let outline = (shadow.in_front && shadow.low.is_finite()).then_some(whole_box);
        let mut seen = Seen { instance, camera, whole: 0.0, visible: 0.0, outline, bbox: [0.0; 4] };
        // As pixels have it: those whose centres are within, in the image.
        let [left, top] = [shadow.low.x, shadow.low.y].map(|low| (low - 0.5).ceil().max(0.0));
        let right = (shadow.high.x + 0.5).floor().min(self.size.x);
        let bottom = (shadow.high.y + 0.5).floor().min(self.size.y);
        if !(left < right && top < bottom) {
            return seen;
        }
        let per_cell = self.cell.x * self.cell.y;
        if shadow.cells == 0 {
            let is_thin = (shadow.high - shadow.low).cmplt(2.0 * self.cell).any();
            if !(shadow.faces && is_thin) {
                return seen;
            }
            // Between the centres of cells: about half of its box, seen where nothing nearer is in its middle.
            let middle = (shadow.low.max(DVec2::ZERO) + shadow.high.min(self.size)) / 2.0 / self.cell;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` stops at 0")]
            let (x, y) = ((middle.x as u32).min(self.columns - 1), (middle.y as u32).min(self.rows - 1));
            seen.whole = (right - left) * (bottom - top) / 2.0;
            if shadow.nearest < self.depth[y as usize * self.columns as usize + x as usize] {
                seen.visible = seen.whole;
                seen.bbox = [left, top, right - left, bottom - top];
            }
            return seen;
        }
        seen.whole = f64::from(shadow.cells) * per_cell;
        seen.visible = f64::from(cells.count) * per_cell;
        if let (Some(visible), Some(whole)) = (cells.extent, shadow.extent) {
            // A side of the box that is not hidden is known exactly.
            let low = |k: usize, exact: f64, cell: f64| {
                if visible[k] == whole[k] { exact } else { (f64::from(visible[k]) * cell).round().max(exact) }
            };
            let high = |k: usize, exact: f64, cell: f64| {
                if visible[k] == whole[k] { exact } else { ((f64::from(visible[k]) + 1.0) * cell).round().min(exact) }
            };
            let (x, y) = (low(0, left, self.cell.x), low(1, top, self.cell.y));
            let (far_x, far_y) = (high(2, right, self.cell.x), high(3, bottom, self.cell.y));
            seen.bbox = [x, y, (far_x - x).max(1.0), (far_y - y).max(1.0)];
        }
        seen
    }
}
