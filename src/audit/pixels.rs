//! What each pixel shows, image against image and against the scene: one walk over the rows.
//!
//! [`Pixels::look`] is the rule, in f64, and says what is wrong. [`Pixels::is_surely_right`] does the same sums in f32 over a run of
//! pixels that show one surface, with bounds that are a quarter narrower, which is more than f32 loses: what it passes is right, and
//! what it does not pass is looked at.

use glam::{DMat3, DVec2, DVec3};

use super::bent::Bent;
use super::bounds::{
    DEPTH, EVEN, FACING, GPU, LOOKED_UP, PIXEL, SHARE, SQUARE, STRAY_FACING, STRAY_PIXEL, STRAY_SHARE, UNIT, WIDE,
    strays,
};
use super::findings::Findings;
use super::things::{Extent, Thing, Things, beside};
use super::view::{View, all_at_most, at_most, center};
use crate::annotate::Panoptic;
use crate::frame::Frame;
use crate::image::Image;

/// By how much bounds are narrower where f32 decides.
const NARROWER: f64 = 0.75;

pub(super) struct Pixels<'a> {
    frame: &'a Frame,
    view: &'a View,
    things: &'a Things<'a>,
    lenses: Vec<Lens>,
    /// The panoptic image, and the segment that each surface should be part of there.
    panoptic: Option<(&'a Image<u32>, Vec<u32>)>,
    /// `x` and `y` of the ray through the middle of each column and row.
    xs: Vec<f32>,
    ys: Vec<f64>,
    beside: DVec2,
}

/// An instance as rays meet it.
struct Lens {
    /// Object from camera.
    turn: DMat3,
    /// The camera's centre in the object frame, from the middle of the box.
    eye: DVec3,
    half: DVec3,
    /// Camera from the instance's own frame, before its scale.
    out: DMat3,
    origin: DVec3,
    /// Middle and half size of the box in that frame, and how far coordinates may leave it.
    local: (DVec3, DVec3),
    local_slack: f64,
    slack: f64,
}

impl Lens {
    fn new(thing: &Thing<'_>, view: &View) -> Self {
        let turn = thing.turn(view);
        let (low, high) = thing.solid.local;
        // As depths, coordinates are interpolated each for itself.
        let local_slack = DEPTH * (high - low).max_element() + GPU * low.abs().max(high.abs()).max_element();
        Self {
            turn,
            eye: thing.eye(view) - (thing.lower + thing.upper) / 2.0,
            half: (thing.upper - thing.lower) / 2.0,
            out: turn.transpose() * DMat3::from_diagonal(thing.instance.scale),
            origin: thing.seen_from(view, DVec3::ZERO),
            local: ((low + high) / 2.0, (high - low) / 2.0),
            local_slack,
            slack: thing.slack,
        }
    }
}

impl<'a> Pixels<'a> {
    pub(super) fn new(
        frame: &'a Frame,
        view: &'a View,
        things: &'a Things<'a>,
        panoptic: Option<(&'a Panoptic, Vec<u32>)>,
    ) -> Self {
        let ray = |k: u32| view.ray(center([k, k]));
        Self {
            frame,
            view,
            things,
            lenses: things.all.iter().map(|thing| Lens::new(thing, view)).collect(),
            panoptic: panoptic.map(|(panoptic, segments)| (&panoptic.ids, segments)),
            xs: (0..view.width).map(|x| narrow(ray(x).x)).collect(),
            ys: (0..view.height).map(|y| ray(y).y).collect(),
            beside: beside(view),
        }
    }

    /// Looks at every pixel. Returns where each surface is seen, nothing (0) included.
    pub(super) fn check(&self, found: &mut Findings) -> Vec<Extent> {
        let mut seen = vec![Extent::default(); self.frame.owners.len() + 1];
        let mut start = 0;
        for (y, row) in (0..).zip(self.frame.surfaces.rows()) {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                let (Some(&surface), Ok(length)) = (run.first(), u32::try_from(run.len())) else { continue };
                if let Some(extent) = seen.get_mut(surface as usize) {
                    extent.add([x, y, x + length, y + 1], u64::from(length));
                }
                if !self.is_surely_right(surface, [x, y], start, start + run.len()) {
                    for k in 0..length {
                        self.look([x + k, y], start + k as usize, found);
                    }
                }
                x += length;
                start += run.len();
            }
        }
        found.judge_strays(strays(start));
        seen
    }

