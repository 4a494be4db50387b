//! What the scene says of each instance and surface, as the checks need it.

use std::collections::BTreeMap;

use glam::{DMat3, DVec2, DVec3};

use super::bounds::GPU;
use super::findings::Findings;
use super::view::{View, axes};
use crate::annotate::{Solid, Subject};
use crate::frame::{Frame, Owner};
use crate::scene::Instance;

/// An instance before the camera. Its object frame is its own frame after its scale: metres, rigid to the world.
#[derive(Debug)]
pub(super) struct Thing<'a> {
    pub(super) instance: &'a Instance,
    pub(super) solid: &'a Solid,
    /// World from object.
    pub(super) axes: DMat3,
    /// Lower and upper corner of its box in the object frame.
    pub(super) lower: DVec3,
    pub(super) upper: DVec3,
    /// What the GPU's arithmetic may be off by on its surface, metres.
    pub(super) slack: f64,
    /// The pixels that show it.
    pub(super) seen: Extent,
}

/// How many pixels, and where.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub(super) count: u64,
    /// Left, top, right and bottom, exclusive; of no meaning for no pixels.
    edges: [u32; 4],
}

impl Extent {
    /// Takes in the non-empty rectangle, of which `count` pixels are set.
    pub(super) fn add(&mut self, [left, top, right, bottom]: [u32; 4], count: u64) {
        let [l, t, r, b] = self.edges;
        self.edges = match self.count {
            0 => [left, top, right, bottom],
            _ => [l.min(left), t.min(top), r.max(right), b.max(bottom)],
        };
        self.count += count;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.count > 0 {
            self.add(other.edges, other.count);
        }
    }

    /// `[x, y, width, height]`; all 0 for no pixels.
    pub(super) fn bbox(&self) -> [u32; 4] {
        let [left, top, right, bottom] = self.edges;
        [left, top, right - left, bottom - top]
    }
}

impl<'a> Thing<'a> {
    fn new(instance: &'a Instance, solid: &'a Solid, view: &View) -> Self {
        let (a, b) = (solid.local.0 * instance.scale, solid.local.1 * instance.scale);
        let (lower, upper) = (a.min(b), a.max(b));
        let reach = lower.abs().max(upper.abs()).length();
        let farthest = reach + instance.position.abs().max_element() + view.position.abs().max_element();
        Self {
            instance,
            solid,
            axes: axes(instance.rotation),
            lower,
            upper,
            slack: GPU * farthest,
            seen: Extent::default(),
        }
    }

    /// `mugs[2] (id 7)`.
    pub(super) fn name(&self) -> String {
        format!("{} (id {})", self.instance.name(), self.instance.id)
    }

    /// The camera's centre in the object frame.
    pub(super) fn eye(&self, view: &View) -> DVec3 {
        self.axes.transpose() * (view.position - self.instance.position)
    }

    /// Object from camera: rotation alone.
    pub(super) fn turn(&self, view: &View) -> DMat3 {
        self.axes.transpose() * view.axes
    }

    /// A point of the object frame in the camera's.
    pub(super) fn seen_from(&self, view: &View, point: DVec3) -> DVec3 {
        view.point(self.axes * point + self.instance.position)
    }

    /// Corners of its box in the camera's frame; the upper x, y and z where bits 0, 1 and 2 of their number are set.
    pub(super) fn corners(&self, view: &View) -> [DVec3; 8] {
        corners(self.lower, self.upper).map(|corner| self.seen_from(view, corner))
    }

    pub(super) fn is_labelled(&self) -> bool {
        self.instance.category.is_some()
    }
}

/// Corners of a box; the upper x, y and z where bits 0, 1 and 2 of their number are set.
pub(super) fn corners(lower: DVec3, upper: DVec3) -> [DVec3; 8] {
    std::array::from_fn(|k| {
        let pick = |axis: usize| if (k >> axis) % 2 == 1 { upper[axis] } else { lower[axis] };
        DVec3::new(pick(0), pick(1), pick(2))
    })
}

