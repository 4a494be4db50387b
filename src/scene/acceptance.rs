//! Which of the scenes that a recipe can make are taken.
//!
//! A candidate is taken where it shows what every scene has to show (`require`), holds nothing that is held out for another split, and
//! wins a draw whose odds make the dataset as a whole what its contracts ask for (`coverage`). The odds come from a pilot: scenes
//! that are drawn for this alone, from the same recipe under a seed of their own, and counted with [`Sight`]. Everything is
//! a function of recipe and seed, so any scene can be had on its own, in any order, on any machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::contract::{self, Kept};
use super::random::{Draws, Key, quantile};
use super::sample::{self, MOST_DRAWS, SampleError};
use super::sight::Sight;
use super::split::Used;
use super::tilt::Tilt;
use super::{Scene, parameters, wanted};
use crate::recipe::{Contract, Recipe};

/// Scenes of a pilot at most.
pub const PILOT: u64 = 2048;
/// A pilot is long enough when its own chance leads no contract astray by more than this share of what it allows.
const CHANCE: f64 = 1.0 / 3.0;
/// Before so many scenes none is long enough.
const SHORTEST: usize = 256;
/// How often the pilot goes round at most, where many of its scenes are not as the recipe wants them.
const MOST_ROUNDS: u32 = 4;
/// Instances that a pilot draws at most, about: scenes of a hundred thousand things make it shorter.
const MOST_INSTANCES: usize = 400_000;
/// Scenes of one step of the pilot.
const STEP: u64 = 64;
/// Fewer scenes than this say too little.
const LEAST_SCENES: usize = 64;
/// So many equally weighted scenes the weighted ones have to be worth.
const LEAST_EFFECTIVE: f64 = 40.0;
/// Of draws with the probability `p` each, `MARGIN / p` all fail once in 10^8 scenes: `e^-18`.
const MARGIN: f64 = 18.0;
/// Seeds that are remembered.
const SEEDS: usize = 8;

/// What decides which scenes are taken, for one recipe and seed.
#[derive(Debug)]
pub struct Acceptance {
    seed: u64,
    /// The recipe of each split that may not choose everything.
    restricted: BTreeMap<String, Recipe>,
    sight: Arc<Sight>,
    tilt: Option<Tilt>,
    /// How often a scene is drawn at most.
    draws: u32,
    /// What the pilot found.
    pub pilot: Pilot,
}

/// What a pilot found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pilot {
    /// Draws.
    pub drawn: u64,
    /// Draws that show what every scene has to show, and hold nothing that is held out.
    pub scenes: u64,
    /// Of those, the share that contracts let pass.
    pub acceptance: f64,
    /// How many unweighted scenes the weighted ones are worth.
    pub effective: f64,
    /// For each reason, how many draws were not taken for it.
    pub rejected: BTreeMap<String, u64>,
    /// Each contract without any weights, and with them.
    pub contracts: Vec<(Kept, Kept)>,
}

/// A contract that cannot be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Its name; empty where all of them together cannot.
    pub contract: String,
    /// Why.
    pub reason: String,
    /// What to change.
    pub help: String,
}

/// What was worked out for a recipe, by seed; a copy of a recipe, which may be changed, works it out anew.
#[derive(Debug, Default)]
pub struct Prepared(Mutex<BTreeMap<u64, Known>>);

type Known = Arc<Result<Acceptance, Unmet>>;

