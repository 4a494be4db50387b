//! Outputs that are one image per frame: which they are, how each is made of a frame, and how it is to be read.

use glam::{DMat3, DVec2, DVec3};

use crate::annotate::{Panoptic, Subject, flow};
use crate::frame::{Frame, Owner};
use crate::image::Image;
use crate::scene::{Camera, ImageFormat, NormalFrame, NormalSurface, Output, Way};
use crate::write::clips::Beside;
use crate::write::encode::{self, EncodeError};
use crate::write::manifest::DepthFormat;
use crate::write::moving;

/// Whether an output is one image per frame, in a folder of its own.
pub(crate) fn is_image(output: Output) -> bool {
    !matches!(
        output,
        Output::Amodal | Output::Poses | Output::Boxes3d | Output::Keypoints | Output::Tracks | Output::Mot
    )
}

/// What images are made of.
pub(crate) struct Look<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) frame: &'a Frame,
    pub(crate) panoptic: Option<&'a Panoptic>,
    pub(crate) depth: DepthFormat,
    pub(crate) beside: &'a Beside,
}

impl Look<'_> {
    /// The file of an output: its extension and its bytes. `None` where it is no image.
    pub(crate) fn encode(&self, output: Output) -> Result<Option<(&'static str, Vec<u8>)>, EncodeError> {
        let Self { subject, frame, panoptic, depth, .. } = *self;
        let scene = &subject.scene;
        Ok(Some(match output {
            Output::Ids => integers(self.whole(Some(&frame.ids))?, scene.instances.iter().map(|instance| instance.id))?,
            Output::Semantic => integers(&self.semantic()?, scene.categories.iter().map(|category| category.id))?,
            Output::Parts => integers(&self.parts()?, frame.owners.iter().map(|owner| owner.part))?,
            Output::Depth => {
                let image = self.whole(Some(&frame.depth))?;
                depth.encode(image)?
            }
            Output::Range => ("exr", encode::range_exr(self.whole(Some(&frame.range))?)?),
            Output::Normals { frame: axes, surface: NormalSurface::Shaded } => {
                ("exr", self.normals(frame.shaded_normals.as_ref(), axes)?)
            }
            Output::Normals { frame: axes, surface: NormalSurface::Geometric } => {
                ("exr", self.normals(frame.geometric_normals.as_ref(), axes)?)
            }
            Output::Nocs => ("exr", self.nocs()?),
            Output::Position => ("exr", self.position()?),
            // OpenCV reads one, three or four channels, never two.
            Output::Uv => ("exr", vectors(self.whole(frame.uv.as_ref())?, |[u, v]| [u, v, 0.0])?),
            Output::Albedo => ("png", encode::linear_png(self.whole(frame.albedo.as_ref())?)?),
            Output::Roughness => ("png", encode::unit_png(self.whole(frame.roughness.as_ref())?)?),
            Output::Metallic => ("png", encode::unit_png(self.whole(frame.metallic.as_ref())?)?),
            Output::Emission => ("exr", vectors(self.whole(frame.emission.as_ref())?, |emission| emission)?),
            Output::Panoptic => ("png", encode::panoptic_png(self.whole(panoptic.map(|panoptic| &panoptic.ids))?)?),
            Output::Flow(way) => match self.flow(way)? {
                Some(flow) => ("exr", vectors(&flow, moving::pixels)?),
                None => return Ok(None),
            },
            Output::SceneFlow(way) => match self.flow(way)? {
                Some(flow) => ("exr", vectors(&flow, moving::world)?),
                None => return Ok(None),
            },
            Output::Occlusion(way) => match self.flow(way)? {
                Some(flow) => ("png", moving::occlusion(&flow)?),
                None => return Ok(None),
            },
            Output::Disparity => match flow::disparity(self.camera()?, self.whole(Some(&frame.depth))?) {
                Some(disparity) => ("exr", encode::range_exr(&disparity)?),
                None => return Ok(None),
            },
            Output::Amodal | Output::Poses | Output::Boxes3d | Output::Keypoints | Output::Tracks | Output::Mot => {
                return Ok(None);
            }
        }))
    }

    /// Where each pixel goes; `None` where the clip has no such frame.
    fn flow(&self, way: Way) -> Result<Option<Image<flow::Flow>>, EncodeError> {
        let Some(other) = self.beside.get(way) else { return Ok(None) };
        flow::flow(self.subject, self.frame, &other.subject, &other.frame).ok_or(EncodeError::Missing).map(Some)
    }

    /// An image that is there, and as large as the scene says.
    fn whole<'i, T>(&self, image: Option<&'i Image<T>>) -> Result<&'i Image<T>, EncodeError> {
        let size = (self.subject.scene.image.width, self.subject.scene.image.height);
        image.filter(|image| (image.width(), image.height()) == size).ok_or(EncodeError::Missing)
    }

    fn camera(&self) -> Result<&Camera, EncodeError> {
        self.subject.scene.cameras.get(self.frame.camera).ok_or(EncodeError::Missing)
    }

    /// Something for each value of [`Frame::surfaces`].
    fn by_surface<T>(&self, nothing: T, of: impl Fn(&Owner) -> T) -> Result<Vec<T>, EncodeError> {
        let owners = self.frame.owners.len();
        match self.frame.surfaces.pixels().iter().max() {
            Some(&surface) if surface as usize > owners => Err(EncodeError::NoOwner { surface, owners }),
            _ => Ok(std::iter::once(nothing).chain(self.frame.owners.iter().map(of)).collect()),
        }
    }

    /// A number for each owner, looked up for each pixel; 0 where nothing is hit.
    fn owned(&self, of: impl Fn(&Owner) -> u32) -> Result<Image<u32>, EncodeError> {
        let values = self.by_surface(0, of)?;
        let surfaces = self.whole(Some(&self.frame.surfaces))?;
        let pixels = surfaces.pixels().iter().map(|&surface| values[surface as usize]).collect();
        Image::new(surfaces.width(), surfaces.height(), pixels).ok_or(EncodeError::Missing)
    }

    fn semantic(&self) -> Result<Image<u32>, EncodeError> {
        self.owned(|owner| {
            let instance = self.subject.scene.instances.get(owner.instance as usize).filter(|_| owner.id > 0);
            instance.and_then(|instance| instance.category).unwrap_or(0)
        })
    }

    fn parts(&self) -> Result<Image<u32>, EncodeError> {
        self.owned(|owner| if owner.id > 0 { owner.part } else { 0 })
    }

    fn normals(&self, normals: Option<&Image<[f32; 3]>>, axes: NormalFrame) -> Result<Vec<u8>, EncodeError> {
        let normals = self.whole(normals)?;
        match axes {
            NormalFrame::World => vectors(normals, |normal| normal),
            NormalFrame::Camera => {
                let camera_from_world = DMat3::from_mat4(self.camera()?.opencv_camera_from_world());
                vectors(normals, |normal| narrow(camera_from_world * wide(normal)))
            }
        }
    }

    fn nocs(&self) -> Result<Vec<u8>, EncodeError> {
        let coordinates = self.whole(self.frame.coordinates.as_ref())?;
        let surfaces = self.whole(Some(&self.frame.surfaces))?;
        let Subject { scene, solids, .. } = self.subject;
        let law = |owner: &Owner| {
            let known = scene.instances.get(owner.instance as usize).zip(solids.get(owner.instance as usize));
            // What has no label is no object: 0, like nothing.
            known.filter(|_| owner.id > 0).and_then(|(instance, solid)| solid.nocs(instance)).unwrap_or_default()
        };
        let laws = self.by_surface((DVec3::ZERO, DVec3::ZERO), law)?;
        let points = surfaces.pixels().iter().zip(coordinates.pixels()).map(|(&surface, &coordinates)| {
            let (factor, sum) = laws[surface as usize];
            narrow(wide(coordinates) * factor + sum)
        });
        encode::vectors_exr(coordinates.width(), coordinates.height(), points)
    }

    fn position(&self) -> Result<Vec<u8>, EncodeError> {
        let (camera, depth) = (self.camera()?, self.whole(Some(&self.frame.depth))?);
        let ends = [DVec2::ZERO, DVec2::X, DVec2::Y].map(|pixel| camera.ray_through(pixel));
        let ([Some(first), Some(right), Some(down)], true) = (ends, camera.lens_model.is_pinhole()) else {
            return self.position_by_range(camera);
        };
        // Rays are linear in the pixel: an addition each instead of a rotation each.
        let (right, down) = (right - first, down - first);
        let rows = (0_u32..).zip(depth.rows()).flat_map(|(y, row)| {
            let ray = first + down * (f64::from(y) + 0.5);
            (0_u32..).zip(row).map(move |(x, &depth)| {
                if !depth.is_finite() {
                    return [0.0; 3];
                }
                narrow(camera.position + (ray + right * (f64::from(x) + 0.5)) * f64::from(depth))
            })
        });
        encode::vectors_exr(depth.width(), depth.height(), rows)
    }

    /// Of a lens that bends lines: along the ray through each pixel's centre.
    fn position_by_range(&self, camera: &Camera) -> Result<Vec<u8>, EncodeError> {
        let (lens, range) = (camera.lens(), self.whole(Some(&self.frame.range))?);
        let rows = (0_u32..).zip(range.rows()).flat_map(|(y, row)| {
            (0_u32..).zip(row).map(move |(x, &range)| {
                let ray = lens.ray(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)).filter(|_| range.is_finite());
                let point = |ray: DVec3| {
                    camera.position + camera.rotation * DVec3::new(ray.x, -ray.y, -ray.z) * f64::from(range)
                };
                ray.map_or([0.0; 3], |ray| narrow(point(ray)))
            })
        });
        encode::vectors_exr(range.width(), range.height(), rows)
    }
}

