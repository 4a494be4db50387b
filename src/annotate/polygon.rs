//! Masks as polygons that decode to the very same mask.
//!
//! The outline runs along the cracks between pixels, so its corners are whole numbers and a pixel is inside or outside, never
//! cut. Outlines through pixel centres, as contour finders give them, lose half a pixel on every side.
//!
//! COCO joins the polygons of one annotation by union, so a hole cannot be a polygon of its own. Each hole is instead tied to
//! the outline around it by a bridge, walked out and back: one polygon per 4-connected component, which any even-odd
//! rasteriser fills exactly (pycocotools does; see `tests/readers`). Bridges are vertical and lie within the mask.

use super::grid::Grid;
use crate::annotate::rle::{Rle, RleError};

/// A closed polygon of corners `(x, y)` in continuous pixel coordinates; the last corner joins the first.
pub type Polygon = Vec<[u32; 2]>;

/// Directions in clockwise order on the screen (y down), so that `+ 1` turns right.
const STEPS: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];
const RIGHT: usize = 0;

/// One polygon per 4-connected component of the mask, from the top down, left before right.
pub fn polygons(rle: &Rle) -> Result<Vec<Polygon>, RleError> {
    let grid = Grid::of_rle(rle)?;
    let (loops, owners) = trace_all(&grid);
    let bridges = build_bridges(&grid, &loops, &owners);
    let outlines = loops.iter().enumerate().filter(|(_, l)| !l.is_hole);
    Ok(outlines.map(|(index, _)| assemble(&grid, &loops, &bridges, index)).collect())
}

/// A closed walk along cracks with the mask on the right hand: clockwise around a component, anticlockwise around a hole.
struct Loop {
    /// Every unit step's first corner, relative to the grid.
    corners: Vec<(i64, i64)>,
    is_hole: bool,
}

/// For the upper crack of a pixel: which loop walks it, and at which step.
type Owner = Option<(usize, usize)>;

/// All loops, in the order of their first upper crack.
fn trace_all(grid: &Grid) -> (Vec<Loop>, Vec<Owner>) {
    let mut owners: Vec<Owner> = vec![None; grid.pixels.len()];
    let mut loops = Vec::new();
    for y in 0..grid.height {
        for x in 0..grid.width {
            // Every loop, of a hole too, walks to the right somewhere: along the upper crack of a mask pixel.
            let Some(offset) = grid.offset(x, y) else { continue };
            if grid.pixels[offset] && !grid.is_set(x, y - 1) && owners[offset].is_none() {
                let traced = trace(grid, (x, y), loops.len(), &mut owners);
                loops.push(traced);
            }
        }
    }
    (loops, owners)
}

/// Walks the loop that begins with the upper crack of `first`.
fn trace(grid: &Grid, first: (i64, i64), index: usize, owners: &mut [Owner]) -> Loop {
    let (mut pixel, mut direction) = (first, RIGHT);
    let mut corners = Vec::new();
    let mut doubled_area = 0;
    loop {
        // The corner at which this step begins: the pixel's own corner that lies behind and to the left.
        let corner = match direction {
            0 => pixel,
            1 => (pixel.0 + 1, pixel.1),
            2 => (pixel.0 + 1, pixel.1 + 1),
            _ => (pixel.0, pixel.1 + 1),
        };
        if direction == RIGHT
            && let Some(offset) = grid.offset(pixel.0, pixel.1)
        {
            owners[offset] = Some((index, corners.len()));
        }
        corners.push(corner);
        let step = STEPS[direction];
        doubled_area += corner.0 * step.1 - corner.1 * step.0;

        let ahead = (pixel.0 + step.0, pixel.1 + step.1);
        let left = STEPS[(direction + 3) % 4];
        let ahead_left = (ahead.0 + left.0, ahead.1 + left.1);
        if !grid.is_set(ahead.0, ahead.1) {
            // Also where only a diagonal neighbour follows: pixels that touch at a corner are not connected.
            direction = (direction + 1) % 4;
        } else if grid.is_set(ahead_left.0, ahead_left.1) {
            pixel = ahead_left;
            direction = (direction + 3) % 4;
        } else {
            pixel = ahead;
        }
        if pixel == first && direction == RIGHT {
            return Loop { corners, is_hole: doubled_area < 0 };
        }
    }
}

