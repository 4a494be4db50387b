//! Lenses, focus and shutter of a camera as a recipe has them, and what becomes of a lens once its numbers are known.

use super::{Angle, CameraRecipe, Scalar, Varied};
use crate::assets::Library;
use crate::scene::{ImageSettings, LensModel};

/// Full frame: 36 by 24 mm.
pub(crate) const FULL_FRAME: [f64; 2] = [36.0, 24.0];

/// Intrinsics.
#[derive(Debug, Clone, PartialEq)]
pub enum LensRecipe {
    /// Full field of view, without distortion; square pixels, principal point in the middle.
    Fov {
        /// The angle.
        angle: Angle,
        /// Across which side of the image.
        axis: FovAxis,
    },
    /// In pixels; continuous pixel coordinates for the principal point.
    Intrinsics {
        /// Focal length along x.
        fx: Scalar,
        /// Focal length along y.
        fy: Scalar,
        /// Principal point.
        cx: Scalar,
        /// Principal point.
        cy: Scalar,
    },
    /// As photographers say it; square pixels, principal point in the middle. The image is the largest part of the sensor, around its
    /// middle, that has the image's shape.
    Focal {
        /// Focal length, mm.
        length: Scalar,
        /// Width and height of the sensor, mm.
        sensor: [f64; 2],
    },
    /// The whole sphere.
    Equirectangular,
    /// As a calibration file has it.
    Calibration {
        /// The file.
        path: Varied<String>,
        /// Which of its cameras; `None` is the only one.
        camera: Option<String>,
    },
}

/// The side of the image that a field of view spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FovAxis {
    /// Top to bottom.
    Vertical,
    /// Left to right.
    Horizontal,
}

/// How a lens bends straight lines: coefficients as OpenCV has them.
#[derive(Debug, Clone, PartialEq)]
pub enum DistortionRecipe {
    /// Brown and Conrady, OpenCV's rational model.
    BrownConrady {
        /// k1 to k6.
        k: Box<[Scalar; 6]>,
        /// p1, p2.
        p: [Scalar; 2],
    },
    /// Kannala and Brandt, OpenCV's fisheye.
    KannalaBrandt {
        /// k1 to k4.
        k: Box<[Scalar; 4]>,
    },
}

/// How wide a lens is open, and what it is sharp at.
#[derive(Debug, Clone, PartialEq)]
pub struct FocusRecipe {
    /// Focal length over diameter.
    pub f_number: Scalar,
    /// What is sharp.
    pub at: FocusAt,
    /// Focal length, mm; `None` where lens and sensor say it.
    pub focal_length: Option<Scalar>,
    /// Width and height of the sensor, mm: what tells millimetres from a focal length in pixels.
    pub sensor: [f64; 2],
}

/// What a lens is sharp at.
#[derive(Debug, Clone, PartialEq)]
pub enum FocusAt {
    /// So many metres away.
    Distance(Scalar),
    /// The nearest instance of a group: the middle of its bounding box.
    Object(String),
}

/// When light is let in, seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct ShutterRecipe {
    /// Exposure time.
    pub time: Scalar,
    /// From the first row to the last one.
    pub readout: Scalar,
}

/// A lens whose numbers are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optics {
    /// fx, fy: pixels, or pixels per radian.
    pub focal: [f64; 2],
    /// cx, cy: continuous pixels.
    pub principal: [f64; 2],
    /// How directions become places.
    pub model: LensModel,
}

/// Millimetres of a sensor that a pixel of the image covers: the image is the largest part of the sensor that has its shape.
pub(crate) fn pitch(sensor: [f64; 2], image: &ImageSettings) -> f64 {
    (sensor[0] / f64::from(image.width)).min(sensor[1] / f64::from(image.height))
}

