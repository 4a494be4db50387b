//! Calibrations of cameras, as OpenCV's FileStorage (YAML, JSON), ROS and Kalibr write them.
//!
//! What is read of a file is a tree of maps, lists and words, whatever it is written in. Nothing in it may refer to another place in it
//! (YAML's aliases make large trees of small files), and its size is bounded.

use saphyr_parser::{Event, Parser};

use super::{AssetError, AssetFile, file, licence};
use crate::confine::Folder;
use crate::scene::LensModel;

/// Larger files are no calibrations, bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Deeper trees are none.
const MAX_DEPTH: usize = 24;
/// A tree with more maps, lists and words is none.
const MAX_NODES: usize = 100_000;

/// A calibration file: the cameras in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// By name, in the order of the file; never empty, and at least one of them can be used. The one camera of a file that names none is
    /// called `camera`. What is wrong with one does not matter to the others.
    pub cameras: Vec<(String, Result<CalibratedCamera, String>)>,
    /// What the file is.
    pub file: AssetFile,
}

/// One camera of a calibration file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibratedCamera {
    /// Focal lengths along x and y, pixels.
    pub focal: [f64; 2],
    /// Principal point, continuous pixels: half a pixel more than the file says, which counts centres of pixels as whole numbers.
    pub principal: [f64; 2],
    /// Columns and rows of the images that it was made from, where the file says so.
    pub size: Option<[u32; 2]>,
    /// The lens.
    pub model: LensModel,
}

impl Calibration {
    /// The camera called so, or the only one. The error says which there are.
    ///
    /// # Errors
    /// There is no such camera, or there are several and none is named, or it is of a kind that this program does not know.
    pub fn camera(&self, name: Option<&str>) -> Result<CalibratedCamera, String> {
        let names = || {
            let names: Vec<String> = self.cameras.iter().take(12).map(|(name, _)| format!("`{name}`")).collect();
            names.join(", ")
        };
        match (name, self.cameras.as_slice()) {
            (None, [(_, only)]) => only.clone(),
            (None, _) => Err(format!("it is of several cameras: say which with `camera`, one of {}", names())),
            (Some(name), cameras) => {
                let found = cameras.iter().find(|(known, _)| known == name).map(|(_, camera)| camera.clone());
                found.unwrap_or_else(|| Err(format!("it has no camera `{name}`, but {}", names())))
            }
        }
    }

    pub(super) fn load(root: &Folder, path: &str) -> Result<Self, AssetError> {
        let bytes = file::read(root, path, MAX_BYTES)?;
        let broken = |reason: String| AssetError::Broken { path: root.join(path), reason };
        let text = std::str::from_utf8(&bytes).map_err(|_| broken("it is not UTF-8 text".into()))?;
        let cameras = read(text).map_err(broken)?;
        let licence = licence::beside(root, path);
        let file = AssetFile { path: path.to_owned(), sha256: file::sha256(&bytes), licence, ..AssetFile::default() };
        Ok(Self { cameras, file })
    }
}

/// What a file holds.
#[derive(Debug)]
enum Node {
    Word(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Upper and lower case, `_` and `-` make no difference: OpenCV's own samples do not agree about them.
fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

impl Node {
    fn get(&self, names: &[&str]) -> Option<&Node> {
        let Self::Map(entries) = self else { return None };
        names.iter().find_map(|name| entries.iter().find(|(key, _)| plain(key) == *name)).map(|(_, node)| node)
    }

    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        self.word()?.trim().parse().ok().filter(|x: &f64| x.is_finite() && x.abs() <= 1e9)
    }

    /// All numbers below it in order, of a list, of lists in a list, or of one of OpenCV's matrices.
    fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Word(_) => self.number().map(|x| vec![x]),
            Self::List(items) => {
                let each: Option<Vec<Vec<f64>>> = items.iter().map(Self::numbers).collect();
                each.map(|each| each.concat())
            }
            Self::Map(_) => match self.get(&["data"])? {
                data @ Self::List(_) => data.numbers(),
                _ => None,
            },
        }
    }
}

