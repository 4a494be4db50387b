//! What the label pass is told: surfaces and views, and how they lie in the buffers of `shaders/labels.wgsl`.

use bevy::asset::AssetId;
use bevy::image::Image as BevyImage;
use bevy::math::{Affine3A, DMat3, Mat3, Mat4, Vec2, Vec3, Vec4};
use bevy::mesh::Mesh as BevyMesh;

use super::masks::{MaskJob, Tile};
use crate::assets::Wrap;

/// Bytes of `Surface` and `View` in the shader, in words.
pub(super) const SURFACE_WORDS: usize = 68;
pub(super) const VIEW_WORDS: usize = 44;

/// One mesh to label.
#[derive(Debug, Clone)]
pub(super) struct Surface {
    /// 1 + its position among the surfaces of the scene.
    pub(super) number: u32,
    /// Position of its instance in the scene.
    pub(super) instance: u32,
    pub(super) mesh: AssetId<BevyMesh>,
    /// Whether its vertices have second UVs and colours.
    pub(super) rich: bool,
    pub(super) world_from_local: Affine3A,
    pub(super) instance_from_world: Affine3A,
    /// From the mesh to the instance's own frame: primitives are unit meshes, mirrored ones are turned over.
    pub(super) instance_from_local: Vec3,
    /// Its bounding box there.
    pub(super) lower: Vec3,
    pub(super) upper: Vec3,
    pub(super) look: Look,
    /// Whether labels see through it: it is not drawn here.
    pub(super) see_through: bool,
    /// Whether shadow maps show it.
    pub(super) casts_shadow: bool,
}

/// What a surface looks like, as far as labels tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) textures: Textures,
    /// Linear; multiplies the texture.
    pub(super) base_color: Vec3,
    pub(super) roughness: f32,
    pub(super) metallic: f32,
    /// cd/m2 per channel; multiplies the texture.
    pub(super) emission: Vec3,
    pub(super) uv_scale: Vec2,
    /// Where set, points whose alpha is below the threshold do not exist.
    pub(super) cut_out: Option<CutOut>,
}

/// `None` where a value does not come from a texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Textures {
    pub(super) color: Option<Lookup>,
    pub(super) normal: Option<Lookup>,
    pub(super) metallic_roughness: Option<Lookup>,
    pub(super) emission: Option<Lookup>,
}

/// A texture, and how it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lookup {
    pub(super) image: AssetId<BevyImage>,
    /// Outside of 0..=1, along u and v.
    pub(super) wrap: [Wrap; 2],
    /// By the second UVs rather than the first.
    pub(super) second_uvs: bool,
}

impl Textures {
    /// In the order of the shader's bindings.
    pub(super) fn all(self) -> [Option<Lookup>; 4] {
        [self.color, self.normal, self.metallic_roughness, self.emission]
    }

    /// `HAS_COLOR` and the others of the shader, and four bits further up `COLOR_BY_SECOND` and the others.
    fn bits(self) -> u32 {
        let bits = |lookup: Option<Lookup>| lookup.map_or(0, |lookup| 1 | u32::from(lookup.second_uvs) << 4);
        (0..).zip(self.all()).map(|(place, lookup)| bits(lookup) << place).sum()
    }
}

/// A surface that is not there where its alpha is below a threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct CutOut {
    pub(super) alpha: f32,
    pub(super) cutoff: f32,
}

/// What the pass needs to know of a camera: the matrices that Bevy draws with.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) clip_from_world: Mat4,
    pub(super) view_from_world: Mat4,
    /// fx, fy, cx, cy in pixels.
    pub(super) lens: Vec4,
    /// Its centre in the world.
    pub(super) eye: Vec3,
}

/// `View` of the shader.
pub(super) fn view_words(view: &View, tile: Tile, origin: [i32; 2]) -> Vec<u32> {
    let mut words = Vec::with_capacity(VIEW_WORDS);
    for matrix in [view.clip_from_world, view.view_from_world] {
        words.extend(matrix.to_cols_array().map(f32::to_bits));
    }
    words.extend(tile.position().map(f32::to_bits));
    words.extend(origin.map(i32::cast_unsigned));
    push(&mut words, view.lens);
    push_with(&mut words, view.eye, 0);
    words
}

/// An array of the shader's `Surface`.
pub(super) fn surface_words<'j>(surfaces: &[&Surface], job_of: impl Fn(&Surface) -> Option<&'j MaskJob>) -> Vec<u32> {
    // wgpu has no empty storage buffers; one unused surface keeps the layout.
    let words_needed = SURFACE_WORDS * surfaces.len().max(1);
    let mut words: Vec<u32> = Vec::with_capacity(words_needed);
    surfaces.iter().for_each(|surface| push_surface(&mut words, surface, job_of(surface)));
    words.resize(words_needed, 0);
    words
}

fn push_surface(words: &mut Vec<u32>, surface: &Surface, job: Option<&MaskJob>) {
    let look = &surface.look;
    let m = Mat4::from(surface.world_from_local);
    let cut = look.cut_out.unwrap_or(CutOut { alpha: 1.0, cutoff: 0.0 });
    let normals = normal_matrix(&surface.world_from_local);
    push(words, m.row(0));
    push(words, m.row(1));
    push(words, m.row(2));
    push_with(words, normals.x_axis, surface.number);
    push_with(words, normals.y_axis, look.textures.bits());
    push_with(words, normals.z_axis, job.map_or(0, |job| job.start));
    push(words, surface.instance_from_local.extend(cut.alpha));
    push(words, Vec4::new(look.uv_scale.x, look.uv_scale.y, cut.cutoff, look.roughness));
    push(words, look.base_color.extend(look.metallic));
    push_with(words, look.emission, job.map_or(0, |job| job.words_per_column()));
    words.extend(job.map_or([0; 4], |job| job.area.to_array()).map(i32::cast_unsigned));
    words.extend(job.map_or([0; 4], |job| job.whole.to_array()).map(i32::cast_unsigned));
    push_with(words, surface.lower, 0);
    push_with(words, surface.upper, 0);
    let to_instance = Mat4::from(surface.instance_from_world);
    [to_instance.row(0), to_instance.row(1), to_instance.row(2)].into_iter().for_each(|row| push(words, row));
}

fn push(words: &mut Vec<u32>, v: Vec4) {
    words.extend(v.to_array().map(f32::to_bits));
}

fn push_with(words: &mut Vec<u32>, v: Vec3, last: u32) {
    words.extend(v.to_array().map(f32::to_bits));
    words.push(last);
}

/// The inverse transpose of the linear part, scaled so that nothing of it overflows: normals are normalised anyhow.
fn normal_matrix(world_from_local: &Affine3A) -> Mat3 {
    let m = DMat3::from_cols(
        world_from_local.matrix3.x_axis.as_dvec3(),
        world_from_local.matrix3.y_axis.as_dvec3(),
        world_from_local.matrix3.z_axis.as_dvec3(),
    );
    // Cofactors: the inverse transpose times the determinant, whose sign is positive here.
    let cofactors = [m.y_axis.cross(m.z_axis), m.z_axis.cross(m.x_axis), m.x_axis.cross(m.y_axis)];
    let largest = cofactors.iter().map(|c| c.abs().max_element()).fold(0.0, f64::max);
    let scale = if largest > 0.0 { largest.recip() } else { 1.0 };
    let [x, y, z] = cofactors.map(|c| (c * scale).as_vec3());
    Mat3::from_cols(x, y, z)
}
