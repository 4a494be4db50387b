//! Animations: where nodes stand, and how morph targets are weighted, at one moment of one animation (glTF 2.0, 3.11 and appendix C).

use std::collections::BTreeMap;

use glam::{DQuat, DVec3, DVec4};
use gltf::animation::{Interpolation, Property};

use super::accessor::Reader;
use super::model::label;

/// Later moments are refused, seconds: eleven days.
const MAX_TIME: f32 = 1e6;

/// What an animation says of one node, at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved {
    pub(super) translation: Option<DVec3>,
    pub(super) rotation: Option<DQuat>,
    pub(super) scale: Option<DVec3>,
    pub(super) weights: Option<Vec<f32>>,
}

/// What an animation is called: its name, else its number.
pub(super) fn name(animation: &gltf::Animation<'_>) -> String {
    match animation.name() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => animation.index().to_string(),
    }
}

/// How long an animation is, from its first key to its last, seconds.
pub(super) fn length(animation: &gltf::Animation<'_>, reader: &mut Reader<'_>) -> Result<f64, String> {
    let (_, first, last) = times(animation, reader)?;
    Ok((f64::from(last) - f64::from(first)).max(0.0))
}

/// The times of the keys of each channel, and the first and the last of all.
fn times(animation: &gltf::Animation<'_>, reader: &mut Reader<'_>) -> Result<(Vec<Vec<f32>>, f32, f32), String> {
    let within = |reason: String| format!("animation {}: {reason}", label(animation.name(), animation.index()));
    let mut times: Vec<Vec<f32>> = Vec::new();
    for channel in animation.channels() {
        let keys = reader.scalars(&channel.sampler().input(), "the list of times").map_err(within)?;
        let rising = keys.windows(2).all(|pair| pair[0] <= pair[1]);
        if !rising || keys.iter().any(|time| !(0.0..=MAX_TIME).contains(time)) {
            return Err(within(format!("its times do not rise from 0 to at most {MAX_TIME} s")));
        }
        times.push(keys);
    }
    let first = times.iter().filter_map(|keys| keys.first()).copied().fold(f32::INFINITY, f32::min);
    let last = times.iter().filter_map(|keys| keys.last()).copied().fold(0.0, f32::max);
    Ok((times, first, last))
}

/// Where an animation puts the nodes that it moves; `share` is 0 at its first key and 1 at its last.
pub(super) fn at(
    animation: &gltf::Animation<'_>,
    share: f64,
    reader: &mut Reader<'_>,
) -> Result<BTreeMap<usize, Moved>, String> {
    let within = |reason: String| format!("animation {}: {reason}", label(animation.name(), animation.index()));
    let (times, first, last) = times(animation, reader)?;
    let time = f64::from(first) + share * (f64::from(last) - f64::from(first));
    let mut moved: BTreeMap<usize, Moved> = BTreeMap::new();
    for (channel, keys) in animation.channels().zip(&times) {
        let sampler = channel.sampler();
        let moment = Moment::find(keys, time, sampler.interpolation());
        let (node, output) = (channel.target().node(), sampler.output());
        let entry = moved.entry(node.index()).or_default();
        match channel.target().property() {
            Property::Translation => {
                let values = reader.floats::<3>(&output, "the list of translations").map_err(within)?;
                entry.translation = Some(DVec3::from_array(moment.mix(&values).map_err(within)?));
            }
            Property::Scale => {
                let values = reader.floats::<3>(&output, "the list of scales").map_err(within)?;
                entry.scale = Some(DVec3::from_array(moment.mix(&values).map_err(within)?));
            }
            Property::Rotation => {
                let values = reader.floats::<4>(&output, "the list of rotations").map_err(within)?;
                entry.rotation = Some(moment.turn(&values).map_err(within)?);
            }
            Property::MorphTargetWeights => {
                let values = reader.scalars(&output, "the list of weights").map_err(within)?;
                let (per_key, rest) = (values.len() / moment.entries, values.len() % moment.entries);
                if rest != 0 || per_key == 0 {
                    return Err(within("it has not as many weights for each time".into()));
                }
                #[expect(clippy::cast_possible_truncation, reason = "weights are f32 in the file")]
                let weights = (0..per_key)
                    .map(|k| {
                        let own: Vec<[f32; 1]> = values.iter().skip(k).step_by(per_key).map(|&w| [w]).collect();
                        moment.mix(&own).map(|[weight]| weight as f32)
                    })
                    .collect::<Result<Vec<f32>, String>>()
                    .map_err(within)?;
                entry.weights = Some(weights);
            }
        }
    }
    Ok(moved)
}

