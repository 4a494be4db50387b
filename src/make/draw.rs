//! Every number decided, each by its own path of names.

use std::collections::BTreeMap;

use super::limits::{LEAST, LEAST_TAPER, MAX_COPIES, MAX_FACETS, MAX_SIDES, MAX_TWIST, MOST_TAPER};
use super::plant::{Limit, MOST_ANGLE};
use super::{Made, Member, Outline};
use crate::assets::Library;
use crate::recipe::{MaterialRecipe, Scalar, ShapeRecipe, Varied};
use crate::scene::random::{self, Key, quantile};
use crate::scene::{Material, SampleError, Shape, draw_material, draw_scale, draw_shape};

/// What shapes are drawn from besides their own numbers.
#[derive(Debug, Clone, Copy)]
pub struct Stock<'a> {
    /// The recipe's materials, by name.
    pub materials: &'a BTreeMap<String, MaterialRecipe>,
    /// Collections of files.
    pub library: &'a Library,
}

/// The greatest length that is drawn, metres. (A normal distribution has no ends.)
const MOST: f64 = 1e6;

/// Draws what belongs to one shape.
struct Drawer<'a> {
    key: &'a Key,
    stock: Stock<'a>,
}

impl Drawer<'_> {
    fn within(&self, dist: &Scalar, name: &str, min: f64, max: f64) -> f64 {
        random::scalar(dist, &self.key.name(name)).clamp(min, max)
    }

    fn length(&self, dist: &Scalar, name: &str) -> f64 {
        self.within(dist, name, LEAST, MOST)
    }

    /// 0 or more.
    fn amount(&self, dist: &Scalar, name: &str) -> f64 {
        self.within(dist, name, 0.0, MOST)
    }

    fn number(&self, dist: &Scalar, name: &str) -> f64 {
        self.within(dist, name, -MOST, MOST)
    }

    fn angle(&self, dist: &Scalar, name: &str) -> f64 {
        self.number(dist, name).to_radians()
    }

    fn count(&self, dist: &Scalar, name: &str, min: f64, max: f64) -> f64 {
        random::scalar(dist, &self.key.name(name)).round().clamp(min, max)
    }

    fn three(&self, dists: &[Scalar; 3], name: &str, min: f64, max: f64) -> [f64; 3] {
        let key = self.key.name(name);
        let inner = Drawer { key: &key, stock: self.stock };
        [0, 1, 2].map(|k| inner.within(&dists[k], ["x", "y", "z"][k], min, max))
    }

    /// Edge lengths, called `x`, `y`, `z` in the recipe.
    fn edges(&self, dists: &[Scalar; 3]) -> [f64; 3] {
        [0, 1, 2].map(|k| self.length(&dists[k], ["x", "y", "z"][k]))
    }

    fn pair(&self, dists: &[Scalar; 2], names: [&str; 2]) -> [f64; 2] {
        [0, 1].map(|k| self.number(&dists[k], names[k]))
    }

    fn shape(&self, shape: &Varied<ShapeRecipe>) -> Result<Shape, SampleError> {
        draw_shape(shape, self.stock, &self.key.name("shape"))
    }

    fn seed(&self) -> u32 {
        // Below 2^32.
        u32::try_from(quantile::below(self.key.name("noise").stream().unit(), 1 << 32)).unwrap_or(0)
    }

    fn material(&self, names: &Option<Varied<String>>, field: &str) -> Result<Option<Material>, SampleError> {
        let Some(names) = names else { return Ok(None) };
        let key = self.key.name(field);
        let (name, _) = random::pick(names, &key);
        let recipe = self.stock.materials.get(name);
        let recipe = recipe.ok_or_else(|| SampleError::Unchecked { what: format!("a material `{name}`") })?;
        Ok(Some(draw_material(name, recipe, &key)))
    }

    fn outline(&self, outline: &Outline<Scalar>) -> Outline {
        match outline {
            Outline::Polygon { points, curve } => {
                let key = self.key.name("points");
                let point = |(k, p): (u64, &[Scalar; 2])| {
                    let key = key.item(k);
                    Drawer { key: &key, stock: self.stock }.pair(p, ["x", "y"])
                };
                Outline::Polygon { points: (0..).zip(points).map(point).collect(), curve: *curve }
            }
            Outline::Regular { sides, radius, turn, at } => Outline::Regular {
                sides: match self.count(sides, "sides", 0.0, MAX_SIDES) {
                    0.0 => 0.0,
                    n => n.max(3.0),
                },
                radius: self.length(radius, "radius"),
                turn: self.angle(turn, "turn"),
                at: self.pair(at, ["x", "y"]),
            },
            Outline::Star { points, outer, inner, turn, at } => Outline::Star {
                points: self.count(points, "points", 2.0, MAX_SIDES),
                outer: self.length(outer, "outer"),
                inner: self.length(inner, "inner"),
                turn: self.angle(turn, "turn"),
                at: self.pair(at, ["x", "y"]),
            },
            Outline::Rectangle { size: [width, length], radius, turn, at } => Outline::Rectangle {
                size: [self.length(width, "width"), self.length(length, "length")],
                radius: self.amount(radius, "radius"),
                turn: self.angle(turn, "turn"),
                at: self.pair(at, ["x", "y"]),
            },
        }
    }

    fn named_outline(&self, outline: &Outline<Scalar>) -> Outline {
        let key = self.key.name("outline");
        Drawer { key: &key, stock: self.stock }.outline(outline)
    }

    fn member(&self, member: &Member<Scalar>) -> Result<Member, SampleError> {
        Ok(Member {
            shape: self.shape(&member.shape)?,
            material: self.material(&member.material, "material")?,
            position: random::vector(&member.position, &self.key.name("position"))
                .clamp(glam::DVec3::splat(-MOST), glam::DVec3::splat(MOST)),
            rotation: random::rotation(&member.rotation, &self.key.name("rotation")),
            scale: draw_scale(&member.scale, &self.key.name("scale")),
        })
    }
}

