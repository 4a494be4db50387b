//! How the space of scenes is covered: by dice, or by a design. Drawing is in [`crate::scene::random`].

use std::collections::BTreeMap;

/// How one value is spread over the scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Design {
    /// Each scene on its own.
    #[default]
    Random,
    /// Owen-scrambled Sobol' sequence: of the first 2^m scenes, each 2^m-th of the distribution has exactly one.
    Sobol,
    /// Scrambled Halton sequence.
    Halton,
    /// Of each `n` scenes that follow each other, from a multiple of `n` on, each n-th of the distribution has exactly one: a Latin hypercube.
    Stratified(u32),
}

/// The most values that can be well spread together: as many as there are dimensions in the tables.
pub const MOST_JOINT: usize = 64;

/// The designs of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// The root of all paths first.
    nodes: Vec<Node>,
}

/// One path of names.
#[derive(Debug, Clone, PartialEq, Default)]
struct Node {
    below: BTreeMap<String, usize>,
    design: Option<Design>,
    joint: Option<Joint>,
}

/// A place in a list of values that are spread together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joint {
    /// Which list.
    pub list: u32,
    /// Which value of it: its dimension.
    pub dimension: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Sampling {
    /// `default` for everything but what lies under one of `paths`, of which the longest counts. Each list of `joint` holds paths of numbers
    /// that are spread together.
    pub fn new<'a>(
        default: Design,
        paths: impl IntoIterator<Item = (&'a str, Design)>,
        joint: impl IntoIterator<Item = &'a [String]>,
    ) -> Self {
        let mut sampling = Self::default();
        sampling.nodes[Self::ROOT].design = Some(default);
        for (path, design) in paths {
            let node = sampling.node(path);
            sampling.nodes[node].design = Some(design);
        }
        for (list, paths) in (0..).zip(joint) {
            for (dimension, path) in (0..).zip(paths) {
                let node = sampling.node(path);
                sampling.nodes[node].joint = Some(Joint { list, dimension });
            }
        }
        sampling
    }

    /// The node that stands for the recipe as a whole.
    pub const ROOT: usize = 0;

    /// The node of a path, made where there is none.
    fn node(&mut self, path: &str) -> usize {
        path.split('.').fold(Self::ROOT, |node, name| match self.nodes[node].below.get(name) {
            Some(next) => *next,
            None => {
                let next = self.nodes.len();
                self.nodes[node].below.insert(name.to_owned(), next);
                self.nodes.push(Node::default());
                next
            }
        })
    }

    /// The node of `name` under another one, if anything is said about it or below it.
    pub fn below(&self, node: usize, name: &str) -> Option<usize> {
        self.nodes.get(node)?.below.get(name).copied()
    }

    /// What is said about exactly this path.
    pub fn design(&self, node: usize) -> Option<Design> {
        self.nodes.get(node)?.design
    }

    /// With what the number at this path is spread together.
    pub fn joint(&self, node: usize) -> Option<Joint> {
        self.nodes.get(node)?.joint
    }

    /// The design of whatever lies at a path of names.
    pub fn design_at(&self, path: &str) -> Design {
        let mut node = Some(Self::ROOT);
        let mut design = self.design(Self::ROOT).unwrap_or_default();
        for name in path.split('.') {
            node = node.and_then(|node| self.below(node, name));
            design = node.and_then(|node| self.design(node)).unwrap_or(design);
        }
        design
    }
}