/// A hole tied to a loop: when the walk reaches step `at` of the outer loop, it goes to step `from` of the hole and around it.
struct Bridge {
    at: usize,
    hole: usize,
    from: usize,
}

/// The bridges that leave each loop, in walking order.
///
/// From the leftmost corner of its top, a hole's bridge goes straight up through the mask to the next crack. That crack is the
/// outline of the component or the foot of another hole whose top is higher, so the bridges form a tree.
fn build_bridges(grid: &Grid, loops: &[Loop], owners: &[Owner]) -> Vec<Vec<Bridge>> {
    let mut bridges: Vec<Vec<Bridge>> = loops.iter().map(|_| Vec::new()).collect();
    for (hole, traced) in loops.iter().enumerate().filter(|(_, l)| l.is_hole) {
        let highest = traced.corners.iter().enumerate().min_by_key(|(_, (x, y))| (*y, *x));
        let Some((from, &(x, y))) = highest else { continue };
        let mut foot = y - 1;
        while grid.is_set(x, foot - 1) {
            foot -= 1;
        }
        if let Some((outer, at)) = grid.offset(x, foot).and_then(|i| owners[i]) {
            bridges[outer].push(Bridge { at, hole, from });
        }
    }
    for of_loop in &mut bridges {
        of_loop.sort_by_key(|bridge| bridge.at);
    }
    bridges
}

/// A loop that is being walked.
struct Walk {
    index: usize,
    from: usize,
    done: usize,
    /// Which bridges at the present corner are already taken.
    bridges_done: usize,
}

/// The outline `index` with all holes that hang on it, corners only.
fn assemble(grid: &Grid, loops: &[Loop], bridges: &[Vec<Bridge>], index: usize) -> Polygon {
    let mut corners: Vec<(i64, i64)> = Vec::new();
    // An explicit stack: holes may hang on holes to any depth.
    let mut stack = vec![Walk { index, from: 0, done: 0, bridges_done: 0 }];
    while let Some(walk) = stack.last_mut() {
        let of_loop = &loops[walk.index].corners;
        let at = (walk.from + walk.done) % of_loop.len();
        push_corner(&mut corners, of_loop[at]);
        if walk.done == of_loop.len() {
            stack.pop();
            continue;
        }
        let here = bridges[walk.index].partition_point(|b| b.at < at);
        if let Some(bridge) = bridges[walk.index].get(here + walk.bridges_done).filter(|b| b.at == at) {
            walk.bridges_done += 1;
            stack.push(Walk { index: bridge.hole, from: bridge.from, done: 0, bridges_done: 0 });
        } else {
            walk.done += 1;
            walk.bridges_done = 0;
        }
    }
    close_polygon(&mut corners);
    let absolute = |value: i64, origin: u32| origin + u32::try_from(value).expect("corners lie inside the grid");
    corners.into_iter().map(|(x, y)| [absolute(x, grid.left), absolute(y, grid.top)]).collect()
}

/// Adds a corner; the one before it goes if the walk passes straight through.
fn push_corner(corners: &mut Vec<(i64, i64)>, next: (i64, i64)) {
    if corners.last() == Some(&next) {
        return;
    }
    if let [.., a, b] = corners[..]
        && is_straight(a, b, next)
    {
        corners.pop();
    }
    corners.push(next);
}

/// Whether `b` lies between `a` and `c`. Turning back, as at the end of a bridge, is not straight.
fn is_straight(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> bool {
    let direction = |from: (i64, i64), to: (i64, i64)| ((to.0 - from.0).signum(), (to.1 - from.1).signum());
    direction(a, b) == direction(b, c)
}

/// Drops the repeated first corner.
fn close_polygon(corners: &mut Vec<(i64, i64)>) {
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
}
