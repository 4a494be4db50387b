//! Contracts and splits of a dataset, counted from what is written and from nothing that was estimated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::annotate::Labels;
use crate::recipe::{Contract, HeldOut, Splits};
use crate::scene::Scene;
use crate::scene::contract::{Kept, Observed};
use crate::scene::split::{Occurred, Used};
use crate::write::error::WriteError;
use crate::write::manifest::DatasetInfo;

/// What a frame adds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FrameWanted {
    /// What contracts count in it, one after the other: whole numbers.
    counts: Vec<f64>,
    /// Its scene's split.
    pub(crate) split: Option<String>,
    /// What its scene uses: told by its first camera only.
    used: Option<Used>,
}

impl FrameWanted {
    /// `labels` are those of a frame that is written; `None` for one that is rejected.
    ///
    /// # Errors
    /// The scene holds what is held out for another split.
    pub(crate) fn of(
        info: &DatasetInfo,
        scene: &Scene,
        camera: usize,
        labels: Option<&Labels>,
    ) -> Result<Self, WriteError> {
        let annotations = labels.map_or(&[][..], |labels| &labels.annotations);
        let counted = annotations.iter().filter(|annotation| annotation.marked.is_none());
        let observed: Vec<Observed> = counted
            .map(|annotation| Observed {
                camera,
                id: annotation.instance_id,
                width: f64::from(annotation.bbox[2]),
                height: f64::from(annotation.bbox[3]),
                visibility: annotation.amodal.as_ref().map(|amodal| amodal.visibility),
            })
            .collect();
        let is_first = camera == 0 && scene.frame == 0;
        let counts = info.coverage.values().flat_map(|contract| {
            let mut counts = contract.count(scene, &observed);
            if contract.counts_scenes() && !is_first {
                counts.fill(0.0);
            }
            counts
        });
        let counts = counts.collect();
        let Some(splits) = &info.splits else { return Ok(Self { counts, ..Self::default() }) };
        let split = splits.of(scene.seed, scene.index).to_owned();
        let used = is_first.then(|| Used::of(scene));
        if let Some(reason) = used.as_ref().and_then(|used| splits.leak(&split, used)) {
            return Err(WriteError::Leak { index: scene.index, split, reason });
        }
        Ok(Self { counts, split: Some(split), used })
    }
}

/// Totals of contracts and splits.
#[derive(Debug)]
pub(crate) struct Ledger {
    contracts: BTreeMap<String, Contract>,
    counts: Vec<f64>,
    splits: Option<Splits>,
    totals: BTreeMap<String, SplitTotal>,
}

/// What is in one split.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SplitTotal {
    /// Its name.
    pub name: String,
    /// The share that was asked for.
    pub share: f64,
    /// Scenes.
    pub scenes: u64,
    /// Images.
    pub images: u64,
    /// Annotations.
    pub annotations: u64,
    /// In how many of its scenes each file is used.
    pub assets: BTreeMap<String, u64>,
    /// In how many each material.
    pub materials: BTreeMap<String, u64>,
    /// In how many there is something of each object group.
    pub objects: BTreeMap<String, u64>,
    /// What is held out for it: in no other split.
    pub held_out: Vec<String>,
}

impl Ledger {
    pub(crate) fn new(info: &DatasetInfo) -> Self {
        let counts = info.coverage.values().map(|contract| contract.asked().len()).sum();
        let total = |(name, share): (&String, &f64)| {
            let held_out = info.splits.as_ref().and_then(|splits| splits.held_out.get(name));
            let held_out = held_out.into_iter().flatten().map(described).collect();
            (name.clone(), SplitTotal { name: name.clone(), share: *share, held_out, ..SplitTotal::default() })
        };
        Self {
            contracts: info.coverage.clone(),
            counts: vec![0.0; counts],
            totals: info.splits.iter().flat_map(|splits| splits.shares.iter().map(total)).collect(),
            splits: info.splits.clone(),
        }
    }

    /// Names of the splits.
    pub(crate) fn splits(&self) -> impl Iterator<Item = &String> {
        self.totals.keys()
    }

    /// Adds a frame; `annotations` is `None` for one that is rejected.
    pub(crate) fn add(&mut self, frame: &FrameWanted, annotations: Option<u64>) {
        self.counts.iter_mut().zip(&frame.counts).for_each(|(sum, count)| *sum += count);
        let Some(total) = frame.split.as_ref().and_then(|split| self.totals.get_mut(split)) else { return };
        total.images += u64::from(annotations.is_some());
        total.annotations += annotations.unwrap_or(0);
        if let Some(used) = &frame.used {
            let mut occurred = Occurred {
                scenes: total.scenes,
                assets: std::mem::take(&mut total.assets),
                materials: std::mem::take(&mut total.materials),
                objects: std::mem::take(&mut total.objects),
            };
            occurred.add(used);
            let Occurred { scenes, assets, materials, objects } = occurred;
            (total.scenes, total.assets, total.materials, total.objects) = (scenes, assets, materials, objects);
        }
    }

    /// Every contract: what was asked for beside what is there.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let mut left = self.counts.as_slice();
        let kept = self.contracts.iter().map(|(name, contract)| {
            let (own, rest) = left.split_at(contract.asked().len());
            left = rest;
            Kept::new(name, contract, own)
        });
        kept.collect()
    }

    /// Every split, once more held against what is held out.
    ///
    /// # Errors
    /// A split has what is held out for another.
    pub(crate) fn totals(&self) -> Result<Vec<SplitTotal>, WriteError> {
        for total in self.totals.values() {
            let names = |counts: &BTreeMap<String, u64>| counts.keys().cloned().collect();
            let used = Used {
                assets: names(&total.assets),
                materials: names(&total.materials),
                objects: names(&total.objects),
            };
            if let Some(reason) = self.splits.as_ref().and_then(|splits| splits.leak(&total.name, &used)) {
                return Err(WriteError::Leak { index: 0, split: total.name.clone(), reason });
            }
        }
        Ok(self.totals.values().cloned().collect())
    }
}

fn described(thing: &HeldOut) -> String {
    match thing {
        HeldOut::Asset(pattern) => format!("asset {pattern}"),
        HeldOut::Material(name) => format!("material {name}"),
        HeldOut::Object(name) => format!("object {name}"),
        HeldOut::Region { path, min, max } => format!("region {path} from {min} to {max}"),
    }
}

/// A contract in `dataset.json`.
#[derive(Serialize)]
pub(crate) struct KeptEntry<'a> {
    name: &'a str,
    /// How many annotations (or scenes) were counted.
    counted: f64,
    within: f64,
    off_by: f64,
    met: bool,
    shares: Vec<ShareEntry<'a>>,
}

#[derive(Serialize)]
struct ShareEntry<'a> {
    of: &'a str,
    asked: f64,
    achieved: f64,
}

impl<'a> KeptEntry<'a> {
    pub(crate) fn new(kept: &'a Kept) -> Self {
        let shares = kept.of.iter().zip(&kept.asked).zip(&kept.achieved);
        Self {
            name: &kept.name,
            counted: kept.total,
            within: kept.within,
            off_by: kept.off,
            met: kept.is_met(),
            shares: shares.map(|((of, &asked), &achieved)| ShareEntry { of, asked, achieved }).collect(),
        }
    }
}
