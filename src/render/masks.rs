//! Amodal masks: which rectangle of the canvas each instance may cover, and how the rectangles of many instances share one
//! buffer.
//!
//! A mask has one bit per pixel of its own rectangle: twenty mugs take some ten kilobytes, where a bit per instance for every
//! pixel of the canvas would take megabytes. Where the rectangles do not fit into one buffer, they are cut into strips of
//! columns and drawn in several batches; each pixel of each instance is in exactly one strip, so the result is the same.

use bevy::math::{Affine3A, DVec2, DVec3};
use std::collections::{BTreeMap, BTreeSet};

use super::warp::Warp;
use crate::frame::{AmodalMask, BitMask};
use crate::scene::Camera;

/// Part of the canvas, which is three frames wide and high with the frame in its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    column: i32,
    row: i32,
}

impl Tile {
    pub(super) const FRAME: Self = Self { column: 0, row: 0 };
    pub(super) const FRAME_ALONE: [Self; 1] = [Self::FRAME];
    /// The frame first.
    pub(super) const ALL: [Self; 9] = [
        Self::FRAME,
        Self { column: -1, row: -1 },
        Self { column: 0, row: -1 },
        Self { column: 1, row: -1 },
        Self { column: -1, row: 0 },
        Self { column: 1, row: 0 },
        Self { column: -1, row: 1 },
        Self { column: 0, row: 1 },
        Self { column: 1, row: 1 },
    ];

    /// In frames, right and down from the frame itself.
    #[expect(clippy::cast_precision_loss, reason = "-1, 0 or 1")]
    pub(super) fn position(self) -> [f32; 2] {
        [self.column as f32, self.row as f32]
    }

    /// Its first pixel, in pixels of the frame.
    pub(super) fn origin(self, width: u32, height: u32) -> [i32; 2] {
        [self.column * signed(width), self.row * signed(height)]
    }

    pub(super) fn overlaps(self, area: &Area, width: u32, height: u32) -> bool {
        let [x, y] = self.origin(width, height);
        area.clipped(&Area { x, y, width: signed(width), height: signed(height) }).is_some()
    }
}

/// A rectangle in pixels of the frame; it may lie outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Area {
    pub(super) fn to_array(self) -> [i32; 4] {
        [self.x, self.y, self.width, self.height]
    }

    /// What of it is within `other`, if anything is.
    fn clipped(&self, other: &Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = (self.x + self.width).min(other.x + other.width) - x;
        let height = (self.y + self.height).min(other.y + other.height) - y;
        (width > 0 && height > 0).then_some(Self { x, y, width, height })
    }

    fn words_per_column(&self) -> u32 {
        self.height.cast_unsigned().div_ceil(32)
    }

    /// Bytes that the part of its mask within the frame takes.
    pub(super) fn bytes_in_frame(&self, width: u32, height: u32) -> u64 {
        let inside = self.clipped(&Area { x: 0, y: 0, width: signed(width), height: signed(height) });
        inside.map_or(0, |inside| u64::from(inside.words_per_column()) * 4 * u64::from(inside.width.unsigned_abs()))
    }
}

/// One instance's mask within one batch: all of its rectangle, or a strip of its columns.
#[derive(Debug, Clone)]
pub(super) struct MaskJob {
    /// Position in the scene.
    pub(super) instance: u32,
    pub(super) area: Area,
    /// All of its rectangle.
    pub(super) whole: Area,
    /// Its first word in the buffer.
    pub(super) start: u32,
}

impl MaskJob {
    pub(super) fn words_per_column(&self) -> u32 {
        self.area.words_per_column()
    }
}

/// Masks that share the buffer at one time.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// For each camera, in order of instance.
    pub(super) jobs: Vec<Vec<MaskJob>>,
    /// Words of the buffer in use.
    pub(super) words: u32,
}

/// Words before the first mask: the counter of pixels that were not reckoned with.
const FIRST_WORD: u32 = 1;

