//! OBJ files with their MTL files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use super::file::{self, Reference};
use super::material::MAX_PIXELS;
use super::model::MAX_NAME;
use super::plain::{self, Pieces, Soup};
use super::{AssetError, AssetFile, Map, Model, PartMaterial, Texture, Wrap, texture};
use crate::confine::Folder;

/// More material files are not read.
const MAX_MATERIAL_FILES: usize = 64;

/// More textures are not read.
const MAX_TEXTURES: usize = 64;

pub(super) fn load(root: &Folder, path: &str) -> Result<Model, AssetError> {
    plain::load(root, path, |bytes, asset| read(root, path, bytes, asset))
}

fn read(root: &Folder, path: &str, bytes: &[u8], asset: &mut AssetFile) -> Result<Pieces, String> {
    let options = tobj::LoadOptions { single_index: true, triangulate: true, ignore_points: true, ignore_lines: true };
    let files = RefCell::new(Vec::new());
    let failed = RefCell::new(None);
    // A missing material file is an error of ours and only a hint of the crate's.
    let fail = |reason: String| {
        failed.borrow_mut().get_or_insert(reason);
        Err(tobj::LoadError::OpenFileFailed)
    };
    let materials = |name: &Path| {
        let Some(name) = name.to_str() else { return fail("the name of a material file is not UTF-8".into()) };
        if files.borrow().len() >= MAX_MATERIAL_FILES {
            return fail(format!("it names more than {MAX_MATERIAL_FILES} material files"));
        }
        match beside(root, path, name, file::MAX_MATERIALS) {
            Err(reason) => fail(reason),
            Ok((bytes, part)) => {
                files.borrow_mut().push(part);
                let bytes = match with_whole_colors(&bytes) {
                    Ok(bytes) => bytes,
                    Err(reason) => return fail(format!("`{}` cannot be read: {reason}", shown(name))),
                };
                tobj::load_mtl_buf(&mut Cursor::new(bytes))
                    .or_else(|error| fail(format!("`{}` cannot be read: {error}", shown(name))))
            }
        }
    };
    let read = tobj::load_obj_buf(&mut Cursor::new(bytes), &options, materials);
    asset.parts.append(&mut files.borrow_mut());
    if let Some(reason) = failed.into_inner() {
        return Err(reason);
    }
    let (models, materials) = read.map_err(|error| format!("not a valid OBJ file: {error}"))?;
    let materials = materials.map_err(|error| format!("its materials cannot be read: {error}"))?;
    let mut textures = Textures { root, path, asset, loaded: BTreeMap::new(), pixels: 0 };
    let mut looks = Vec::with_capacity(materials.len());
    for material in &materials {
        looks.push(look(material, &mut textures)?);
    }
    let mut pieces = Vec::new();
    let mut triangles = 0usize;
    for model in models.into_iter().filter(|model| !model.mesh.indices.is_empty()) {
        let mesh = model.mesh;
        triangles += mesh.indices.len() / 3;
        if triangles > super::model::MAX_TRIANGLES {
            return Err(format!("it has more than {} triangles; reduce it (decimate)", super::model::MAX_TRIANGLES));
        }
        let threes = |list: &[f32]| list.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect::<Vec<_>>();
        let colors = threes(&mesh.vertex_color).into_iter();
        let soup = Soup {
            positions: threes(&mesh.positions),
            normals: threes(&mesh.normals),
            uvs: mesh.texcoords.chunks_exact(2).map(|c| [c[0], 1.0 - c[1]]).collect(), // v runs up in OBJ
            colors: colors.map(|[r, g, b]| [plain::linear(r), plain::linear(g), plain::linear(b), 1.0]).collect(),
            indices: mesh.indices,
        };
        let within = |reason: String| format!("group `{}`: {reason}", shown(&model.name));
        if model.name.len() > MAX_NAME {
            return Err(within(format!("its name is longer than {MAX_NAME} bytes; shorten it")));
        }
        let material = match mesh.material_id.and_then(|id| looks.get(id)) {
            Some(look) => look.clone(),
            None => plain::untold(!soup.colors.is_empty()),
        };
        let name = match (model.name.as_str(), material.name.as_str()) {
            ("" | "unnamed_object", "") => "1".to_owned(),
            ("" | "unnamed_object", material) => material.to_owned(),
            (name, "") => name.to_owned(),
            (name, material) => format!("{name} {material}"),
        };
        pieces.push((name, soup.mesh().map_err(within)?, material));
    }
    if pieces.is_empty() {
        return Err("there are no triangles in it".into());
    }
    Ok(pieces)
}

/// A file that the OBJ file at `path` names: its bytes, and where it is with its hash.
fn beside(root: &Folder, path: &str, name: &str, most: u64) -> Result<(Vec<u8>, (String, String)), String> {
    let name = name.trim().replace('\\', "/");
    // Names in OBJ files are plain: `%20` is no space.
    let escaped = name.replace('%', "%25");
    let Reference::File(other) = file::resolve(path, &escaped)? else {
        return Err("it names data where a file is expected".into());
    };
    match file::read(root, &other, most) {
        Ok(bytes) => {
            let hash = file::sha256(&bytes);
            Ok((bytes, (other, hash)))
        }
        Err(AssetError::Missing(_)) => Err(format!("it refers to `{}`, which is not there", shown(&name))),
        Err(error) => Err(error.to_string()),
    }
}