impl Clone for Prepared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Acceptance {
    /// What decides which scenes of `recipe` are taken under `seed`, from memory where it is known. Takes a pilot where there are
    /// contracts: some seconds.
    pub fn of(recipe: &Recipe, seed: u64) -> Arc<Result<Self, Unmet>> {
        let lock = || recipe.wanted.prepared.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&seed) {
            return known.clone();
        }
        // Not under the lock: a thread that waits for the pilot's threads may be given other work that comes here as well.
        let new = Arc::new(Self::prepare(recipe, seed));
        let mut known = lock();
        while known.len() >= SEEDS {
            known.pop_first();
        }
        known.entry(seed).or_insert(new).clone()
    }

    fn prepare(recipe: &Recipe, seed: u64) -> Result<Self, Unmet> {
        let mut restricted = BTreeMap::new();
        if let Some(splits) = &recipe.wanted.splits {
            let names = splits.shares.keys().filter(|name| splits.banned(name).next().is_some());
            restricted = names.map(|name| (name.clone(), splits.restricted(recipe, name))).collect();
        }
        let sight = Arc::new(Sight::default());
        let mut acceptance = Self { seed, restricted, sight, tilt: None, draws: MOST_DRAWS, pilot: Pilot::default() };
        if !recipe.wanted.coverage.is_empty() {
            acceptance.weigh(recipe)?;
        }
        Ok(acceptance)
    }

    /// How often a scene is drawn at most.
    pub(super) fn draws(&self) -> u32 {
        self.draws
    }

    /// One draw of a scene, judged.
    pub(super) fn candidate(&self, recipe: &Recipe, index: u64, attempt: u32) -> Result<Scene, SampleError> {
        let (scene, counts) = self.drawn(recipe, self.seed, index, attempt)?;
        if let Some(tilt) = &self.tilt {
            let numbers = numbers(&recipe.wanted.coverage, &counts);
            let draws = Draws { seed: self.seed, index, attempt, ..Draws::default() };
            if Key::of(draws).name("coverage").stream().unit() >= tilt.probability(&numbers) {
                return Err(SampleError::Rejected { reason: COVERAGE.into() });
            }
        }
        Ok(scene)
    }

    /// One draw of a scene that is as every scene has to be, and what contracts count in it.
    fn drawn(&self, recipe: &Recipe, seed: u64, index: u64, attempt: u32) -> Result<(Scene, Vec<f64>), SampleError> {
        let wanted = &recipe.wanted;
        let split = wanted.splits.as_ref().map(|splits| (splits, splits.of(seed, index)));
        let own = split.and_then(|(_, name)| self.restricted.get(name)).unwrap_or(recipe);
        let scene = sample::candidate(own, seed, index, attempt)?;
        if let Some((splits, name)) = split {
            let (recipe, key) = parameters::decide(recipe, seed, index, attempt);
            let leak = splits.leak(name, &Used::of(&scene)).or_else(|| splits.region_leak(name, recipe, &key));
            if let Some(leak) = leak {
                return Err(SampleError::HeldOut { reason: leak, split: name.to_owned() });
            }
        }
        let looks = !wanted.require.is_empty() || wanted.coverage.values().any(|contract| !contract.counts_scenes());
        let seen = if looks { self.sight.look(&scene, &recipe.assets) } else { Vec::new() };
        if let Some(reason) = wanted.require.iter().find_map(|wanted| wanted::fault(wanted, &scene, &seen)) {
            return Err(SampleError::Rejected { reason });
        }
        let expected = contract::expected(&scene, &seen);
        let counts = wanted.coverage.values().flat_map(|contract| contract.count(&scene, &expected)).collect();
        Ok((scene, counts))
    }

    /// Draws the pilot, and finds the weights.
    fn weigh(&mut self, recipe: &Recipe) -> Result<(), Unmet> {
        let contracts = &recipe.wanted.coverage;
        let seed = quantile::below(Key::new(self.seed, 0).name("pilot").stream().unit(), u64::MAX);
        let mut pilot = Pilot::default();
        let mut counted: Vec<Vec<f64>> = Vec::new();
        let (mut instances, mut failure) = (0, None);
        'pilot: for round in 0..MOST_ROUNDS {
            for start in (0..PILOT).step_by(usize::try_from(STEP).unwrap_or(1)) {
                let draws: Vec<_> = (start..start + STEP)
                    .into_par_iter()
                    .map(|index| {
                        let drawn = self.drawn(recipe, seed, index, round);
                        drawn.map(|(scene, counts)| (scene.instances.len(), counts))
                    })
                    .collect();
                for draw in draws {
                    pilot.drawn += 1;
                    match draw {
                        Ok((size, counts)) => {
                            instances += size;
                            counted.push(counts);
                        }
                        Err(SampleError::Rejected { reason } | SampleError::HeldOut { reason, .. }) => {
                            *pilot.rejected.entry(reason).or_default() += 1;
                        }
                        Err(error) => failure = Some(error.to_string()),
                    }
                }
                let enough = counted.len() >= SHORTEST && chance(contracts, &counted) <= CHANCE;
                if enough || counted.len() as u64 >= PILOT || instances >= MOST_INSTANCES {
                    break 'pilot;
                }
            }
        }
        pilot.scenes = counted.len() as u64;
        if counted.len() < LEAST_SCENES {
            let most = pilot.rejected.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| reason.clone());
            let because = failure.or(most).unwrap_or_default();
            let reason = format!("only {} of {} draws are scenes at all: {because}", counted.len(), pilot.drawn);
            return Err(Unmet { contract: String::new(), reason, help: "ask for less in `require`".into() });
        }
        let features: Vec<Vec<f64>> = counted.iter().map(|counts| numbers(contracts, counts)).collect();
        let at_least: Vec<bool> =
            contracts.values().flat_map(|contract| vec![contract.is_one_sided(); contract.asked().len() - 1]).collect();
        let even = vec![1.0 / counted.len() as f64; counted.len()];
        let before = kept(contracts, &counted, &even);
        Self::never_seen(contracts, &before, pilot.scenes)?;
        let tilt = Tilt::solve(&features, &at_least);
        let mut after = kept(contracts, &counted, &tilt.weights);
        by_chance(&mut after, &counted)?;
        pilot.acceptance = tilt.acceptance;
        pilot.effective = tilt.effective;
        pilot.contracts = before.into_iter().zip(after).collect();
        can_be_met(&pilot)?;
        let share = tilt.acceptance * pilot.scenes as f64 / pilot.drawn as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most some millions")]
        let enough = (MARGIN / share.max(1e-6)).ceil() as u32;
        self.draws = MOST_DRAWS.max(enough);
        self.tilt = Some(tilt);
        self.pilot = pilot;
        Ok(())
    }

    /// Refuses a contract that asks for something of which there is nothing.
    fn never_seen(contracts: &BTreeMap<String, Contract>, before: &[Kept], scenes: u64) -> Result<(), Unmet> {
        for kept in before {
            let one_sided = contracts.get(&kept.name).is_some_and(Contract::is_one_sided);
            let none = (0..kept.asked.len())
                .find(|&k| kept.asked[k] > 0.0 && kept.achieved[k] == 0.0 && !(one_sided && k > 0));
            if let Some(k) = none {
                let reason = match kept.total > 0.0 {
                    true => format!("there is none with {} in {scenes} draws of a scene", kept.of[k]),
                    false => format!("there is nothing that it could count in {scenes} draws of a scene"),
                };
                let help = "let the recipe vary so far that there is some (a wider range of distances, sizes or \
                            counts), or ask for less";
                return Err(Unmet { contract: kept.name.clone(), reason, help: help.into() });
            }
        }
        Ok(())
    }
}