/// Each pixel as a vector.
fn vectors<T: Copy>(image: &Image<T>, of: impl Fn(T) -> [f32; 3]) -> Result<Vec<u8>, EncodeError> {
    encode::vectors_exr(image.width(), image.height(), image.pixels().iter().map(|&pixel| of(pixel)))
}

/// 16-bit PNG, or 32-bit EXR where `possible` values do not fit: decided by the scene, so that all its frames are alike.
fn integers(image: &Image<u32>, possible: impl Iterator<Item = u32>) -> Result<(&'static str, Vec<u8>), EncodeError> {
    if possible.max().unwrap_or(0) > encode::MAX_PNG_ID {
        Ok(("exr", encode::ids_exr(image)?))
    } else {
        Ok(("png", encode::ids_png(image)?))
    }
}

fn wide([x, y, z]: [f32; 3]) -> DVec3 {
    DVec3::new(f64::from(x), f64::from(y), f64::from(z))
}

/// To the nearest, and without negative zeros, which look like mistakes in a file.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
fn narrow(v: DVec3) -> [f32; 3] {
    [v.x as f32 + 0.0, v.y as f32 + 0.0, v.z as f32 + 0.0]
}

impl DepthFormat {
    /// A depth image's file: its extension and its bytes.
    pub(crate) fn encode(self, image: &Image<f32>) -> Result<(&'static str, Vec<u8>), EncodeError> {
        Ok(match self {
            Self::ExrMetres => ("exr", encode::depth_exr(image)?),
            Self::PngMillimetres => ("png", encode::depth_png(image)?),
        })
    }
}