/// Gives every rectangle room in a buffer of `budget` words, one batch after the other. `areas`: for each camera, instances in
/// order with their rectangles.
pub(super) fn plan(areas: &[Vec<(u32, Area)>], budget: u32) -> Vec<Batch> {
    let empty = || Batch { jobs: vec![Vec::new(); areas.len()], words: FIRST_WORD };
    let mut batches = vec![empty()];
    for (camera, areas) in areas.iter().enumerate() {
        for &(instance, whole) in areas {
            let mut rest = whole;
            let per_column = rest.words_per_column();
            while rest.width > 0 {
                let full = batches.last().is_none_or(|batch| batch.words + per_column > budget);
                // A buffer too small for one column could hold no mask at all: it is exceeded rather than never done.
                if full && batches.last().is_some_and(|batch| batch.words > FIRST_WORD) {
                    batches.push(empty());
                }
                let Some(batch) = batches.last_mut() else { return batches };
                let room = budget.saturating_sub(batch.words) / per_column;
                let columns = i32::try_from(room.max(1)).unwrap_or(i32::MAX).min(rest.width);
                batch.jobs[camera].push(MaskJob {
                    instance,
                    area: Area { width: columns, ..rest },
                    whole,
                    start: batch.words,
                });
                batch.words += columns.cast_unsigned() * per_column;
                rest.x += columns;
                rest.width -= columns;
            }
        }
    }
    batches
}

/// The masks of one camera while their batches come in.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    masks: Vec<Growing>,
}

#[derive(Debug)]
struct Growing {
    instance: u32,
    area: u64,
    /// Lower corner and upper corner, exclusive.
    extent: Option<([i32; 2], [i32; 2])>,
    inside: BitMask,
}

impl Gathered {
    /// Adds what one batch says of this camera. Batches come in order.
    pub(super) fn add(&mut self, jobs: &[MaskJob], words: &[u32], (width, height): (u32, u32)) {
        for job in jobs {
            if self.masks.last().is_none_or(|mask| mask.instance != job.instance) {
                self.masks.push(Growing { instance: job.instance, area: 0, extent: None, inside: BitMask::default() });
            }
            let Some(mask) = self.masks.last_mut() else { continue };
            let per_column = job.words_per_column() as usize;
            let own = &words[job.start as usize..][..per_column * job.area.width.unsigned_abs() as usize];
            let frame = Area { x: 0, y: 0, width: signed(width), height: signed(height) };
            let inside = job.area.clipped(&frame);
            for (x, column) in (job.area.x..).zip(own.chunks_exact(per_column)) {
                mask.count(x, job.area.y, column);
                if let Some(inside) = inside.filter(|inside| (inside.x..inside.x + inside.width).contains(&x)) {
                    mask.keep(x, &inside, job.area.y, column);
                }
            }
        }
    }

    /// All masks that cover anything, in order of instance. `id` tells an instance's id.
    pub(super) fn finish(self, id: impl Fn(u32) -> u32) -> Vec<AmodalMask> {
        let finished = |mask: Growing| {
            let (low, high) = mask.extent?;
            let bbox = [low[0], low[1], high[0] - low[0], high[1] - low[1]];
            Some(AmodalMask { id: id(mask.instance), area: mask.area, bbox, inside: mask.inside })
        };
        self.masks.into_iter().filter_map(finished).collect()
    }
}

/// The masks of one face of a camera that is looked up, while their batches come in: every bit of them.
#[derive(Debug, Default)]
pub(super) struct Looked {
    masks: BTreeMap<u32, (Area, Vec<u32>)>,
}

impl Looked {
    /// Adds what one batch says of this face. Batches come in order, and strips from left to right.
    pub(super) fn add(&mut self, jobs: &[MaskJob], words: &[u32]) {
        for job in jobs {
            let size = job.words_per_column() as usize * job.area.width.unsigned_abs() as usize;
            let (_, bits) = self.masks.entry(job.instance).or_insert((job.whole, Vec::new()));
            bits.extend(&words[job.start as usize..][..size]);
        }
    }

    /// Whether an instance covers a pixel of the face.
    fn covers(&self, instance: u32, column: u32, row: u32) -> bool {
        let Some((area, bits)) = self.masks.get(&instance) else { return false };
        let at = (signed(column) - area.x, signed(row) - area.y);
        if !(0..area.width).contains(&at.0) || !(0..area.height).contains(&at.1) {
            return false;
        }
        let (column, row) = (at.0.unsigned_abs(), at.1.unsigned_abs());
        let word = column * area.words_per_column() + row / 32;
        bits.get(word as usize).is_some_and(|word| word >> (row % 32) & 1 == 1)
    }

    /// Whether a rectangle of the face (low and high corner, inclusive) may hold anything of an instance.
    fn reaches(&self, instance: u32, [low, high]: [[u32; 2]; 2]) -> bool {
        self.masks.get(&instance).is_some_and(|(area, _)| {
            signed(low[0]) < area.x + area.width
                && signed(high[0]) >= area.x
                && signed(low[1]) < area.y + area.height
                && signed(high[1]) >= area.y
        })
    }
}