fn read(text: &str) -> Result<Vec<(String, Result<CalibratedCamera, String>)>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    let tree = match start.chars().next() {
        Some('{') => json(&serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?),
        Some('<') => {
            return Err("XML is not read: have OpenCV write it as .yaml or .json".into());
        }
        _ => yaml(text)?,
    };
    let Node::Map(entries) = &tree else { return Err("it is no calibration: it holds no names and values".into()) };
    let cameras: Vec<&(String, Node)> =
        entries.iter().filter(|(_, node)| node.get(&["intrinsics"]).is_some()).collect();
    if !cameras.is_empty() {
        let each = cameras
            .into_iter()
            .map(|(name, node)| (name.clone(), kalibr(node).map_err(|reason| format!("`{name}`: {reason}"))));
        let each: Vec<_> = each.collect();
        return match each.iter().all(|(_, camera)| camera.is_err()).then(|| each.first()).flatten() {
            Some((_, Err(reason))) => Err(reason.clone()),
            _ => Ok(each),
        };
    }
    Ok(vec![("camera".into(), Ok(opencv(&tree)?))])
}

fn json(value: &serde_json::Value) -> Node {
    use serde_json::Value;
    match value {
        Value::Array(items) => Node::List(items.iter().map(json).collect()),
        Value::Object(entries) => Node::Map(entries.iter().map(|(key, value)| (key.clone(), json(value))).collect()),
        Value::String(text) => Node::Word(text.clone()),
        other => Node::Word(other.to_string()),
    }
}

fn yaml(text: &str) -> Result<Node, String> {
    // OpenCV begins with `%YAML:1.0`, which no standard knows.
    let text = match text.strip_prefix("%YAML") {
        Some(rest) => rest.split_once('\n').map_or("", |(_, rest)| rest),
        None => text,
    };
    // What is open: a list, or a map with the key whose value is awaited.
    let mut open: Vec<(Node, Option<String>)> = Vec::new();
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("it is no YAML: {error}"))?;
        let line = span.start.line();
        let closed = match event {
            Event::Alias(_) => return Err(format!("line {line}: aliases (`*name`) are not read")),
            Event::SequenceStart(..) => {
                open.push((Node::List(Vec::new()), None));
                None
            }
            Event::MappingStart(..) => {
                open.push((Node::Map(Vec::new()), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|(node, _)| node),
            Event::Scalar(word, ..) => Some(Node::Word(word.into_owned())),
            _ => None,
        };
        nodes += 1;
        if open.len() > MAX_DEPTH || nodes > MAX_NODES {
            return Err("it is too large, or nested too deeply, for a calibration".into());
        }
        let Some(node) = closed else { continue };
        match open.last_mut() {
            None => return Ok(node),
            Some((Node::List(items), _)) => items.push(node),
            Some((Node::Map(entries), key)) => match (key.take(), node) {
                (None, Node::Word(word)) => *key = Some(word),
                (None, _) => return Err(format!("line {line}: a name was expected")),
                (Some(name), node) => entries.push((name, node)),
            },
            Some((Node::Word(_), _)) => {} // words are never open
        }
    }
    Err("it is empty".into())
}

/// One camera of Kalibr's `camchain.yaml`.
fn kalibr(node: &Node) -> Result<CalibratedCamera, String> {
    let model = node.get(&["cameramodel"]).and_then(Node::word).unwrap_or("pinhole");
    if plain(model) != "pinhole" {
        return Err(format!(
            "its camera model `{model}` is not read: calibrate with `pinhole-radtan` or `pinhole-equi`"
        ));
    }
    let intrinsics = node.get(&["intrinsics"]).and_then(Node::numbers);
    let Some([fx, fy, cx, cy]) = intrinsics.as_deref() else {
        return Err("`intrinsics` are four numbers: fu, fv, pu, pv".into());
    };
    let word = node.get(&["distortionmodel"]).and_then(Node::word);
    let coefficients = match node.get(&["distortioncoeffs", "distortioncoefficients"]) {
        Some(node) => node.numbers().ok_or("`distortion_coeffs` are numbers")?,
        None => Vec::new(),
    };
    camera([*fx, *fy], [*cx, *cy], size(node)?, lens(word, &coefficients)?)
}

