//! What is infinitely far away, as a panorama: of a file, of a file without its suns, or of a sky.

use std::borrow::Cow;

use super::RenderError;
use crate::assets::sky::Sky;
use crate::assets::{AssetError, Library};
use crate::image::Image;
use crate::scene::{Environment, PhysicalSky};

/// Columns of a sky that lights, and of one that is seen: it is smooth.
const SKY_COLUMNS: [u32; 2] = [256, 1024];
/// Texels along an edge of the map that surfaces mirror: of files, and of skies.
const MIRROR_SIZES: [u32; 2] = [128, 32];

/// A panorama.
pub(super) struct Around<'a> {
    /// What it is called where it is kept: the same for the same image.
    pub(super) key: String,
    source: Source<'a>,
    /// cd/m2 of a 1 in it.
    pub(super) luminance: f64,
    /// How far it is turned about +Y, radians.
    pub(super) yaw: f64,
    pub(super) mirror_size: u32,
}

enum Source<'a> {
    File(&'a Sky),
    WithoutSuns(&'a Sky),
    Computed(PhysicalSky, u32),
}

impl<'a> Around<'a> {
    /// What cameras see; `None` of a gradient, which is no panorama.
    pub(super) fn seen(environment: &Environment, library: &'a Library) -> Result<Option<Self>, RenderError> {
        Self::of(environment, library, false)
    }

    /// What lights surfaces, beside the scene's lights.
    pub(super) fn lights(environment: &Environment, library: &'a Library) -> Result<Option<Self>, RenderError> {
        Self::of(environment, library, true)
    }

    fn of(environment: &Environment, library: &'a Library, lights: bool) -> Result<Option<Self>, RenderError> {
        let around = match environment {
            Environment::Gradient { .. } => return Ok(None),
            Environment::Image { path, yaw, luminance, without_suns } => {
                let sky = library.skies.get(path).ok_or_else(|| AssetError::Missing(path.into()))?;
                let (luminance, yaw, mirror_size) = (*luminance, *yaw, MIRROR_SIZES[0]);
                if lights && *without_suns {
                    let key = format!("{} without suns", sky.key);
                    Self { key, source: Source::WithoutSuns(sky), luminance, yaw, mirror_size }
                } else {
                    Self { key: sky.key.clone(), source: Source::File(sky), luminance, yaw, mirror_size }
                }
            }
            Environment::Sky(sky) => {
                let columns = SKY_COLUMNS[usize::from(!lights)];
                Self {
                    key: format!("{sky:?} {columns}"),
                    source: Source::Computed(*sky, columns),
                    luminance: 1.0,
                    yaw: 0.0,
                    mirror_size: MIRROR_SIZES[1],
                }
            }
        };
        Ok(Some(around))
    }

    /// The image itself, which may take a while.
    pub(super) fn image(&self) -> Cow<'a, Image<[f32; 3]>> {
        match self.source {
            Source::File(sky) => Cow::Borrowed(&sky.image),
            Source::WithoutSuns(sky) => Cow::Owned(sky.split().rest(&sky.image)),
            Source::Computed(sky, columns) => {
                let black = || Image::filled(2, 1, [0.0; 3]);
                Cow::Owned(sky.panorama(columns, columns / 2).unwrap_or_else(black))
            }
        }
    }
}