    /// The rule for one pixel, which is number `n` of each image.
    fn look(&self, at: [u32; 2], n: usize, found: &mut Findings) {
        let frame = self.frame;
        let surface = frame.surfaces.pixels()[n];
        let (id, depth, range) = (frame.ids.pixels()[n], frame.depth.pixels()[n], frame.range.pixels()[n]);
        let owners = frame.owners.len();
        if surface as usize > owners {
            found.pixel("a pixel shows a surface that has no owner", at, || format!("surface {surface} of {owners}"));
        }
        let should = self.things.id(surface);
        if id != should {
            found.pixel("a pixel shows another id than its surface's owner has", at, || {
                format!("id {id} instead of {should}")
            });
        }
        if let Some((image, segments)) = &self.panoptic {
            let (is, should) = (image.pixels()[n], segments.get(surface as usize).copied().unwrap_or(0));
            if is != should {
                found.pixel("a pixel of the panoptic image is not of its instance's segment", at, || {
                    format!("{is} instead of {should}")
                });
            }
        }
        if surface != 0 && self.view.bent.as_ref().is_some_and(|bent| bent.ray(center(at)).is_none()) {
            found.pixel("something is seen where the lens sees nothing", at, || self.name(surface));
            return;
        }
        if surface == 0 {
            if depth != f32::INFINITY {
                found.pixel("there is a depth where nothing is seen", at, || format!("{depth} m"));
            }
            if range != f32::INFINITY {
                found.pixel("there is a range where nothing is seen", at, || format!("{range} m"));
            }
            self.look_at_nothing(at, n, found);
            return;
        }
        let owner = self.things.owner(surface);
        if self.things.is_see_through(surface) {
            found.pixel("a pixel shows what labels see through", at, || self.name(surface));
        }
        self.look_at_values(at, n, found);
        let is_length = |length: f32| length.is_finite() && length > 0.0;
        // Sideways there is no depth: any number will do.
        if !(is_length(depth) || self.view.sideways && depth.is_finite()) {
            found.pixel("the depth of a surface is not a finite number above 0", at, || format!("{depth} m"));
        }
        if !is_length(range) {
            found.pixel("the range of a surface is not a finite number above 0", at, || format!("{range} m"));
        }
        match (owner, &self.view.bent) {
            (Some(position), None) if is_length(depth) => self.look_at_place(at, n, position, found),
            (Some(position), Some(bent)) if is_length(range) && depth.is_finite() => {
                self.look_at_bent_place(bent, at, n, position, found);
            }
            _ => {}
        }
    }