/// All instances, in the scene's order, and where those with an id are.
pub(super) struct Things<'a> {
    pub(super) all: Vec<Thing<'a>>,
    pub(super) by_id: BTreeMap<u32, usize>,
    /// For each surface, the position of its owner; `None` where the owner is not in the scene.
    pub(super) owners: Vec<Option<usize>>,
    /// For each surface, whether labels see through it.
    see_through: Vec<bool>,
}

impl<'a> Things<'a> {
    pub(super) fn new(subject: &'a Subject, frame: &Frame, view: &View, found: &mut Findings) -> Self {
        let pairs = subject.scene.instances.iter().zip(&subject.solids);
        let all: Vec<_> = pairs.map(|(instance, solid)| Thing::new(instance, solid, view)).collect();
        let mut by_id = BTreeMap::new();
        for (position, thing) in all.iter().enumerate() {
            if thing.is_labelled() != (thing.instance.id > 0) {
                found
                    .instance("an instance has an id without a category, or a category without an id", || thing.name());
            } else if thing.is_labelled() && by_id.insert(thing.instance.id, position).is_some() {
                found.instance("two instances of the scene have one id", || thing.name());
            }
        }
        let owners = (1..)
            .zip(frame.owners.iter())
            .map(|(surface, owner): (u32, _)| {
                let position = usize::try_from(owner.instance).ok().filter(|&position| position < all.len());
                let Some(thing) = position.and_then(|position| all.get(position)) else {
                    found.other("a surface belongs to no instance of the scene", "surface", || {
                        format!("{surface}, of instance number {}", owner.instance)
                    });
                    return None;
                };
                if thing.instance.id != owner.id {
                    found.other("a surface has another id than its instance", "surface", || {
                        format!("{surface} of {}, with id {}", thing.name(), owner.id)
                    });
                }
                if part(thing, owner).is_none() {
                    found.other("a surface has a part number that its instance lacks", "surface", || {
                        format!("{surface} of {}, part {}", thing.name(), owner.part)
                    });
                }
                position
            })
            .collect();
        let see_through = frame.owners.iter().map(|owner| {
            let thing = usize::try_from(owner.instance).ok().and_then(|position| all.get(position));
            thing.and_then(|thing| part(thing, owner)).unwrap_or(false)
        });
        let see_through = see_through.collect();
        Self { all, by_id, owners, see_through }
    }

    /// Who has an id.
    pub(super) fn with_id(&self, id: u32) -> Option<&Thing<'a>> {
        self.by_id.get(&id).and_then(|&position| self.all.get(position))
    }

    /// The owner of a surface, by its value in the surface image.
    pub(super) fn owner(&self, surface: u32) -> Option<usize> {
        let number = usize::try_from(surface).ok()?.checked_sub(1)?;
        self.owners.get(number).copied().flatten()
    }

    /// The id that a surface shows: 0 for nothing, for what is not labelled, and for what nobody owns.
    pub(super) fn id(&self, surface: u32) -> u32 {
        self.owner(surface).map_or(0, |position| self.all[position].instance.id)
    }

    /// Whether labels see through a surface.
    pub(super) fn is_see_through(&self, surface: u32) -> bool {
        let number = usize::try_from(surface).ok().and_then(|surface| surface.checked_sub(1));
        number.and_then(|number| self.see_through.get(number)).copied().unwrap_or(false)
    }
}

/// How far a point that is on the ray within [`PIXEL`](super::bounds::PIXEL) of a pixel's centre may be beside it, at a depth of 1.
pub(super) fn beside(view: &View) -> DVec2 {
    super::bounds::PIXEL / view.focal
}

/// Whether labels see through the part of `thing` that `owner` names; `None` if it has no such part.
fn part(thing: &Thing<'_>, owner: &Owner) -> Option<bool> {
    let number = usize::try_from(owner.part).ok()?.checked_sub(1)?;
    thing.solid.see_through.get(number).copied()
}
