//! What contracts count: the same words for what is estimated before anything is drawn and for what annotations say in the end.

use super::sight::Seen;
use super::{Below, Scene, wanted};
use crate::recipe::{Contract, ContractKind, Spread};

/// An annotation, or what will be one.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Number of the camera.
    pub camera: usize,
    /// Its instance's id in the scene.
    pub id: u32,
    /// Width of its box, pixels.
    pub width: f64,
    /// Height of its box, pixels.
    pub height: f64,
    /// Seen pixels over those within the image, where that is known.
    pub visibility: Option<f64>,
}

/// Which annotations a scene will have (crowds left out), by what its cameras are estimated to see.
pub fn expected(scene: &Scene, seen: &[Seen]) -> Vec<Observed> {
    let rules = &scene.labels;
    let is_annotated = |seen: &&Seen| {
        let too_little = seen.visible < f64::from(rules.min_visible_px) || seen.visibility() < rules.min_visibility;
        scene.instances[seen.instance].id > 0 && seen.is_seen() && !(too_little && rules.below != Below::Keep)
    };
    let observed = seen.iter().filter(is_annotated).map(|seen| Observed {
        camera: seen.camera,
        id: scene.instances[seen.instance].id,
        width: seen.bbox[2],
        height: seen.bbox[3],
        visibility: Some(seen.visibility()),
    });
    observed.collect()
}

impl Spread {
    /// Which bin a size is in; `None` beyond the ends.
    pub fn bin(&self, size: f64) -> Option<usize> {
        let at = |x: f64| if self.log { libm::log(x) } else { x };
        if !(self.min..=self.max).contains(&size) {
            return None;
        }
        let share = (at(size) - at(self.min)) / (at(self.max) - at(self.min));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the number of bins")]
        let bin = (share * f64::from(self.bins)) as usize;
        Some(bin.min(self.bins as usize - 1))
    }

    /// Ends of a bin, pixels.
    pub fn ends(&self, bin: usize) -> (f64, f64) {
        let end = |k: usize| {
            let share = k as f64 / f64::from(self.bins);
            match self.log {
                true => self.min * libm::exp(share * libm::log(self.max / self.min)),
                false => self.min + share * (self.max - self.min),
            }
        };
        (end(bin), end(bin + 1))
    }
}

impl Contract {
    /// The share that each count is to have of all of them. `at_least` for contracts that ask for no less than the first share.
    pub fn asked(&self) -> Vec<f64> {
        match &self.kind {
            ContractKind::BoxHeight(spread) | ContractKind::BoxWidth(spread) => {
                vec![1.0 / f64::from(spread.bins); spread.bins as usize]
            }
            ContractKind::Visibility { share, .. }
            | ContractKind::Share { share }
            | ContractKind::When { share, .. } => vec![*share, 1.0 - share],
            ContractKind::Balanced { categories } => vec![1.0 / categories.len() as f64; categories.len()],
        }
    }

    /// Whether more than the first share is as good.
    pub fn is_one_sided(&self) -> bool {
        matches!(self.kind, ContractKind::Visibility { .. })
    }

    /// Whether its counts are of scenes rather than of annotations.
    pub fn counts_scenes(&self) -> bool {
        matches!(self.kind, ContractKind::Share { .. } | ContractKind::When { .. })
    }

    /// What each count is of.
    pub fn names(&self) -> Vec<String> {
        let ends = |spread: &Spread, what: &str| {
            let name = |bin| {
                let (min, max) = spread.ends(bin);
                format!("{what} {} to {} px", short(min), short(max))
            };
            (0..spread.bins as usize).map(name).collect()
        };
        match &self.kind {
            ContractKind::BoxHeight(spread) => ends(spread, "height"),
            ContractKind::BoxWidth(spread) => ends(spread, "width"),
            ContractKind::Visibility { least, .. } => {
                vec![format!("visibility >= {least}"), format!("visibility < {least}")]
            }
            ContractKind::Balanced { categories } => categories.clone(),
            ContractKind::Share { .. } => vec!["scenes with it".into(), "scenes without".into()],
            ContractKind::When { text, .. } => vec![format!("scenes of which {text}"), "other scenes".into()],
        }
    }