    /// Where a surface is, several ways.
    fn look_at_place(&self, at: [u32; 2], n: usize, position: usize, found: &mut Findings) {
        let (frame, view, lens) = (self.frame, self.view, &self.lenses[position]);
        let surface = frame.surfaces.pixels()[n];
        let (depth, range) = (f64::from(frame.depth.pixels()[n]), f64::from(frame.range.pixels()[n]));
        let slack = lens.slack;
        let ray = view.ray(center(at));
        if !at_most(view.near * (1.0 - GPU) - slack, depth) {
            found.pixel("a surface is nearer than the near plane", at, || {
                format!("{} at {depth} m, before {} m", self.name(surface), view.near)
            });
        }
        // The point's own ray may be `beside` the pixel's; a stray's by more.
        let may_stray = !self.is_plain(at);
        let beside = self.beside + WIDE * ray.length_squared();
        let [aside, far_aside] = [1.0, STRAY_PIXEL / PIXEL].map(|k| (k * depth * beside + slack).extend(0.0));
        let (squared, along) = (depth * depth * ray.length_squared(), ray.abs());
        let apart = (range * range - squared).abs();
        let bound = |aside: DVec3| (2.0 * depth * along + aside).dot(aside) + SQUARE * squared;
        self.judge(
            at_most(apart, bound(aside)),
            may_stray && at_most(apart, bound(far_aside)),
            at,
            found,
            "range is not the distance to the point that depth and K tell",
            || format!("range {range} m instead of {} m, at a depth of {depth} m", squared.sqrt()),
        );
        let beyond = (lens.eye + lens.turn * (ray * depth)).abs() - lens.half;
        let within = |aside: DVec3| all_at_most(beyond, aside.x + aside.y + slack);
        self.judge(
            within(aside),
            may_stray && within(far_aside),
            at,
            found,
            "a surface point, from depth and K, is outside of its instance's 3D box",
            || format!("{} at {depth} m, by {} m", self.name(surface), beyond.max_element()),
        );
        if let Some(image) = &frame.coordinates {
            let own = vector(image.pixels()[n]);
            let beyond = (own - lens.local.0).abs() - lens.local.1;
            let far = lens.local_slack + STRAY_SHARE * 2.0 * lens.local.1.max_element();
            self.judge(
                all_at_most(beyond, lens.local_slack),
                may_stray && all_at_most(beyond, far),
                at,
                found,
                "an object coordinate is outside of its instance's bounds",
                || format!("{} at {own}, by {} m", self.name(surface), beyond.max_element()),
            );
            let point = lens.out * own + lens.origin;
            let apart = (point.z - depth).abs();
            self.judge(
                at_most(apart, DEPTH * depth + slack),
                may_stray && at_most(apart, STRAY_SHARE * depth + slack),
                at,
                found,
                "depth is not that of the point that object coordinates and pose tell",
                || format!("{} at {depth} m instead of {} m", self.name(surface), point.z),
            );
            let off = (point - ray * point.z).abs();
            let back = |k: f64| all_at_most(off - (k * point.z * beside + slack).extend(0.0), 0.0);
            self.judge(
                back(1.0),
                may_stray && back(STRAY_PIXEL / PIXEL),
                at,
                found,
                "object coordinates do not project back to their pixel",
                || {
                    let back = view.pixel(point);
                    format!("{}: to ({}, {})", self.name(surface), back.x, back.y)
                },
            );
        }
        if let Some(image) = &frame.geometric_normals {
            let normal = vector(image.pixels()[n]);
            let away = normal.dot(view.axes * ray) / ray.length();
            // Normals come from differences between neighbouring pixels, which are a depth over a focal length apart.
            let faces = at_most(away, FACING + 8.0 * view.focal.max_element() * slack / depth);
            self.judge(
                faces,
                may_stray && at_most(away, STRAY_FACING),
                at,
                found,
                "a geometric normal points away from the camera",
                || format!("{}: {normal}", self.name(surface)),
            );
        }
    }