impl CameraRecipe {
    /// What its lens is where `number` says what its numbers are (each named by its path: `lens`, `vertical`) and `text` which of
    /// several texts is meant.
    ///
    /// # Errors
    /// A calibration is not for images of this shape; in words for a person.
    pub(crate) fn optics(
        &self,
        image: &ImageSettings,
        library: &Library,
        number: &mut dyn FnMut(&Scalar, &[&str]) -> f64,
        text: &mut dyn FnMut(&Varied<String>, &[&str]) -> String,
    ) -> Result<Optics, String> {
        let (width, height) = (f64::from(image.width), f64::from(image.height));
        let middle = [width / 2.0, height / 2.0];
        let mut of = |dist: &Scalar, path: &[&str]| number(dist, path).clamp(-1e9, 1e9);
        let model = match &self.distortion {
            None => LensModel::Pinhole,
            Some(DistortionRecipe::BrownConrady { k, p }) => {
                let mut at = |dist: &Scalar, name: &str| of(dist, &["distortion", name]);
                let [k1, k2, k3, k4, k5, k6] = &**k;
                let k = [at(k1, "k1"), at(k2, "k2"), at(k3, "k3"), at(k4, "k4"), at(k5, "k5"), at(k6, "k6")];
                LensModel::BrownConrady { k, p: [at(&p[0], "p1"), at(&p[1], "p2")] }
            }
            Some(DistortionRecipe::KannalaBrandt { k }) => {
                let mut at = |dist: &Scalar, name: &str| of(dist, &["distortion", name]);
                let [k1, k2, k3, k4] = &**k;
                LensModel::KannalaBrandt { k: [at(k1, "k1"), at(k2, "k2"), at(k3, "k3"), at(k4, "k4")] }
            }
        };
        let square = |f: f64| Optics { focal: [f, f], principal: middle, model };
        Ok(match &self.lens {
            LensRecipe::Fov { angle, axis } => {
                let (name, side) = match axis {
                    FovAxis::Vertical => ("vertical", image.height),
                    FovAxis::Horizontal => ("horizontal", image.width),
                };
                let angle = of(angle, &["lens", name]);
                square(match model {
                    // A fisheye without coefficients: equal angles are equal distances.
                    LensModel::KannalaBrandt { .. } => f64::from(side) / angle.clamp(0.01, 360.0).to_radians(),
                    // Between a telescope and a lens that sees almost everything in front of it.
                    _ => f64::from(side) / 2.0 / libm::tan(angle.clamp(0.01, 179.0).to_radians() / 2.0),
                })
            }
            LensRecipe::Intrinsics { fx, fy, cx, cy } => Optics {
                focal: [of(fx, &["lens", "fx"]).max(1e-3), of(fy, &["lens", "fy"]).max(1e-3)],
                principal: [of(cx, &["lens", "cx"]), of(cy, &["lens", "cy"])],
                model,
            },
            LensRecipe::Focal { length, sensor } => {
                square((of(length, &["lens", "length"]).max(1e-3) / pitch(*sensor, image)).clamp(1e-3, 1e9))
            }
            LensRecipe::Equirectangular => {
                let [fx, fy, cx, cy] = LensModel::equirectangular(image.width, image.height);
                Optics { focal: [fx, fy], principal: [cx, cy], model: LensModel::Equirectangular }
            }
            LensRecipe::Calibration { path, camera } => {
                calibrated(&text(path, &["lens", "path"]), camera.as_deref(), image, library)?
            }
        })
    }
}

/// A calibrated camera in images of another size, if they have the same shape.
fn calibrated(path: &str, camera: Option<&str>, image: &ImageSettings, library: &Library) -> Result<Optics, String> {
    let calibration = library.calibrations.get(path).ok_or_else(|| format!("the file {path:?} is not loaded"))?;
    let found = calibration.camera(camera)?;
    let [width, height] = found.size.unwrap_or([image.width, image.height]);
    if u64::from(width) * u64::from(image.height) != u64::from(height) * u64::from(image.width) {
        return Err(format!(
            "it is of images of {width} x {height} pixels, which have another shape than these of {} x {}; write image: (width: {}, \
             height: {}), or of the same shape",
            image.width, image.height, width, height
        ));
    }
    let scale = f64::from(image.width) / f64::from(width);
    Ok(Optics {
        focal: found.focal.map(|f| f * scale),
        principal: found.principal.map(|c| c * scale),
        model: found.model,
    })
}
