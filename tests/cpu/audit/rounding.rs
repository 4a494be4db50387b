//! What a rasteriser may be off by, and what it may not.

use glam::DVec3;
use scenewright::annotate::{Subject, annotate};
use scenewright::assets::Library;
use scenewright::scene::Scene;

use super::{Picture, library, refused, scene};
use crate::oracle::cast;

/// A frame as a rasteriser makes it that rounds as coarsely as it may: corners are moved by half a step of a grid of 1/16 of a pixel,
/// and all of space is single precision on its way through the matrices.
fn rasterised(scene: &Scene, library: &Library, camera: usize, [right, down]: [f64; 2]) -> Picture {
    let mut moved = scene.clone();
    moved.cameras[camera].cx += right;
    moved.cameras[camera].cy += down;
    let mut frame = cast(&moved, library, camera);
    let eye = &scene.cameras[camera];
    let view = glam::Affine3A::from_rotation_translation(eye.rotation.as_quat(), eye.position.as_vec3()).inverse();
    let worlds: Vec<glam::Affine3A> = scene
        .instances
        .iter()
        .map(|instance| {
            let (scale, rotation) = (instance.scale.as_vec3(), instance.rotation.as_quat());
            glam::Affine3A::from_scale_rotation_translation(scale, rotation, instance.position.as_vec3())
        })
        .collect();
    let coordinates = frame.coordinates.clone().unwrap();
    for (n, &own) in coordinates.pixels().iter().enumerate() {
        let Some(number) = frame.surfaces.pixels()[n].checked_sub(1) else { continue };
        let world = worlds[frame.owners[number as usize].instance as usize].transform_point3(own.into());
        let point = view.transform_point3(world);
        frame.depth.pixels_mut()[n] = -point.z;
        frame.range.pixels_mut()[n] = point.length();
    }
    let subject = Subject::new(scene.clone(), library).unwrap();
    let labels = annotate(&subject, &frame).unwrap();
    Picture { subject, frame, labels }
}

/// The scene, carried away from the origin with its camera.
fn elsewhere(mut scene: Scene, by: DVec3) -> Scene {
    scene.instances.iter_mut().for_each(|instance| instance.position += by);
    scene.cameras.iter_mut().for_each(|camera| camera.position += by);
    scene
}

#[test]
fn rounding_passes_near_the_origin_and_far_from_it() {
    let library = library(&scene());
    for away in [0.0, 100.0, 1e4] {
        let scene = elsewhere(scene(), DVec3::new(away, 0.3 * away, -away));
        for step in [[1.0, 1.0], [-1.0, 1.0], [0.3, -1.0]] {
            let picture = rasterised(&scene, &library, 0, step.map(|half| half / 32.0));
            assert_eq!(picture.audit(), Ok(()), "{away} m away, {step:?}");
        }
    }
}

/// OpenCV's pixels begin at -0.5: who mixes the two up is off by half a pixel.
#[test]
fn half_a_pixel_is_found() {
    let library = library(&scene());
    for step in [[0.5, 0.0], [0.0, 0.5], [-0.5, 0.0], [0.0, -0.5]] {
        let mut picture = rasterised(&scene(), &library, 0, step);
        refused("every output", "project back", &picture);
        // Without object coordinates, range tells it.
        picture.frame.coordinates = None;
        refused("default outputs", "range is not the distance", &picture);
    }
}

/// A rasteriser is off by a part of a pixel on slivers that it sees from their edges: a few such pixels are no mistake, many are.
#[test]
fn a_few_strays_are_no_mistake_and_many_are() {
    let library = library(&scene());
    let clean = rasterised(&scene(), &library, 0, [0.0; 2]);
    let beside = rasterised(&scene(), &library, 0, [0.4, 0.0]).frame.coordinates.unwrap();
    // Pixels that show the same either way, so that only their coordinates are another's.
    let width = clean.frame.surfaces.width();
    let (frame, mut picture) = (&clean.frame, clean.clone());
    let coordinates = picture.frame.coordinates.as_mut().unwrap();
    let mut moved = 0;
    for (n, &value) in (0..).zip(beside.pixels()) {
        let within = (n % width) > 0 && frame.ids.pixels()[n as usize] > 0;
        if within && moved < 4 && n % 7 == 0 {
            coordinates.set(n % width, n / width, value);
            moved += 1;
        }
    }
    assert_eq!(moved, 4);
    assert_eq!(picture.audit(), Ok(()));
    picture.frame.coordinates = Some(beside);
    refused("all beside", "project back", &picture);
}