    /// The same through a lens that bends lines, told by range and the unit vector of the pixel's ray. What is shown is of a ray within
    /// [`LOOKED_UP`] pixels of it.
    fn look_at_bent_place(&self, bent: &Bent, at: [u32; 2], n: usize, position: usize, found: &mut Findings) {
        let (frame, view, lens) = (self.frame, self.view, &self.lenses[position]);
        let surface = frame.surfaces.pixels()[n];
        let (depth, range) = (f64::from(frame.depth.pixels()[n]), f64::from(frame.range.pixels()[n]));
        let slack = lens.slack;
        let Some(ray) = bent.ray(center(at)) else { return };
        // Radians; the slope of the lens may change a little within the pixel.
        let [turned, far_turned] = [PIXEL, STRAY_PIXEL].map(|pixels| 1.1 * (pixels + LOOKED_UP) / bent.rates(ray).0);
        let (far, near) = if view.sideways { (range, view.near / 3f64.sqrt()) } else { (depth, view.near) };
        if !at_most(near * (1.0 - GPU) - slack, far) {
            found.pixel("a surface is nearer than the near plane", at, || {
                format!("{} at {far} m, before {near} m", self.name(surface))
            });
        }
        let apart = (depth - range * ray.z).abs();
        let bound = |turned: f64| range * (turned + DEPTH) + slack;
        self.judge(
            at_most(apart, bound(turned)),
            at_most(apart, bound(far_turned)),
            at,
            found,
            "range is not the distance to the point that depth and K tell",
            || format!("range {range} m at a depth of {depth} m, along {ray}"),
        );
        let beyond = (lens.eye + lens.turn * (ray * range)).abs() - lens.half;
        self.judge(
            all_at_most(beyond, bound(turned)),
            all_at_most(beyond, bound(far_turned)),
            at,
            found,
            "a surface point, from depth and K, is outside of its instance's 3D box",
            || format!("{} at {range} m, by {} m", self.name(surface), beyond.max_element()),
        );
        if let Some(image) = &frame.coordinates {
            let own = vector(image.pixels()[n]);
            let beyond = (own - lens.local.0).abs() - lens.local.1;
            let stray = lens.local_slack + STRAY_SHARE * 2.0 * lens.local.1.max_element();
            self.judge(
                all_at_most(beyond, lens.local_slack),
                all_at_most(beyond, stray),
                at,
                found,
                "an object coordinate is outside of its instance's bounds",
                || format!("{} at {own}, by {} m", self.name(surface), beyond.max_element()),
            );
            let point = lens.out * own + lens.origin;
            let apart = (point.length() - range).abs().max((point.z - depth).abs());
            self.judge(
                at_most(apart, DEPTH * range + slack),
                at_most(apart, STRAY_SHARE * range + slack),
                at,
                found,
                "depth is not that of the point that object coordinates and pose tell",
                || format!("{} at {range} m instead of {} m", self.name(surface), point.length()),
            );
            let off = (point - ray * point.length()).length();
            self.judge(
                at_most(off, bound(turned)),
                at_most(off, bound(far_turned)),
                at,
                found,
                "object coordinates do not project back to their pixel",
                || format!("{}: to {:?}", self.name(surface), bent.pixel(point)),
            );
        }
        if let Some(image) = &frame.geometric_normals {
            let normal = vector(image.pixels()[n]);
            let away = normal.dot(view.axes * ray);
            let rounded = 8.0 * bent.rates(ray).1 * slack / range;
            self.judge(
                at_most(away, FACING + turned + rounded),
                at_most(away, STRAY_FACING + turned),
                at,
                found,
                "a geometric normal points away from the camera",
                || format!("{}: {normal}", self.name(surface)),
            );
        }
    }

    /// Whether the pixel is in the middle of one face: all around it the same surface is seen, whose inverse depth changes evenly there,
    /// as that of a plane does. No sliver is. The pixel's own depth is not looked at.
    fn is_plain(&self, [x, y]: [u32; 2]) -> bool {
        let surface = self.frame.surfaces.get(x, y);
        let inverse = |dx: u32, dy: u32| {
            // Beside the first column or row there is nothing.
            let (x, y) = (x.checked_add(dx)?.checked_sub(1)?, y.checked_add(dy)?.checked_sub(1)?);
            let same = self.frame.surfaces.get(x, y) == surface;
            self.frame.depth.get(x, y).filter(|_| same).map(|&depth| 1.0 / f64::from(depth))
        };
        // Opposite neighbours of a plane's pixel have the same sum, whichever they are.
        let pairs = [[(0, 1), (2, 1)], [(1, 0), (1, 2)], [(0, 0), (2, 2)], [(2, 0), (0, 2)]];
        let sums = pairs.map(|[a, b]| Some(inverse(a.0, a.1)? + inverse(b.0, b.1)?));
        let [Some(a), Some(b), Some(c), Some(d)] = sums else { return false };
        let (low, high) = (a.min(b).min(c).min(d), a.max(b).max(c).max(d));
        high - low <= EVEN * high
    }

    /// Something is right, or a stray if it is `nearly` so, or else wrong.
    fn judge(
        &self,
        right: bool,
        nearly: bool,
        at: [u32; 2],
        found: &mut Findings,
        what: &'static str,
        detail: impl FnOnce() -> String,
    ) {
        match (right, nearly) {
            (true, _) => {}
            (false, true) => found.stray(what, at, detail),
            (false, false) => found.pixel(what, at, detail),
        }
    }