/// A file of OpenCV or ROS.
fn opencv(tree: &Node) -> Result<CalibratedCamera, String> {
    const MATRIX: &[&str] = &["cameramatrix", "k", "m", "intrinsicmatrix", "mtx"];
    const COEFFICIENTS: &[&str] =
        &["distortioncoefficients", "distcoeffs", "distortioncoeffs", "d", "dist", "distcoefficients"];
    let matrix = tree.get(MATRIX).ok_or("it has neither `camera_matrix` (OpenCV, ROS) nor `intrinsics` (Kalibr)")?;
    let matrix = matrix.numbers();
    let Some([fx, skew, cx, zero, fy, cy, rest @ ..]) = matrix.as_deref() else {
        return Err("`camera_matrix` is a 3 x 3 matrix".into());
    };
    if rest != [0.0, 0.0, 1.0] || *zero != 0.0 {
        return Err("`camera_matrix` is a 3 x 3 matrix: fx 0 cx, 0 fy cy, 0 0 1".into());
    }
    if *skew != 0.0 {
        return Err(format!("`camera_matrix` has a skew of {skew}, which this program does not know"));
    }
    let coefficients = match tree.get(COEFFICIENTS) {
        Some(node) => node.numbers().ok_or("`distortion_coefficients` are numbers")?,
        None => Vec::new(),
    };
    let fisheye = tree.get(&["fisheyemodel", "fisheye"]).and_then(Node::word);
    let fisheye = fisheye.filter(|word| !matches!(plain(word).as_str(), "0" | "false" | "no")).map(|_| "fisheye");
    let word = fisheye.or_else(|| tree.get(&["distortionmodel", "cameramodel", "model"]).and_then(Node::word));
    camera([*fx, *fy], [*cx, *cy], size(tree)?, lens(word, &coefficients)?)
}

fn camera(
    focal: [f64; 2],
    principal: [f64; 2],
    size: Option<[u32; 2]>,
    model: LensModel,
) -> Result<CalibratedCamera, String> {
    if focal.iter().any(|f| *f < 1e-3) {
        return Err(format!("its focal lengths, {} and {}, have to be above 0", focal[0], focal[1]));
    }
    Ok(CalibratedCamera { focal, principal: principal.map(|c| c + 0.5), size, model })
}

fn size(node: &Node) -> Result<Option<[u32; 2]>, String> {
    let pair = match node.get(&["resolution", "imagesize"]) {
        Some(node) => node.numbers(),
        None => {
            let side = |names: &[&str]| node.get(names).and_then(Node::number);
            let (width, height) = (side(&["imagewidth", "width"]), side(&["imageheight", "height"]));
            match (width, height) {
                (None, None) => return Ok(None),
                (width, height) => width.zip(height).map(|(w, h)| vec![w, h]),
            }
        }
    };
    let whole = |x: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within u32")]
        ((1.0..=1e6).contains(&x) && x == x.round()).then_some(x as u32)
    };
    match pair.as_deref() {
        Some([w, h]) => whole(*w).zip(whole(*h)).map(|(w, h)| Some([w, h])),
        _ => None,
    }
    .ok_or_else(|| "its image size is two whole numbers of pixels".into())
}

/// The lens of a model's name and its coefficients in OpenCV's order.
fn lens(word: Option<&str>, coefficients: &[f64]) -> Result<LensModel, String> {
    if let Some(c) = coefficients.iter().find(|c| c.abs() > 1e6) {
        return Err(format!("a distortion coefficient is {c}"));
    }
    let fisheye = match word.map(plain).as_deref() {
        None | Some("plumbbob" | "rationalpolynomial" | "radtan" | "pinhole" | "opencv" | "brownconrady" | "none") => {
            false
        }
        Some("equidistant" | "fisheye" | "kannalabrandt" | "kannalabrandt4" | "opencvfisheye" | "equi") => true,
        Some(_) => {
            let word = word.unwrap_or_default();
            return Err(format!(
                "its distortion model `{word}` is not read: known are radtan (plumb_bob, rational_polynomial) and equidistant \
                 (fisheye)"
            ));
        }
    };
    if fisheye {
        let Ok(k) = <[f64; 4]>::try_from(coefficients) else {
            return Err(format!("a fisheye has four coefficients, k1 to k4, and this has {}", coefficients.len()));
        };
        return Ok(LensModel::KannalaBrandt { k });
    }
    let at = |n: usize| coefficients.get(n).copied().unwrap_or(0.0);
    if !matches!(coefficients.len(), 0 | 4 | 5 | 8 | 12 | 14) {
        return Err(format!(
            "there are 4, 5, 8, 12 or 14 distortion coefficients, and this has {}",
            coefficients.len()
        ));
    }
    const SPARE: [&str; 6] = ["s1", "s2", "s3", "s4", "tau_x", "tau_y"];
    for (name, n) in SPARE.into_iter().zip(8..) {
        if at(n) != 0.0 {
            let what = if name.starts_with('s') { "thin prism" } else { "tilted sensor" };
            return Err(format!(
                "its `{name}` is {}: OpenCV's {what} model is not known here; calibrate without it",
                at(n)
            ));
        }
    }
    if coefficients.iter().all(|&c| c == 0.0) {
        return Ok(LensModel::Pinhole);
    }
    Ok(LensModel::BrownConrady { k: [at(0), at(1), at(4), at(5), at(6), at(7)], p: [at(2), at(3)] })
}
