//! What the colours of a cell mean, drawn at its foot where there is room. Captions say the most important part of it too.

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::mono_font::MonoFont;
use embedded_graphics::primitives::Rectangle;

use crate::preview::canvas::{Plot, area, draw_text, rgb, shortened, signed, text_size};
use crate::preview::color::{mix, to_byte};
use crate::preview::lines::{draw_line, pixel};
use crate::preview::{BACKGROUND, CAPTION, View};

/// Colours of the axes x, y and z, bright enough for lines on a dark ground.
pub(crate) const AXES: [[u8; 3]; 3] = [[255, 64, 64], [64, 220, 64], [80, 140, 255]];

/// What shows more than its two ends, pixels.
const SHORTEST_BAR: u32 = 24;

/// A bar of colours with the values at its ends. `color` is asked for shares of its length.
pub(crate) fn draw_bar(plot: &mut Plot<'_>, view: &View<'_>, ends: [&str; 2], color: impl Fn(f64) -> [u8; 3]) {
    let [low_size, high_size] = ends.map(|end| text_size(end, view.font));
    let (height, texts) = (low_size.height, low_size.width.saturating_add(high_size.width));
    let width = (view.scale.width / 2).max(texts.saturating_add(SHORTEST_BAR));
    if view.scale.height < 3 * height || width > view.scale.width {
        return; // the caption has the numbers too
    }
    let top = view.scale.height - height;
    let length = width - texts;
    draw_gradient(plot, area(low_size.width, top, length, height), color);
    let after = signed(low_size.width + length);
    draw_text(plot, ends[0], Point::new(0, signed(top)), view.font, CAPTION, Some(BACKGROUND));
    draw_text(plot, ends[1], Point::new(after, signed(top)), view.font, CAPTION, Some(BACKGROUND));
}

fn draw_gradient(plot: &mut Plot<'_>, bar: Rectangle, color: impl Fn(f64) -> [u8; 3]) {
    let length = bar.size.width;
    let pixels = (0..bar.size.height).flat_map(|_| (0..length).map(|k| f64::from(k) / f64::from(length)));
    let Ok(()) = plot.fill_contiguous(&bar, pixels.map(|share| rgb(color(share))));
}

/// One bar above the other, each with its name and the values at its ends; the k-th shows channel k.
pub(crate) fn draw_channels(plot: &mut Plot<'_>, view: &View<'_>, channels: &[(&str, [String; 2])]) {
    let font = view.font;
    let size = |text: &str| text_size(text, font).width;
    let row = text_size("", font).height;
    let names = channels.iter().map(|(name, _)| size(name)).max().unwrap_or(0);
    let lows = channels.iter().map(|(_, [low, _])| size(low)).max().unwrap_or(0);
    let highs = channels.iter().map(|(_, [_, high])| size(high)).max().unwrap_or(0);
    let (length, rows) = (view.scale.width / 6, u32::try_from(channels.len()).unwrap_or(u32::MAX));
    let width = names + lows + length + highs;
    if view.scale.height < 3 * rows.saturating_mul(row) || view.scale.width < 2 * width.saturating_sub(length) {
        return;
    }
    let top = view.scale.height - rows * row;
    let Ok(()) = plot.fill_solid(&area(0, top, width, rows * row), rgb(BACKGROUND));
    for ((k, (name, [low, high])), y) in channels.iter().enumerate().zip((top..).step_by(row as usize)) {
        let write = |plot: &mut Plot<'_>, text: &str, x: u32| {
            draw_text(plot, text, Point::new(signed(x), signed(y)), font, CAPTION, None);
        };
        write(plot, name, 0);
        write(plot, low, names + lows - size(low));
        draw_gradient(plot, area(names + lows, y + 1, length, row - 2), |share| {
            std::array::from_fn(|channel| if channel == k { to_byte(share) } else { 0 })
        });
        write(plot, high, names + lows + length);
    }
}

/// Small squares with their names, in lines from the foot up, at most a quarter of the cell. Those that find no room are counted.
pub(crate) fn draw_swatches(plot: &mut Plot<'_>, view: &View<'_>, entries: &[([u8; 3], String)]) {
    let font = view.font;
    let row = text_size("", font).height;
    let most_rows = view.scale.height / 4 / row;
    let lines = wrapped(entries, font, view.scale.width, most_rows as usize);
    let rows = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    for (line, y) in lines.iter().zip((view.scale.height - rows * row..).step_by(row as usize)) {
        let mut x = 0;
        for (color, name) in line {
            let size = text_size(name, font);
            let Ok(()) = plot.fill_solid(&area(x, y, row, row), rgb(BACKGROUND));
            let square = area(x + 2, y + 2, row - 3, row - 4);
            let Ok(()) = plot.fill_solid(&square, rgb(color.unwrap_or(BACKGROUND)));
            draw_text(plot, name, Point::new(signed(x + row), signed(y)), font, CAPTION, Some(BACKGROUND));
            x += row + size.width;
        }
    }
}