    /// Values that have a range of their own.
    fn look_at_values(&self, at: [u32; 2], n: usize, found: &mut Findings) {
        let frame = self.frame;
        let mut value = |what, wrong: bool, said: &dyn Fn() -> String| {
            if wrong {
                found.pixel(what, at, said);
            }
        };
        if let Some(&normal) = frame.geometric_normals.as_ref().and_then(|image| image.pixels().get(n)) {
            value("a geometric normal is not a unit vector", !is_unit(normal), &|| format!("{normal:?}"));
        }
        if let Some(&normal) = frame.shaded_normals.as_ref().and_then(|image| image.pixels().get(n)) {
            value("a shaded normal is not a unit vector", !is_unit(normal), &|| format!("{normal:?}"));
        }
        if let Some(&uv) = frame.uv.as_ref().and_then(|image| image.pixels().get(n)) {
            value("a texture coordinate is not finite", !is_finite(uv), &|| format!("{uv:?}"));
        }
        if let Some(&color) = frame.albedo.as_ref().and_then(|image| image.pixels().get(n)) {
            value("albedo is not within 0 and 1", !color.iter().all(is_share), &|| format!("{color:?}"));
        }
        if let Some(&share) = frame.roughness.as_ref().and_then(|image| image.pixels().get(n)) {
            value("roughness is not within 0 and 1", !is_share(&share), &|| format!("{share}"));
        }
        if let Some(&share) = frame.metallic.as_ref().and_then(|image| image.pixels().get(n)) {
            value("metallic is not within 0 and 1", !is_share(&share), &|| format!("{share}"));
        }
        if let Some(&light) = frame.emission.as_ref().and_then(|image| image.pixels().get(n)) {
            value("emission is not finite and at least 0", !is_light(light), &|| format!("{light:?}"));
        }
    }

    /// Every image is 0 where nothing is seen.
    fn look_at_nothing(&self, at: [u32; 2], n: usize, found: &mut Findings) {
        fn zero<const K: usize>(image: Option<&Image<[f32; K]>>, n: usize) -> bool {
            image.is_none_or(|image| is_zero(&image.pixels()[n]))
        }
        let frame = self.frame;
        let single = |image: Option<&Image<f32>>| image.is_none_or(|image| is_zero(&[image.pixels()[n]]));
        let images = [
            ("there is a geometric normal where nothing is seen", zero(frame.geometric_normals.as_ref(), n)),
            ("there is a shaded normal where nothing is seen", zero(frame.shaded_normals.as_ref(), n)),
            ("there are texture coordinates where nothing is seen", zero(frame.uv.as_ref(), n)),
            ("there are object coordinates where nothing is seen", zero(frame.coordinates.as_ref(), n)),
            ("there is albedo where nothing is seen", zero(frame.albedo.as_ref(), n)),
            ("there is roughness where nothing is seen", single(frame.roughness.as_ref())),
            ("there is metallic where nothing is seen", single(frame.metallic.as_ref())),
            ("there is emission where nothing is seen", zero(frame.emission.as_ref(), n)),
        ];
        for (what, _) in images.into_iter().filter(|(_, zero)| !zero) {
            found.pixel(what, at, String::new);
        }
    }

    fn name(&self, surface: u32) -> String {
        self.things
            .owner(surface)
            .map_or_else(|| format!("surface {surface}"), |position| self.things.all[position].name())
    }