/// The folder and the name of what depth sensors measure, beside those of outputs.
pub(crate) const SENSOR_DEPTH: &str = "sensor_depth";

/// How [`SENSOR_DEPTH`] is to be read.
pub(crate) fn sensor_depth_convention(depth: DepthFormat) -> &'static str {
    match depth {
        DepthFormat::ExrMetres => {
            "what the camera's depth sensor measures, a simulation and no label: z along the optical axis, metres; EXR, 32-bit float \
             channel 'Z' (and its copy 'Y'); +inf where it measures nothing"
        }
        DepthFormat::PngMillimetres => {
            "what the camera's depth sensor measures, a simulation and no label: z along the optical axis, millimetres, to the nearest; \
             16-bit PNG; 0 where it measures nothing"
        }
    }
}

/// How pictures are to be read.
pub(crate) fn picture_convention(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "8-bit sRGB, anti-aliased as the recipe says",
        ImageFormat::Png16 => "16-bit sRGB PNG, anti-aliased as the recipe says",
        ImageFormat::Jpeg { .. } => "8-bit sRGB, baseline JPEG, anti-aliased as the recipe says",
        ImageFormat::Exr => {
            "linear light (Rec. 709 primaries), 1 = a white matte surface under the metered light, after lens and sensor and before the \
             tone curve; noise may bring it below 0; EXR, 32-bit float channels R, G, B"
        }
    }
}