/// The reason of those draws that the odds did not favour.
pub const COVERAGE: &str = "the dataset has enough of its kind (`coverage`)";

/// The conditions of all contracts, as numbers of a scene whose averages are to be 0: of each share but the last, the count less what it
/// is to be of the sum. (That of the last follows.)
fn numbers(contracts: &BTreeMap<String, Contract>, counts: &[f64]) -> Vec<f64> {
    let mut left = counts;
    let mut numbers = Vec::new();
    for contract in contracts.values() {
        let asked = contract.asked();
        let (own, rest) = left.split_at(asked.len().min(left.len()));
        let total: f64 = own.iter().sum();
        numbers.extend(own.iter().zip(&asked).take(asked.len() - 1).map(|(count, share)| count - share * total));
        left = rest;
    }
    numbers
}

/// Every contract against weighted scenes.
fn kept(contracts: &BTreeMap<String, Contract>, counted: &[Vec<f64>], weights: &[f64]) -> Vec<Kept> {
    let mut first = 0;
    let kept = contracts.iter().map(|(name, contract)| {
        let size = contract.asked().len();
        let range = first..first + size;
        first += size;
        let sums: Vec<f64> = range
            .map(|k| counted.iter().zip(weights).map(|(counts, weight)| counts[k] * weight).sum::<f64>())
            .collect();
        let scenes = counted.len() as f64;
        Kept::new(name, contract, &sums.iter().map(|sum| sum * scenes).collect::<Vec<_>>())
    });
    kept.collect()
}

/// How far a share `p` that rests on so many scenes of a pilot may be off: see [`by_chance`].
fn astray(p: f64, scenes: usize) -> f64 {
    p * (1.0 - p) / (scenes.max(1) as f64).sqrt()
}