    /// Whether [`look`](Self::look) would say nothing of any of the pixels from number `start` to `end`, all of which show one surface
    /// and are in one row, the first of them at `at`. May say no where it would.
    fn is_surely_right(&self, surface: u32, at: [u32; 2], start: usize, end: usize) -> bool {
        let frame = self.frame;
        let run = start..end;
        let (depth, range) = (&frame.depth.pixels()[run.clone()], &frame.range.pixels()[run.clone()]);
        let id = self.things.id(surface);
        if !every(&frame.ids.pixels()[run.clone()], |&is| is == id) {
            return false;
        }
        if let Some((image, segments)) = &self.panoptic {
            let segment = segments.get(surface as usize).copied().unwrap_or(0);
            if !every(&image.pixels()[run.clone()], |&is| is == segment) {
                return false;
            }
        }
        if surface == 0 {
            return every(depth, |&depth| depth == f32::INFINITY)
                && every(range, |&range| range == f32::INFINITY)
                && every_of(frame.geometric_normals.as_ref(), start, end, |&v| is_zero(&v))
                && every_of(frame.shaded_normals.as_ref(), start, end, |&v| is_zero(&v))
                && every_of(frame.uv.as_ref(), start, end, |&v| is_zero(&v))
                && every_of(frame.coordinates.as_ref(), start, end, |&v| is_zero(&v))
                && every_of(frame.albedo.as_ref(), start, end, |&v| is_zero(&v))
                && every_of(frame.roughness.as_ref(), start, end, |&v| v == 0.0)
                && every_of(frame.metallic.as_ref(), start, end, |&v| v == 0.0)
                && every_of(frame.emission.as_ref(), start, end, |&v| is_zero(&v));
        }
        let Some(position) = self.things.owner(surface) else { return false };
        if self.view.bent.is_some() || self.things.is_see_through(surface) {
            return false;
        }
        let lens = &self.lenses[position];
        let (Some(xs), Some(&y)) =
            (self.xs.get(at[0] as usize..at[0] as usize + run.len()), self.ys.get(at[1] as usize))
        else {
            return false;
        };
        every_of(frame.geometric_normals.as_ref(), start, end, |&v| is_unit(v))
            && every_of(frame.shaded_normals.as_ref(), start, end, |&v| is_unit(v))
            && every_of(frame.uv.as_ref(), start, end, |&v| is_finite(v))
            && every_of(frame.albedo.as_ref(), start, end, |v| v.iter().all(is_share))
            && every_of(frame.roughness.as_ref(), start, end, is_share)
            && every_of(frame.metallic.as_ref(), start, end, is_share)
            && every_of(frame.emission.as_ref(), start, end, |&v| is_light(v))
            && self.place_is_right(lens, xs, y, depth, range)
            && frame.geometric_normals.as_ref().is_none_or(|image| self.faces(xs, y, &image.pixels()[run.clone()]))
            && frame.coordinates.as_ref().is_none_or(|image| self.returns(lens, xs, y, depth, &image.pixels()[run]))
    }

    /// Near plane, range and 3D box.
    fn place_is_right(&self, lens: &Lens, xs: &[f32], y: f64, depth: &[f32], range: &[f32]) -> bool {
        let near = narrow(self.view.near * (1.0 + GPU));
        let (beside_x, beside_y) = (narrow(NARROWER * self.beside.x), narrow(NARROWER * self.beside.y));
        let slack = narrow(NARROWER * lens.slack);
        let square = narrow(NARROWER * SQUARE);
        let (high, above) = (narrow(y.abs()), narrow(1.0 + y * y));
        let [ex, ey, ez] = lens.eye.as_vec3().to_array();
        let [hx, hy, hz] = (lens.half + NARROWER * lens.slack).as_vec3().to_array();
        let [ax, ay, az] = lens.turn.x_axis.as_vec3().to_array();
        let [bx, by, bz] = (lens.turn.y_axis * y + lens.turn.z_axis).as_vec3().to_array();
        let around = beside_x + beside_y;
        let mut right = true;
        for ((&d, &r), &x) in depth.iter().zip(range).zip(xs) {
            let squared = d * d * (above + x * x);
            let (u, v) = (d * beside_x + slack, d * beside_y + slack);
            let bound = 2.0 * d * (x.abs() * u + high * v) + square * squared;
            let aside = 2.0 * slack + d * around;
            right &= (d >= near)
                & (d <= f32::MAX)
                & (r > 0.0)
                & ((r * r - squared).abs() <= bound)
                & ((ex + d * (ax * x + bx)).abs() <= hx + aside)
                & ((ey + d * (ay * x + by)).abs() <= hy + aside)
                & ((ez + d * (az * x + bz)).abs() <= hz + aside);
        }
        right
    }