/// The text of an MTL file with three numbers in each colour: one number stands for all three, and with fewer than three the crate
/// that reads them panics.
fn with_whole_colors(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let mut out = String::with_capacity(text.len());
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        match words.as_slice() {
            [color @ ("Ka" | "Kd" | "Ks" | "Ke"), grey] => out.push_str(&format!("{color} {grey} {grey} {grey}")),
            ["Ka" | "Kd" | "Ks" | "Ke"] | ["Ka" | "Kd" | "Ks" | "Ke", _, _] => {
                return Err(format!("a colour has three numbers, or one (line {number})"));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out.into_bytes())
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// The textures of one file, each decoded once.
struct Textures<'a> {
    root: &'a Folder,
    path: &'a str,
    asset: &'a mut AssetFile,
    loaded: BTreeMap<String, Arc<Texture>>,
    pixels: u64,
}

impl Textures<'_> {
    fn get(&mut self, word: &str) -> Result<Map, String> {
        let mut name = word.trim();
        if name.starts_with('-') {
            // Options stand before the name, and have no spaces in their values but between them.
            name = name.rsplit(char::is_whitespace).next().unwrap_or(name);
            self.warn(format!("the options of the texture `{}`", shown(name)));
        }
        if let Some(texture) = self.loaded.get(name) {
            return Ok(Map::new(texture.clone()));
        }
        if self.loaded.len() >= MAX_TEXTURES {
            return Err(format!("it has more than {MAX_TEXTURES} textures"));
        }
        let (bytes, part) = beside(self.root, self.path, name, file::MAX_IMAGE)?;
        let image = texture::decode(&bytes).map_err(|reason| format!("texture `{}`: {reason}", shown(name)))?;
        self.pixels += u64::from(image.width()) * u64::from(image.height());
        if self.pixels > MAX_PIXELS {
            return Err(format!("its textures have more than {MAX_PIXELS} pixels together"));
        }
        let key = format!("{}#{}", self.path, part.0);
        self.asset.parts.push(part);
        let file = AssetFile { parts: Vec::new(), warnings: Vec::new(), ..self.asset.clone() };
        let texture = Arc::new(Texture { key, image, wrap: [Wrap::Repeat; 2], file });
        self.loaded.insert(name.to_owned(), texture.clone());
        Ok(Map::new(texture))
    }

    fn warn(&mut self, what: String) {
        if !self.asset.warnings.contains(&what) {
            self.asset.warnings.push(what);
        }
    }
}

/// What an MTL file says, in our terms. Colours are taken as linear, as Blender writes them; roughness is what `Pr` says, else what
/// Blender makes of the shininess `Ns` (`1 - sqrt(Ns / 1000)`).
fn look(material: &tobj::Material, textures: &mut Textures<'_>) -> Result<PartMaterial, String> {
    if material.name.len() > MAX_NAME {
        return Err(format!("a material's name is longer than {MAX_NAME} bytes; shorten it"));
    }
    let extra = |name: &str| material.unknown_param.get(name).map(|word| word.trim());
    let number = |name: &str| extra(name).and_then(|word| word.split_whitespace().next()?.parse::<f32>().ok());
    let share = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let mut map = |word: &Option<String>| word.as_deref().map(|word| textures.get(word)).transpose();
    let base_color_texture = map(&material.diffuse_texture)?;
    // With a texture many exporters leave `Kd` out or black; black would hide it.
    let color = material.diffuse.unwrap_or([if base_color_texture.is_some() { 1.0 } else { 0.6 }; 3]);
    let color = if base_color_texture.is_some() && color == [0.0; 3] { [1.0; 3] } else { color };
    let [r, g, b] = color.map(share);
    let alpha = share(material.dissolve.unwrap_or(1.0));
    let shiny = material.shininess.filter(|shininess| shininess.is_finite());
    let rough = shiny.map_or(0.6, |shininess| 1.0 - (shininess.clamp(0.0, 1000.0) / 1000.0).sqrt());
    let part = PartMaterial {
        name: material.name.clone(),
        base_color: [r, g, b, alpha],
        base_color_texture,
        metallic: share(number("Pm").unwrap_or(0.0)),
        roughness: share(number("Pr").unwrap_or(rough)),
        normal_texture: map(&extra("norm").map(str::to_owned))?,
        emission: material.emissive.unwrap_or([0.0; 3]).map(|c| if c.is_finite() { c.clamp(0.0, 1e9) } else { 0.0 }),
        blend: alpha < 1.0,
        ..PartMaterial::default()
    };
    let others = [
        (&material.ambient_texture, "ambient light (map_Ka)"),
        (&material.specular_texture, "reflections (map_Ks)"),
        (&material.shininess_texture, "shininess (map_Ns)"),
        (&material.dissolve_texture, "transparency (map_d)"),
        (&material.normal_texture, "height (map_Bump)"),
    ];
    for (_, what) in others.iter().filter(|(word, _)| word.is_some()) {
        textures.warn(format!("textures of {what}"));
    }
    for name in ["map_Ke", "map_Pr", "map_Pm"].iter().filter(|name| material.unknown_param.contains_key(**name)) {
        textures.warn(format!("textures called {name}"));
    }
    Ok(part)
}