/// How an output is to be read, in words, for the `conventions` of `dataset.json`.
pub(crate) fn convention(output: Output, depth: DepthFormat) -> &'static str {
    use {NormalFrame as Axes, NormalSurface as Of};
    match output {
        Output::Ids => {
            "instance id at each pixel centre, never anti-aliased: dense from 1 within a scene, 0 where nothing labelled is seen; \
             16-bit PNG, or EXR with one unsigned 32-bit channel 'id' for scenes with ids above 65535"
        }
        Output::Semantic => {
            "category id of the instance at each pixel centre, 0 where nothing labelled is seen; files as of ids, for category ids"
        }
        Output::Parts => {
            "number of the part of its object that each pixel centre shows, from 1 ('parts' names them; what is not listed there \
             has one part); 0 where nothing labelled is seen; files as of ids, for part numbers"
        }
        Output::Depth => match depth {
            DepthFormat::ExrMetres => {
                "z along the optical axis at each pixel centre (not the distance to the camera centre), metres; unlabelled surfaces \
                 have depth too; EXR, 32-bit float channel 'Z' (and its copy 'Y' for readers that know only luminance); +inf where \
                 nothing is hit"
            }
            DepthFormat::PngMillimetres => {
                "z along the optical axis at each pixel centre (not the distance to the camera centre), millimetres, to the \
                 nearest; unlabelled surfaces have depth too; 16-bit PNG; 0 where nothing is hit, a hit is at least 1, 65535 means \
                 that far or farther"
            }
        },
        Output::Range => {
            "distance from the camera centre at each pixel centre, metres; EXR, 32-bit float channel 'Y'; +inf where nothing is hit"
        }
        Output::Normals { frame: Axes::Camera, surface: Of::Shaded } => {
            "unit normal as light sees it (interpolated, with the normal map), in the OpenCV camera frame: a surface that faces the \
             camera has a negative z; EXR, 32-bit float channels R, G, B = x, y, z; 0 where nothing is hit"
        }
        Output::Normals { frame: Axes::World, surface: Of::Shaded } => {
            "unit normal as light sees it (interpolated, with the normal map), in the world frame; EXR, 32-bit float channels \
             R, G, B = x, y, z; 0 where nothing is hit"
        }
        Output::Normals { frame: Axes::Camera, surface: Of::Geometric } => {
            "unit normal of the triangle, in the OpenCV camera frame: a surface that faces the camera has a negative z; EXR, 32-bit \
             float channels R, G, B = x, y, z; 0 where nothing is hit"
        }
        Output::Normals { frame: Axes::World, surface: Of::Geometric } => {
            "unit normal of the triangle, in the world frame; EXR, 32-bit float channels R, G, B = x, y, z; 0 where nothing is hit"
        }
        Output::Nocs => {
            "normalised object coordinates (Wang et al. 2019): ((p - c) * s) / |e * s| + 0.5 per component, where p is the point in \
             the object's own frame, c and e are centre and edge lengths of its box there, and s is its scale; EXR, 32-bit float \
             channels R, G, B = x, y, z; 0 where nothing labelled is seen"
        }
        Output::Position => {
            "point of the surface in the world frame, metres; EXR, 32-bit float channels R, G, B = x, y, z; 0 where nothing is hit \
             (and at the world's origin: tell them apart by depth)"
        }
        Output::Uv => {
            "texture coordinates, v down, before tiling; EXR, 32-bit float channels R, G = u, v and B = 0; 0 where nothing is hit"
        }
        Output::Albedo => {
            "base colour without light, 8-bit sRGB PNG (the linear value, clipped to 0..1, to the nearest); 0 where nothing is hit"
        }
        Output::Roughness => "perceptual roughness, 8-bit PNG: 255 is 1; 0 where nothing is hit",
        Output::Metallic => "0 for a dielectric, 1 for a metal, 8-bit PNG: 255 is 1; 0 where nothing is hit",
        Output::Emission => {
            "luminance given off, cd/m2 per linear Rec. 709 channel; EXR, 32-bit float channels R, G, B; 0 where nothing is hit"
        }
        Output::Amodal => {
            "attributes of annotations: amodal_bbox and amodal_area count every pixel that the instance covers, hidden or not, on a \
             canvas three frames wide and high with the frame in its middle; amodal_segmentation is what of it is within the frame; \
             visibility is visible pixels / amodal pixels within the frame; truncation is 1 - amodal pixels within the frame / on \
             the canvas; hidden_by counts amodal pixels within the frame by the instance that is seen there instead (0: unlabelled)"
        }
        Output::Poses => {
            "attributes of annotations: pose.camera_from_object takes a point of the object, after pose.scale along its own axes, to \
             the OpenCV camera frame; distance is from the camera centre to the middle of the oriented 3D box, metres"
        }
        Output::Boxes3d => {
            "attributes of annotations: box3d.oriented along the object's own axes and box3d.axis_aligned along the world's; center \
             and corners in the OpenCV camera frame, size along the box's axes, metres; pixels are the corners in continuous pixels, \
             null where the lens does not see one; corner k has the upper x, y, z where bits 0, 1, 2 of k are set"
        }
        Output::Keypoints => {
            "annotations/keypoints.json: [x, y, v] by COCO's counting, where the centre of the first pixel is 0; v is 2 where seen, \
             1 where hidden, 0 where outside of the image or not there (then x and y are 0)"
        }
        Output::Panoptic => {
            "annotations/panoptic.json and 8-bit RGB PNG, segment id = R + 256 G + 65536 B: the instance id, for stuff the lowest id \
             of its instances; 0 is void: background, unlabelled surfaces, and what a rule leaves out"
        }
        Output::Flow(Way::Forward) => {
            "where what each pixel centre shows is in the next frame, less where it is in this one, pixels (x right, y down); EXR, 32-bit \
             float channels R, G = u, v and B = 1 where that is known, else all 0; the last frame of a clip has none"
        }
        Output::Flow(Way::Backward) => "as flow, to the frame before; the first frame of a clip has none",
        Output::Occlusion(Way::Forward) => {
            "whether what each pixel centre shows is seen in the next frame, 8-bit PNG: 0 seen, 85 outside of its image, 170 hidden by \
             something, 255 not known; the last frame of a clip has none"
        }
        Output::Occlusion(Way::Backward) => "as occlusion, in the frame before; the first frame of a clip has none",
        Output::SceneFlow(Way::Forward) => {
            "where what each pixel centre shows is in the world at the next frame, less where it is at this one, metres; EXR, 32-bit \
             float channels R, G, B = x, y, z in the world frame; 0 where nothing is hit or nothing is known (occlusion 255); the last \
             frame of a clip has none"
        }
        Output::SceneFlow(Way::Backward) => "as scene_flow, to the frame before; the first frame of a clip has none",
        Output::Disparity => {
            "fx * baseline / depth, pixels: what a pixel of the left image shows is so far to the left of it in the right image, and the \
             other way round; EXR, 32-bit float channel 'Y'; 0 where nothing is hit; only cameras of stereo pairs have it"
        }
        Output::Tracks => {
            "annotations/tracks.json: for each image points of its labelled instances, [instance_id, number, x, y, v]: the same point of the \
             same thing in each frame of a clip, continuous pixels; v is 2 where seen, 1 where hidden, 0 where not in the image (then x \
             and y are 0)"
        }
        Output::Mot => {
            "mot/SCENE_CAMERA/gt/gt.txt and seqinfo.ini as of the MOT challenge: frame from 1, instance id, left and top from 1, width and \
             height of the visible box, 1, category id, visibility (1 where not known)"
        }
    }
}