    /// Geometric normals face the camera.
    fn faces(&self, xs: &[f32], y: f64, normals: &[[f32; 3]]) -> bool {
        let axes = &self.view.axes;
        let [ax, ay, az] = axes.x_axis.as_vec3().to_array();
        let [bx, by, bz] = (axes.y_axis * y + axes.z_axis).as_vec3().to_array();
        // Rays are at least 1 long.
        let bound = narrow(NARROWER * FACING);
        let mut right = true;
        for (&[nx, ny, nz], &x) in normals.iter().zip(xs) {
            right &= nx * (ax * x + bx) + ny * (ay * x + by) + nz * (az * x + bz) <= bound;
        }
        right
    }

    /// Object coordinates are within bounds and come back to their pixel and depth.
    fn returns(&self, lens: &Lens, xs: &[f32], y: f64, depth: &[f32], coordinates: &[[f32; 3]]) -> bool {
        let [cx, cy, cz] = lens.local.0.as_vec3().to_array();
        let [hx, hy, hz] = (lens.local.1 + NARROWER * lens.local_slack).as_vec3().to_array();
        let [mx, my, mz] = [lens.out.x_axis, lens.out.y_axis, lens.out.z_axis].map(|axis| axis.as_vec3().to_array());
        let [ox, oy, oz] = lens.origin.as_vec3().to_array();
        let (beside_x, beside_y) = (narrow(NARROWER * self.beside.x), narrow(NARROWER * self.beside.y));
        let (slack, share, y) = (narrow(NARROWER * lens.slack), narrow(NARROWER * DEPTH), narrow(y));
        let mut right = true;
        for ((&[u, v, w], &d), &x) in coordinates.iter().zip(depth).zip(xs) {
            let px = mx[0] * u + my[0] * v + mz[0] * w + ox;
            let py = mx[1] * u + my[1] * v + mz[1] * w + oy;
            let pz = mx[2] * u + my[2] * v + mz[2] * w + oz;
            right &= ((u - cx).abs() <= hx)
                & ((v - cy).abs() <= hy)
                & ((w - cz).abs() <= hz)
                & ((pz - d).abs() <= share * d + slack)
                & ((px - x * pz).abs() <= beside_x * pz + slack)
                & ((py - y * pz).abs() <= beside_y * pz + slack);
        }
        right
    }
}

/// Without leaving early, so that many are looked at at once.
fn every<T>(values: &[T], is_right: impl Fn(&T) -> bool) -> bool {
    values.iter().fold(true, |right, value| right & is_right(value))
}

fn every_of<T>(image: Option<&Image<T>>, start: usize, end: usize, is_right: impl Fn(&T) -> bool) -> bool {
    image.is_none_or(|image| every(&image.pixels()[start..end], is_right))
}

#[expect(clippy::cast_possible_truncation, reason = "what is lost is allowed for; what overflows is looked at in f64")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn vector(value: [f32; 3]) -> DVec3 {
    DVec3::from_array(value.map(f64::from))
}

#[expect(clippy::cast_possible_truncation, reason = "a power of two")]
fn is_unit([x, y, z]: [f32; 3]) -> bool {
    (x * x + y * y + z * z - 1.0).abs() <= UNIT as f32
}

fn is_finite<const K: usize>(values: [f32; K]) -> bool {
    values.iter().fold(true, |right, value| right & (value.abs() <= f32::MAX))
}

fn is_zero<const K: usize>(values: &[f32; K]) -> bool {
    values.iter().fold(true, |right, &value| right & (value == 0.0))
}

fn is_share(value: &f32) -> bool {
    (*value >= -SHARE) & (*value <= 1.0 + SHARE)
}

fn is_light([r, g, b]: [f32; 3]) -> bool {
    let is = |value: f32| (0.0..=f32::MAX).contains(&value);
    is(r) & is(g) & is(b)
}