/// The masks of a camera that is looked up in `faces`, in order of instance.
pub(super) fn looked_up(
    warp: &Warp,
    faces: &[Looked],
    (width, height): (u32, u32),
    id: impl Fn(u32) -> u32,
) -> Vec<AmodalMask> {
    // Of each row of the canvas, what it looks up in each face.
    let bounds: Vec<Vec<Option<[[u32; 2]; 2]>>> = (0..3 * height)
        .map(|row| {
            let mut bounds: Vec<Option<[[u32; 2]; 2]>> = vec![None; faces.len()];
            for (face, x, y) in warp.canvas_row(row) {
                let Some(bounds) = bounds.get_mut(face) else { continue };
                let [low, high] = bounds.get_or_insert([[x, y]; 2]);
                (*low, *high) = ([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)]);
            }
            bounds
        })
        .collect();
    let instances: BTreeSet<u32> = faces.iter().flat_map(|face| face.masks.keys().copied()).collect();
    let frame = |x: i32, y: i32| Some((u32::try_from(x).ok()?, u32::try_from(y).ok()?));
    let mask = |instance: u32| {
        let mut area = 0;
        let mut extent: Option<([i32; 2], [i32; 2])> = None;
        let mut inside = Vec::new();
        for (row, bounds) in (0..).zip(&bounds) {
            let reached = |(face, bounds): (&Looked, &Option<_>)| bounds.is_some_and(|b| face.reaches(instance, b));
            if !faces.iter().zip(bounds).any(reached) {
                continue;
            }
            for (column, (face, x, y)) in (0..).zip(warp.canvas_row(row)) {
                if !faces.get(face).is_some_and(|face| face.covers(instance, x, y)) {
                    continue;
                }
                let at = [signed(column) - signed(width), signed(row) - signed(height)];
                area += 1;
                let (low, high) = extent.get_or_insert((at, at));
                (*low, *high) = ([low[0].min(at[0]), low[1].min(at[1])], [high[0].max(at[0]), high[1].max(at[1])]);
                inside.extend(frame(at[0], at[1]).filter(|&(x, y)| x < width && y < height));
            }
        }
        let (low, high) = extent?;
        let bbox = [low[0], low[1], high[0] - low[0] + 1, high[1] - low[1] + 1];
        let least = |pick: fn(&(u32, u32)) -> u32| inside.iter().map(pick).min().unwrap_or(0);
        let most = |pick: fn(&(u32, u32)) -> u32| inside.iter().map(pick).max().map_or(0, |most| most + 1);
        let (x, y) = (least(|at| at.0), least(|at| at.1));
        let mut bits = BitMask::empty(x, y, most(|at| at.0) - x, most(|at| at.1) - y);
        inside.iter().for_each(|&(x, y)| bits.insert(x, y));
        Some(AmodalMask { id: id(instance), area, bbox, inside: bits })
    };
    instances.into_iter().filter_map(mask).collect()
}

impl Growing {
    /// Takes a column of the canvas into area and extent.
    fn count(&mut self, x: i32, y: i32, column: &[u32]) {
        let bit = |k: usize, within: u32| y + signed_index(k) * 32 + signed(within);
        let first = column.iter().position(|&word| word != 0);
        let last = column.iter().rposition(|&word| word != 0);
        let (Some(first), Some(last)) = (first, last) else { return };
        self.area += column.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        let (top, bottom) = (bit(first, column[first].trailing_zeros()), bit(last, 32 - column[last].leading_zeros()));
        let (low, high) = self.extent.get_or_insert(([x, top], [x + 1, bottom]));
        *low = [low[0].min(x), low[1].min(top)];
        *high = [high[0].max(x + 1), high[1].max(bottom)];
    }

    /// Keeps the rows of a column that are within the frame. Columns come from left to right.
    fn keep(&mut self, x: i32, inside: &Area, y: i32, column: &[u32]) {
        if self.inside.width == 0 {
            (self.inside.x, self.inside.y) = (x.cast_unsigned(), inside.y.cast_unsigned());
            self.inside.height = inside.height.cast_unsigned();
        }
        self.inside.width += 1;
        // The mask starts `skip` rows below the column's first.
        let skip = (inside.y - y).cast_unsigned();
        let (word, shift) = ((skip / 32) as usize, skip % 32);
        for k in 0..self.inside.words_per_column() {
            let at = |k: usize| u64::from(column.get(k).copied().unwrap_or(0));
            let both = at(word + k) | at(word + k + 1) << 32;
            let rows_left = self.inside.height - 32 * index(k);
            let kept = if rows_left < 32 { (1 << rows_left) - 1 } else { u32::MAX };
            let low = (both >> shift) & u64::from(u32::MAX);
            self.inside.words.push(u32::try_from(low).unwrap_or(0) & kept);
        }
    }
}