type Swatch = (Option<[u8; 3]>, String);

fn wrapped(entries: &[([u8; 3], String)], font: &MonoFont<'_>, width: u32, most_rows: usize) -> Vec<Vec<Swatch>> {
    let square = text_size("", font).height;
    let taken = |line: &[Swatch]| line.iter().map(|(_, name)| square + text_size(name, font).width).sum::<u32>();
    let mut lines: Vec<Vec<Swatch>> = Vec::new();
    for (number, (color, name)) in entries.iter().enumerate() {
        let name = shortened(name, font, (width / 2).saturating_sub(square));
        let own = square + text_size(&name, font).width;
        let last_row = lines.len() >= most_rows;
        // The last line keeps room for the count of those that follow.
        let kept = if last_row && number + 1 < entries.len() { square + text_size("+000", font).width } else { 0 };
        match lines.last_mut() {
            Some(line) if taken(line) + own + kept <= width => line.push((Some(*color), name)),
            _ if !last_row => lines.push(vec![(Some(*color), name)]),
            Some(line) => {
                line.push((None, format!("+{}", entries.len() - number)));
                break;
            }
            None => break,
        }
    }
    lines
}

/// A ball in the corner of the cell as the camera would see it, in the colours that its normals have, with its axes. Directions are
/// in the OpenCV camera frame.
pub(crate) fn draw_ball(
    plot: &mut Plot<'_>,
    view: &View<'_>,
    color: impl Fn([f64; 3]) -> [u8; 3],
    axes: [(&str, [f64; 3]); 3],
) {
    let font = view.font;
    let letter = font.character_size;
    let radius = (view.scale.height.min(view.scale.width) / 9).clamp(12, 60);
    let half = radius + letter.height + 2;
    if view.scale.height.min(view.scale.width) < 4 * half {
        return;
    }
    let Ok(()) = plot.fill_solid(&area(0, view.scale.height - 2 * half, 2 * half, 2 * half), rgb(BACKGROUND));
    let middle = [f64::from(half), f64::from(view.scale.height - half)];
    let r = f64::from(radius);
    let square = 2 * radius + 1;
    for (row, column) in (0..square).flat_map(|row| (0..square).map(move |column| (row, column))) {
        let (x, y) = (f64::from(column) - r, f64::from(row) - r);
        let left = r * r - x * x - y * y;
        if left >= 0.0 {
            let at = pixel([middle[0] + x, middle[1] + y]);
            let facing = [x / r, y / r, -left.sqrt() / r];
            let Ok(()) = plot.fill_solid(&Rectangle::new(at, Size::new_equal(1)), rgb(color(facing)));
        }
    }
    for ((name, [x, y, z]), paint) in axes.into_iter().zip(AXES) {
        if x * x + y * y < 0.1 {
            continue; // it points at the camera or away: its letter would lie on the ball's middle
        }
        // Where the axis leaves the ball, if it comes towards the camera, else where it comes out from behind.
        let length = (x * x + y * y).sqrt();
        let from = if z > 0.0 { [x / length * r, y / length * r] } else { [0.0, 0.0] };
        let to = [x / length * (r + 2.0), y / length * (r + 2.0)];
        let shift = |[dx, dy]: [f64; 2]| [middle[0] + dx, middle[1] + dy];
        draw_line(
            plot,
            view,
            [shift(from), shift(to)],
            mix(paint, [0; 3], if z > 0.0 { 0.4 } else { 0.0 }),
            view.stroke,
        );
        let reach = r + f64::from(letter.height) / 2.0 + 1.0;
        let at = pixel(shift([x / length * reach, y / length * reach]))
            - Point::new(signed(letter.width / 2) + 2, signed(letter.height / 2) + 1);
        draw_text(plot, name, at, font, CAPTION, None);
    }
}

/// A square with the colours of texture coordinates, u to the right and v down.
pub(crate) fn draw_square(plot: &mut Plot<'_>, view: &View<'_>, color: impl Fn([f64; 2]) -> [u8; 3]) {
    let font = view.font;
    let (side, letter) = ((view.scale.height.min(view.scale.width) / 5).min(160), text_size("u", font));
    if side < 2 * letter.height {
        return;
    }
    let top = view.scale.height - side - letter.height;
    let Ok(()) = plot.fill_solid(&area(0, top, side + letter.width, side + letter.height), rgb(BACKGROUND));
    let pixels = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let at = |k: u32| (f64::from(k) + 0.5) / f64::from(side);
    let Ok(()) = plot.fill_contiguous(
        &area(letter.width, top + letter.height, side, side),
        pixels.map(|(x, y)| rgb(color([at(x), at(y)]))),
    );
    let right = Point::new(signed(side), signed(top));
    draw_text(plot, "u", right, font, CAPTION, None);
    draw_text(plot, "v", Point::new(0, signed(view.scale.height - letter.height)), font, CAPTION, None);
}