/// How far a pilot's chance may lead the contract that it leads farthest astray, over what that allows.
fn chance(contracts: &BTreeMap<String, Contract>, counted: &[Vec<f64>]) -> f64 {
    let (mut first, mut worst) = (0, 0.0_f64);
    for contract in contracts.values() {
        let asked = contract.asked();
        for (k, &p) in asked.iter().enumerate() {
            let scenes = counted.iter().filter(|counts| counts[first + k] > 0.0).count();
            worst = worst.max(astray(p, scenes) / contract.within);
        }
        first += asked.len();
    }
    worst
}

/// Says how far the pilot's own chance may lead each contract astray, and refuses those for which it has too little to go by.
///
/// A share `p` that rests on `n` scenes of the pilot is known to about `p (1 - p) / sqrt(n)` once it is weighed: its odds have the relative
/// error `1 / sqrt(n)`, and the derivative of a share by the logarithm of its odds is `p (1 - p)`.
fn by_chance(contracts: &mut [Kept], counted: &[Vec<f64>]) -> Result<(), Unmet> {
    let mut first = 0;
    for kept in contracts {
        kept.chance = 0.0;
        for (k, p) in kept.asked.iter().enumerate() {
            let scenes = counted.iter().filter(|counts| counts[first + k] > 0.0).count();
            // One that is asked for "at least" may have none of the rest.
            let chance = astray(*p, scenes);
            if scenes > 0 && chance > kept.within {
                let reason = format!(
                    "only {scenes} of {} draws have {}, too few to weigh them within {:.1} %",
                    counted.len(),
                    kept.of[k],
                    100.0 * kept.within
                );
                let help = "make it likelier in the recipe, or let `within` be larger";
                return Err(Unmet { contract: kept.name.clone(), reason, help: help.into() });
            }
            kept.chance = kept.chance.max(if scenes > 0 { chance } else { 0.0 });
        }
        first += kept.asked.len();
    }
    Ok(())
}

/// Refuses contracts that weights cannot bring about, or only by throwing nearly everything away.
fn can_be_met(pilot: &Pilot) -> Result<(), Unmet> {
    let unmet = |contract: &str, reason: String, help: &str| {
        Err(Unmet { contract: contract.to_owned(), reason, help: help.to_owned() })
    };
    let worst =
        pilot.contracts.iter().map(|(_, kept)| kept).max_by(|a, b| (a.off / a.within).total_cmp(&(b.off / b.within)));
    if let Some(kept) = worst.filter(|kept| kept.off > (kept.within / 2.0).max(1e-3)) {
        let k = (0..kept.asked.len())
            .max_by(|&a, &b| {
                let off = |k: usize| (kept.achieved[k] - kept.asked[k]).abs();
                off(a).total_cmp(&off(b))
            })
            .unwrap_or(0);
        let reason = format!(
            "whatever scenes are left out, {} comes to {:.1} % and not to {:.1} %",
            kept.of[k],
            100.0 * kept.achieved[k],
            100.0 * kept.asked[k]
        );
        let help = "things that always come together cannot be balanced by leaving scenes out: let them vary on \
                    their own, or ask for less (another contract may be in the way)";
        return unmet(&kept.name, reason, help);
    }
    let farthest = pilot.contracts.iter().max_by(|(a, _), (b, _)| (a.off / a.within).total_cmp(&(b.off / b.within)));
    let name = farthest.map_or("", |(kept, _)| kept.name.as_str());
    let help = "bring the recipe nearer to what is asked for: this contract is the one that it is farthest from";
    if pilot.acceptance < 1.0 / f64::from(MOST_DRAWS) {
        let reason = format!(
            "it can be met only by taking 1 of {:.0} scenes, and at least 1 of {MOST_DRAWS} has to be taken",
            1.0 / pilot.acceptance.max(1e-12)
        );
        return unmet(name, reason, help);
    }
    if pilot.effective < LEAST_EFFECTIVE {
        let reason = format!(
            "it can be met only by showing the same few scenes again and again: {} draws are worth {:.0}",
            pilot.scenes, pilot.effective
        );
        return unmet(name, reason, help);
    }
    Ok(())
}