/// A mesh's bounding box, placed in the world.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedBox {
    pub(super) world_from_local: Affine3A,
    pub(super) min: DVec3,
    pub(super) max: DVec3,
}

/// The part of these tiles (the frame, or all) that things within `boxes` may cover, if any. Never too small: the GPU computes in single precision and
/// moves vertices to 1/256 pixel, so a margin for both is added.
pub(super) fn canvas_area(
    boxes: &[PlacedBox],
    camera: &Camera,
    (width, height): (u32, u32),
    tiles: &[Tile],
) -> Option<Area> {
    let mut bounds: Option<(DVec2, DVec2)> = None;
    let mut add = |point: DVec3, reach: f64| {
        // Camera frame: x right, y up, looking down -z.
        let depth = -point.z;
        let (x, y) = (point.x / depth, point.y / depth);
        let pixel = DVec2::new(camera.cx + camera.fx * x, camera.cy - camera.fy * y);
        // Rounded to f32: half a unit in the last place (6e-8) for each of a few operations, as an angle.
        let blur = 5e-7 * (1.0 + reach / depth) * (1.0 + x.abs()) * (1.0 + y.abs());
        let margin = DVec2::splat(2.0) + DVec2::new(camera.fx, camera.fy) * blur;
        let (low, high) = bounds.get_or_insert((pixel - margin, pixel + margin));
        (*low, *high) = (low.min(pixel - margin), high.max(pixel + margin));
    };
    let camera_from_world = camera.world_from_camera().inverse();
    for placed in boxes {
        let matrix = placed.world_from_local.matrix3;
        let (x, y, z) = (matrix.x_axis.as_dvec3(), matrix.y_axis.as_dvec3(), matrix.z_axis.as_dvec3());
        let world: [DVec3; 8] = std::array::from_fn(|k| {
            let pick = |bit: usize, low: f64, high: f64| if k & bit == 0 { low } else { high };
            let (min, max) = (placed.min, placed.max);
            x * pick(1, min.x, max.x)
                + y * pick(2, min.y, max.y)
                + z * pick(4, min.z, max.z)
                + placed.world_from_local.translation.as_dvec3()
        });
        let reach = world.iter().map(|corner| corner.length()).fold(camera.position.length(), f64::max);
        let corners = world.map(|corner| camera_from_world.transform_point3(corner));
        // What is nearer than the near plane is cut off there; a little nearer still, for rounding.
        let near = camera.near * 0.999;
        for (k, &corner) in corners.iter().enumerate() {
            if -corner.z >= near {
                add(corner, reach);
            }
            for neighbour in [1, 2, 4].map(|bit| k | bit).into_iter().filter(|&other| other != k) {
                let other = corners[neighbour];
                if (-corner.z < near) != (-other.z < near) {
                    let t = (-near - corner.z) / (other.z - corner.z);
                    add(DVec3 { z: -near, ..corner.lerp(other, t) }, reach);
                }
            }
        }
    }
    let (low, high) = bounds?;
    let (width, height) = (f64::from(width), f64::from(height));
    let around = if tiles.len() > 1 { 1.0 } else { 0.0 };
    // Beyond the canvas nothing is drawn; clamped there, all numbers are small.
    let side = |low: f64, high: f64, size: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "clamped to the canvas, three frames of at most 16384 pixels"
        )]
        let whole = |v: f64| v.clamp(-around * size, (1.0 + around) * size) as i32;
        let start = whole(low.floor());
        (start, whole(high.ceil()) - start)
    };
    let ((x, width), (y, height)) = (side(low.x, high.x, width), side(low.y, high.y, height));
    (width > 0 && height > 0).then_some(Area { x, y, width, height })
}

fn signed(size: u32) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX) // sides of images are at most 16384
}

fn signed_index(k: usize) -> i32 {
    i32::try_from(k).unwrap_or(i32::MAX)
}

fn index(k: usize) -> u32 {
    u32::try_from(k).unwrap_or(u32::MAX)
}