/// Between which two keys a moment lies.
struct Moment {
    key: usize,
    /// 0..=1 from `key` to the next one; 0 where there is no next one.
    share: f64,
    /// Seconds from `key` to the next one.
    step: f64,
    how: Interpolation,
    /// How many outputs there are.
    entries: usize,
}

impl Moment {
    /// Before the first key and after the last one, nothing moves.
    fn find(keys: &[f32], time: f64, how: Interpolation) -> Self {
        let after = keys.partition_point(|&key| f64::from(key) <= time);
        let key = after.saturating_sub(1);
        let (mut share, mut step) = (0.0, 0.0);
        if after > 0 && after < keys.len() {
            step = f64::from(keys[after]) - f64::from(keys[key]);
            share = (time - f64::from(keys[key])) / step;
        }
        let entries = if how == Interpolation::CubicSpline { 3 * keys.len() } else { keys.len() };
        Self { key, share, step, how, entries }
    }

    fn ends<const N: usize>(&self, values: &[[f32; N]]) -> Result<[[f64; N]; 2], String> {
        if values.len() != self.entries {
            return Err(format!("it has {} values for {} times", values.len(), self.entries));
        }
        let next = if self.share > 0.0 { self.key + 1 } else { self.key };
        Ok([self.key, next].map(|k| values[k].map(f64::from)))
    }

    fn mix<const N: usize>(&self, values: &[[f32; N]]) -> Result<[f64; N], String> {
        match self.how {
            Interpolation::CubicSpline => self.spline(values),
            how => {
                let [a, b] = self.ends(values)?;
                let t = if how == Interpolation::Step { 0.0 } else { self.share };
                Ok(std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t))
            }
        }
    }

    /// Hermite; each key has three values: the slope that leads to it, where it is, and the slope that leads on.
    fn spline<const N: usize>(&self, values: &[[f32; N]]) -> Result<[f64; N], String> {
        if values.len() != self.entries {
            return Err(format!("it has {} values where {} are expected", values.len(), self.entries));
        }
        let of = |key: usize, which: usize| values[3 * key + which].map(f64::from);
        let next = if self.share > 0.0 { self.key + 1 } else { self.key };
        let (p, m, q, n) = (of(self.key, 1), of(self.key, 2), of(next, 1), of(next, 0));
        let (t, d) = (self.share, self.step);
        let (t2, t3) = (t * t, t * t * t);
        Ok(std::array::from_fn(|i| {
            (2.0 * t3 - 3.0 * t2 + 1.0) * p[i]
                + d * (t3 - 2.0 * t2 + t) * m[i]
                + (3.0 * t2 - 2.0 * t3) * q[i]
                + d * (t3 - t2) * n[i]
        }))
    }

    fn turn(&self, values: &[[f32; 4]]) -> Result<DQuat, String> {
        let turned = match self.how {
            Interpolation::CubicSpline => DVec4::from_array(self.spline(values)?),
            how => {
                let [a, b] = self.ends(values)?.map(DVec4::from_array);
                if how == Interpolation::Step { a } else { slerp(a, b, self.share) }
            }
        };
        let unit = turned.try_normalize().ok_or("a rotation has no length")?;
        Ok(DQuat::from_vec4(unit))
    }
}

/// Along the shorter great circle (Shoemake, "Animating rotation with quaternion curves", 1985).
fn slerp(a: DVec4, b: DVec4, t: f64) -> DVec4 {
    let (a, b) = (a.normalize_or_zero(), b.normalize_or_zero());
    let cos = a.dot(b);
    let (b, cos) = if cos < 0.0 { (-b, -cos) } else { (b, cos) };
    if cos > 0.999_999 {
        return a + (b - a) * t;
    }
    let angle = libm::acos(cos);
    (a * libm::sin((1.0 - t) * angle) + b * libm::sin(t * angle)) / libm::sin(angle)
}