impl Made<Scalar> {
    /// Every number decided, the materials of its parts too. What lies outside of what a field can be is moved to the nearer end.
    ///
    /// # Errors
    /// It names a material that is not there: the recipe was never checked.
    pub fn draw(&self, key: &Key, stock: Stock<'_>) -> Result<Made, SampleError> {
        let d = Drawer { key, stock };
        Ok(match self {
            Self::Superellipsoid { size, vertical, horizontal } => Made::Superellipsoid {
                size: d.edges(size),
                vertical: d.within(vertical, "vertical", 0.05, 2.0),
                horizontal: d.within(horizontal, "horizontal", 0.05, 2.0),
            },
            Self::RoundedBox { size, radius } => {
                Made::RoundedBox { size: d.edges(size), radius: d.length(radius, "radius") }
            }
            Self::RoundedCylinder { radius, height, edge } => Made::RoundedCylinder {
                radius: d.length(radius, "radius"),
                height: d.length(height, "height"),
                edge: d.length(edge, "edge"),
            },
            Self::Tube { outer, inner, height } => {
                let outer = d.length(outer, "outer");
                // A bore as wide as the tube would leave nothing.
                let inner = d.length(inner, "inner").min(outer * 0.999);
                Made::Tube { outer, inner, height: d.length(height, "height") }
            }
            Self::Lathe { profile, curve, closed, smooth, segments } => {
                let key = key.name("profile");
                let point = |(k, [r, y]): (u64, &[Scalar; 2])| {
                    let key = key.item(k);
                    let d = Drawer { key: &key, stock };
                    [d.amount(r, "r"), d.number(y, "y")]
                };
                let profile = (0..).zip(profile).map(point).collect();
                Made::Lathe { profile, curve: *curve, closed: *closed, smooth: *smooth, segments: *segments }
            }
            Self::Extrude { outline, holes, height, bevel, twist, taper, smooth } => {
                let holes_key = key.name("holes");
                let hole = |(k, hole): (u64, &Outline<Scalar>)| Drawer { key: &holes_key.item(k), stock }.outline(hole);
                Made::Extrude {
                    outline: d.named_outline(outline),
                    holes: (0..).zip(holes).map(hole).collect(),
                    height: d.length(height, "height"),
                    bevel: d.amount(bevel, "bevel"),
                    twist: d.angle(twist, "twist").clamp(-MAX_TWIST, MAX_TWIST),
                    taper: d.within(taper, "taper", LEAST_TAPER, MOST_TAPER),
                    smooth: *smooth,
                }
            }
            Self::Sweep { outline, path, curve, closed, taper, twist, smooth } => {
                let path_key = key.name("path");
                let point = |(k, p): (u64, &[Scalar; 3])| {
                    let key = path_key.item(k);
                    let d = Drawer { key: &key, stock };
                    [0, 1, 2].map(|k| d.number(&p[k], ["x", "y", "z"][k]))
                };
                Made::Sweep {
                    outline: d.named_outline(outline),
                    path: (0..).zip(path).map(point).collect(),
                    curve: *curve,
                    closed: *closed,
                    taper: d.within(taper, "taper", LEAST_TAPER, MOST_TAPER),
                    twist: d.angle(twist, "twist").clamp(-MAX_TWIST, MAX_TWIST),
                    smooth: *smooth,
                }
            }
            Self::Text { text, height, depth, bevel, font, align } => Made::Text {
                text: random::pick(text, &key.name("text")).0.clone(),
                height: d.length(height, "height"),
                depth: d.length(depth, "depth"),
                bevel: d.amount(bevel, "bevel"),
                font: font.clone(),
                align: *align,
            },
            Self::Terrain { size: [x, z], height, feature_size, octaves, resolution, seed: () } => Made::Terrain {
                size: [d.length(x, "x"), d.length(z, "z")],
                height: d.amount(height, "height"),
                feature_size: d.length(feature_size, "feature_size"),
                octaves: *octaves,
                resolution: *resolution,
                seed: d.seed(),
            },
            Self::Rock { size, roughness, facets, detail, seed: () } => Made::Rock {
                size: d.edges(size),
                roughness: d.within(roughness, "roughness", 0.0, 1.0),
                facets: d.count(facets, "facets", 0.0, MAX_FACETS),
                detail: *detail,
                seed: d.seed(),
            },
            Self::Blob { radius, amplitude, feature_size, stretch, octaves, detail, seed: () } => {
                let radius = d.length(radius, "radius");
                Made::Blob {
                    radius,
                    amplitude: d.within(amplitude, "amplitude", 0.0, radius),
                    feature_size: d.length(feature_size, "feature_size"),
                    stretch: d.three(stretch, "stretch", LEAST_TAPER, MOST_TAPER),
                    octaves: *octaves,
                    detail: *detail,
                    seed: d.seed(),
                }
            }
            Self::Bone { length, radius, knob, roughness, seed: () } => Made::Bone {
                length: d.length(length, "length"),
                radius: d.length(radius, "radius"),
                knob: d.within(knob, "knob", 1.0, 5.0),
                roughness: d.within(roughness, "roughness", 0.0, 0.5),
                seed: d.seed(),
            },
            Self::Displaced { shape, amplitude, feature_size, octaves, detail, seed: () } => Made::Displaced {
                shape: d.shape(shape)?,
                amplitude: d.amount(amplitude, "amplitude"),
                feature_size: d.length(feature_size, "feature_size"),
                octaves: *octaves,
                detail: *detail,
                seed: d.seed(),
            },
            Self::Plant(plant) => {
                let number = |name: &'static str, dist: &Scalar, limit| {
                    Ok(match limit {
                        Limit::Length => d.length(dist, name),
                        Limit::Count(most) => d.count(dist, name, 0.0, most),
                        Limit::Angle => d.angle(dist, name).clamp(0.0, MOST_ANGLE),
                        Limit::Within(min, max) => d.within(dist, name, min, max),
                    })
                };
                Made::Plant(Box::new(plant.each(number, |name, names| d.material(names, name), d.seed())?))
            }
            Self::Group(members) => {
                let member = |(name, member): (&String, &Member<Scalar>)| {
                    let drawn = Drawer { key: &key.name(name), stock }.member(member)?;
                    Ok::<_, SampleError>((name.clone(), drawn))
                };
                Made::Group(members.iter().map(member).collect::<Result<_, _>>()?)
            }
            Self::Array { shape, count, step } => {
                let counts = key.name("count");
                let counts = Drawer { key: &counts, stock };
                Made::Array {
                    shape: d.shape(shape)?,
                    count: [0, 1, 2].map(|k| counts.count(&count[k], ["x", "y", "z"][k], 1.0, MAX_COPIES)),
                    step: d.three(step, "step", -MOST, MOST),
                }
            }
            Self::Ring { shape, count, radius } => Made::Ring {
                shape: d.shape(shape)?,
                count: d.count(count, "count", 1.0, MAX_COPIES),
                radius: d.amount(radius, "radius"),
            },
        })
    }
}

impl Made<Scalar> {
    /// Why nothing comes of it, where that is so whatever is drawn: where it does not vary.
    pub fn fault(&self) -> Option<String> {
        if !matches!(self, Self::Lathe { .. } | Self::Extrude { .. } | Self::Sweep { .. }) {
            return None; // the others are right within their limits
        }
        let (materials, library) = (BTreeMap::new(), Library::default());
        let stock = Stock { materials: &materials, library: &library };
        let [one, other] = [0, 1].map(|seed| self.draw(&Key::new(seed, 0), stock).ok());
        let one = one.filter(|one| other.as_ref() == Some(one))?;
        super::build(&one, &library).err()
    }
}