    /// How much of each there is, of these annotations of a scene.
    pub fn count(&self, scene: &Scene, observed: &[Observed]) -> Vec<f64> {
        let mut counts = vec![0.0; self.asked().len()];
        if let ContractKind::When { condition, .. } = &self.kind {
            let holds = condition.as_ref().is_some_and(|condition| condition.holds(&scene.parameters));
            counts[usize::from(!holds)] = 1.0;
            return counts;
        }
        if self.counts_scenes() {
            let found = scene.instances.iter().any(|instance| wanted::is_called(scene, instance, &self.of));
            counts[usize::from(!found)] = 1.0;
            return counts;
        }
        // Ids are dense, from 1, in this order.
        let labelled: Vec<_> = scene.instances.iter().filter(|instance| instance.id > 0).collect();
        for observed in observed {
            let camera = scene.cameras.get(observed.camera);
            if self.camera.is_some() && self.camera.as_ref() != camera.map(|camera| &camera.name) {
                continue;
            }
            let position = (observed.id as usize).checked_sub(1);
            let Some(instance) = position.and_then(|position| labelled.get(position)) else { continue };
            if !self.of.is_empty() && !wanted::is_called(scene, instance, &self.of) {
                continue;
            }
            let place = match &self.kind {
                ContractKind::BoxHeight(spread) => spread.bin(observed.height),
                ContractKind::BoxWidth(spread) => spread.bin(observed.width),
                ContractKind::Visibility { least, .. } => {
                    observed.visibility.map(|visibility| usize::from(visibility < *least))
                }
                ContractKind::Balanced { categories } => {
                    let category = scene.categories.iter().find(|category| Some(category.id) == instance.category);
                    category.and_then(|category| categories.iter().position(|name| *name == category.name))
                }
                ContractKind::Share { .. } | ContractKind::When { .. } => None,
            };
            if let Some(place) = place {
                counts[place] += 1.0;
            }
        }
        counts
    }
}

/// How well a contract is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its name in the recipe.
    pub name: String,
    /// What each count is of.
    pub of: Vec<String>,
    /// Shares that are asked for.
    pub asked: Vec<f64>,
    /// Shares that there are; all 0 of nothing.
    pub achieved: Vec<f64>,
    /// How many annotations (or scenes) are counted.
    pub total: f64,
    /// How far a share may be off.
    pub within: f64,
    /// How far the worst share is off.
    pub off: f64,
    /// By how much the worst share may be off by chance alone. Of what was counted: two standard errors, as if all were independent. Of
    /// what a pilot estimates: one, of the pilot.
    pub chance: f64,
}

impl Kept {
    /// Holds counts against a contract.
    pub fn new(name: &str, contract: &Contract, counts: &[f64]) -> Self {
        let asked = contract.asked();
        let total: f64 = counts.iter().sum();
        let achieved: Vec<f64> = counts.iter().map(|count| if total > 0.0 { count / total } else { 0.0 }).collect();
        let off = |k: usize| {
            let off = achieved[k] - asked[k];
            if contract.is_one_sided() { (if k == 0 { -off } else { off }).max(0.0) } else { off.abs() }
        };
        let chance = asked.iter().map(|p| 2.0 * (p * (1.0 - p) / total.max(1.0)).sqrt()).fold(0.0, f64::max);
        Self {
            name: name.to_owned(),
            of: contract.names(),
            off: (0..asked.len()).map(off).fold(0.0, f64::max),
            asked,
            achieved,
            total,
            within: contract.within,
            chance,
        }
    }

    /// Whether every share is as near as was asked for.
    pub fn is_met(&self) -> bool {
        self.total > 0.0 && self.off <= self.within
    }
}

/// Three digits are enough for the end of a bin.
fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{:.3}", value).trim_end_matches('0').trim_end_matches('.').chars().take(4).collect()
    }
}
