//! The outline of a mask, in dashes.

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::primitives::Rectangle;

use crate::annotate::grid::Grid;
use crate::preview::View;
use crate::preview::canvas::{Plot, rgb, signed};
use crate::preview::scale::Scale;

/// Directions in clockwise order on the screen (y down), so that `+ 1` turns right.
const STEPS: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];
const RIGHT: usize = 0;
const LEFT_OF: usize = 3;

/// Sides of the cell beyond which a mask goes on, so that no outline is drawn there: left, top, right, bottom.
pub(crate) type Open = [bool; 4];

/// Draws the outer pixels of a mask in `color`, dash by dash, around every hole too. `inside` says what belongs to the mask, in
/// pixels of the cell; it is asked within the columns and rows `[left, top, right, bottom]`, all four inclusive.
pub(crate) fn draw_outline(
    plot: &mut Plot<'_>,
    view: &View<'_>,
    within: [u32; 4],
    open: Open,
    color: [u8; 3],
    inside: impl Fn(u32, u32) -> bool,
) {
    let grid = Grid::of_box(within, inside);
    let mut walked = vec![false; grid.pixels.len()];
    for y in 0..grid.height {
        for x in 0..grid.width {
            // Every outline, of a hole too, runs to the right somewhere: along the upper edge of a pixel of the mask.
            let Some(offset) = grid.offset(x, y) else { continue };
            if grid.pixels[offset] && !grid.is_set(x, y - 1) && !walked[offset] {
                for (x, y) in dashes(&grid, (x, y), view, open, &mut walked) {
                    dot(plot, x, y, view.stroke + 1, color);
                }
            }
        }
    }
}

/// The pixels to be drawn of the outline that begins with the upper edge of `first`, with the mask on the right hand; pixels that
/// touch at a corner only are not connected (as [`polygons`](crate::annotate::polygon::polygons) has it).
fn dashes(grid: &Grid, first: (i64, i64), view: &View<'_>, open: Open, walked: &mut [bool]) -> Vec<(i64, i64)> {
    let (dash, gap) = (6 * i64::from(view.stroke), 5 * i64::from(view.stroke));
    let (mut pixel, mut direction, mut length) = (first, RIGHT, 0);
    let mut drawn = Vec::new();
    loop {
        if direction == RIGHT
            && let Some(offset) = grid.offset(pixel.0, pixel.1)
        {
            walked[offset] = true;
        }
        let place = (pixel.0 + i64::from(grid.left), pixel.1 + i64::from(grid.top));
        let turn = |by: usize| STEPS[(direction + by) % 4];
        if length % (dash + gap) < dash
            && drawn.last() != Some(&place)
            && !leads_out(place, turn(LEFT_OF), &view.scale, open)
        {
            drawn.push(place);
        }
        let (step, left) = (turn(0), turn(LEFT_OF));
        let ahead = (pixel.0 + step.0, pixel.1 + step.1);
        let ahead_left = (ahead.0 + left.0, ahead.1 + left.1);
        if !grid.is_set(ahead.0, ahead.1) {
            direction = (direction + 1) % 4;
        } else {
            length += 1;
            if grid.is_set(ahead_left.0, ahead_left.1) {
                pixel = ahead_left;
                direction = (direction + LEFT_OF) % 4;
            } else {
                pixel = ahead;
            }
        }
        if pixel == first && direction == RIGHT {
            return drawn;
        }
    }
}

/// Whether the edge of pixel `at` towards `outwards` is an open side of the cell.
fn leads_out(at: (i64, i64), outwards: (i64, i64), scale: &Scale, open: Open) -> bool {
    let (x, y) = (at.0 + outwards.0, at.1 + outwards.1);
    (open[0] && x < 0)
        || (open[1] && y < 0)
        || (open[2] && x >= i64::from(scale.width))
        || (open[3] && y >= i64::from(scale.height))
}

/// A square of the line's width around a pixel.
fn dot(plot: &mut Plot<'_>, x: i64, y: i64, width: u32, color: [u8; 3]) {
    let small = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    let corner = Point::new(small(x), small(y)) - Point::new_equal(signed(width / 2));
    let Ok(()) = plot.fill_solid(&Rectangle::new(corner, Size::new_equal(width)), rgb(color));
}
