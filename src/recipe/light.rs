//! Lights that have a surface, rigs of several lights, the sky, fog.

use super::{Angle, ColorDist, Scalar, VectorDist};

/// The shape of an area light; metres.
#[derive(Debug, Clone, PartialEq)]
pub enum EmitterRecipe {
    /// `Rectangle(.., width, height)`
    Rectangle {
        /// From left to right.
        width: Scalar,
        /// From top to bottom.
        height: Scalar,
    },
    /// `Disc(.., radius)`
    Disc {
        /// Radius.
        radius: Scalar,
    },
    /// `Sphere(.., radius)`
    Sphere {
        /// Radius.
        radius: Scalar,
    },
    /// `Tube(.., length, radius)`
    Tube {
        /// Along its axis.
        length: Scalar,
        /// Radius.
        radius: Scalar,
    },
}

/// Which way an area light is turned.
#[derive(Debug, Clone, PartialEq)]
pub enum AimRecipe {
    /// It shines towards this point.
    Target(VectorDist),
    /// It lies along this direction, of any length.
    Along(VectorDist),
    /// All ways are the same.
    None,
}

/// Several lights that are placed together.
#[derive(Debug, Clone, PartialEq)]
pub enum RigRecipe {
    /// The three lights of a studio: squares that face their target. `KeyFillRim(target, distance, flux, ..)`
    KeyFillRim {
        /// What they face.
        target: VectorDist,
        /// How far they are from it.
        distance: Scalar,
        /// Lumens of the key light.
        flux: Scalar,
        /// From where the scene is seen, about +Y, from +Z towards +X.
        azimuth: Angle,
        /// How far key and fill stand to either side of that.
        spread: Angle,
        /// How high the key stands.
        elevation: Angle,
        /// Flux of the key over that of the fill.
        ratio: Scalar,
        /// Flux of the rim over that of the key.
        rim: Scalar,
        /// Sides of the squares, metres.
        size: Scalar,
        /// Drawn for each light.
        color: ColorDist,
        /// Whether they cast shadows.
        shadows: bool,
    },
    /// Rows and columns of panels that shine down. `CeilingPanels(center, width, depth, rows, columns, flux, ..)`
    CeilingPanels {
        /// The middle of them.
        center: VectorDist,
        /// Of the ceiling, along x.
        width: Scalar,
        /// Of the ceiling, along z.
        depth: Scalar,
        /// Along z.
        rows: Scalar,
        /// Along x.
        columns: Scalar,
        /// Lumens of each; drawn for each.
        flux: Scalar,
        /// Of a panel along x, metres.
        panel_width: Scalar,
        /// Of a panel along z, metres.
        panel_depth: Scalar,
        /// Drawn for each.
        color: ColorDist,
        /// Whether they cast shadows.
        shadows: bool,
    },
    /// A spot that is fixed to a camera and shines where it looks. `Torch(camera, flux, angle, ..)`
    Torch {
        /// The camera's name.
        camera: String,
        /// Lumens, as of a spot.
        flux: Scalar,
        /// Full angle of the cone.
        angle: Angle,
        /// From the camera: to the right, up and back.
        offset: VectorDist,
        /// Share of the cone over which light falls off to nothing, 0..=1.
        blend: Scalar,
        /// Colour.
        color: ColorDist,
        /// Whether it casts shadows.
        shadows: bool,
    },
}

/// The most rows, and the most columns, of a rig of panels.
pub const MOST_ROWS: u32 = 32;

/// Light that goes up and down.
#[derive(Debug, Clone, PartialEq)]
pub struct FlickerRecipe {
    /// Hertz, of the light.
    pub frequency: Scalar,
    /// Share of its mean by which it goes up and down, 0..=1.
    pub depth: Scalar,
    /// Where in its period it is at time 0, degrees; `None` is anywhere.
    pub phase: Option<Angle>,
}

/// Where the sun of a sky stands.
#[derive(Debug, Clone, PartialEq)]
pub enum SunPlaceRecipe {
    /// By its direction.
    Direction {
        /// Above the horizon.
        elevation: Angle,
        /// About +Y, from +Z towards +X.
        azimuth: Angle,
    },
    /// By place and time; north is -Z, east +X.
    Clock {
        /// Degrees north.
        latitude: Angle,
        /// Degrees east. With it, `hour` is universal time; without it, true solar time.
        longitude: Option<Angle>,
        /// Of the year, from 1.
        day: Scalar,
        /// Of the day.
        hour: Scalar,
    },
}

/// `Sky(..)`
#[derive(Debug, Clone, PartialEq)]
pub struct SkyRecipe {
    /// Where its sun stands.
    pub sun: SunPlaceRecipe,
    /// How far all of it is turned about +Y.
    pub yaw: Angle,
    /// Turbidity.
    pub turbidity: Scalar,
    /// Colour of the ground.
    pub ground: ColorDist,
    /// Multiplies it.
    pub strength: Scalar,
    /// Whether its sun casts shadows.
    pub shadows: bool,
}

/// `Fog(..)`
#[derive(Debug, Clone, PartialEq)]
pub struct FogRecipe {
    /// How thick it is.
    pub thickness: ThicknessRecipe,
    /// Colour of its droplets.
    pub color: ColorDist,
}

/// How thick fog is.
#[derive(Debug, Clone, PartialEq)]
pub enum ThicknessRecipe {
    /// Meteorological visibility, metres.
    Visibility(Scalar),
    /// Extinction, per metre.
    Density(Scalar),
}
