//! Surfaces that light passes through: what colour shows of what is behind them, and what labels make of them.

use glam::{DVec2, DVec3};
use scenewright::frame::Frame;
use scenewright::scene::{Background, Environment, Material, Output, Scene, Shape, SurfaceLabels, ToneCurve};

use crate::build::{add, last, scene, stand_up};
use crate::harness::{Case, ensure, new_renderer, render_one};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a_blended_pane_covers_its_share_of_what_is_behind_it", blended),
        ("panes_of_one_mesh_have_each_its_own_material_in_their_first_frame", own_materials),
        ("of_panes_in_one_plane_the_later_covers_the_earlier", in_one_plane),
        ("glass_shows_what_is_behind_it_where_it_is", glass),
        ("a_perfect_pane_changes_no_colour_under_any_tone_curve", perfect),
        ("a_solid_pane_is_what_labels_see", solid),
        ("labels_see_through_a_see_through_pane", see_through),
        ("a_pane_is_in_its_first_frame", first_frame),
        ("what_light_passes_through_casts_no_shadow", no_shadow),
    ]
}

/// A blue card at 3 m and a pane at 2 m that covers its left half; no light but the card's own colour. 8-bit values are linear
/// shares of it through sRGB.
fn card_and_pane(pane: Material) -> Scene {
    let mut s = scene(80, 60);
    s.environment = Environment::Gradient { zenith: [0.0; 3], nadir: [0.0; 3] };
    s.labels.outputs = Output::ALL.into();
    add(&mut s, Shape::Plane(DVec2::splat(2.0)), DVec3::new(0.0, 0.0, -3.0));
    stand_up(&mut s);
    last(&mut s).material = Some(Material { base_color: [0.0, 0.0, 0.8], unlit: true, ..Material::default() });
    add(&mut s, Shape::Plane(DVec2::splat(1.0)), DVec3::new(-0.5, 0.0, -2.0));
    stand_up(&mut s);
    last(&mut s).material = Some(pane);
    s
}

const CARD: u32 = 1;
const PANE: u32 = 2;
/// Pixels of the card beside the pane, and of the pane before it.
const BESIDE: (u32, u32) = (50, 30);
const BEFORE: (u32, u32) = (30, 30);

fn blend() -> Material {
    Material { base_color: [0.6, 0.0, 0.0], alpha: 0.25, unlit: true, blend: true, ..Material::default() }
}

fn clear_glass() -> Material {
    Material { base_color: [1.0, 0.5, 0.5], transmission: 1.0, roughness: 0.0, ..Material::default() }
}

/// sRGB's transfer function, from IEC 61966-2-1.
fn srgb(linear: f64) -> f64 {
    255.0 * if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * libm::pow(linear, 1.0 / 2.4) - 0.055 }
}

/// And back.
fn linear(code: f64) -> f64 {
    let value = code / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { libm::pow((value + 0.055) / 1.055, 2.4) }
}

fn rgb(frame: &Frame, (x, y): (u32, u32)) -> [f64; 3] {
    frame.rgb.get(x, y).unwrap().map(f64::from)
}

fn close(found: [f64; 3], expected: [f64; 3], by: f64) -> Result<(), String> {
    let near = found.iter().zip(&expected).all(|(f, e)| (f - e).abs() <= by);
    ensure(near, || format!("{found:?}, not {expected:?} within {by}"))
}

/// A quarter of (0.6, 0, 0) and three quarters of (0, 0, 0.8), of linear light.
fn blended() -> Result<(), String> {
    let frame = render_one(&card_and_pane(blend()));
    close(rgb(&frame, BESIDE), [0.0, 0.0, srgb(0.8)], 1.0)?;
    close(rgb(&frame, BEFORE), [srgb(0.15), 0.0, srgb(0.6)], 1.5)
}

/// Four panes in a row, of one mesh, each of a material that no scene had before. (Bevy drew them with that of the first, in all scenes but the
/// first of a process.)
fn own_materials() -> Result<(), String> {
    let mut renderer = new_renderer();
    for round in 0..3 {
        for clear in [false, true] {
            let mut s = scene(80, 60);
            s.environment = Environment::Gradient { zenith: [0.0; 3], nadir: [0.0; 3] };
            s.background = Some(Background::Color([0.5; 3]));
            let color = |k: u32| [0.2 + 0.1 * f64::from(k), 0.1 * f64::from(round + 1), 0.9 - 0.2 * f64::from(k)];
            for k in 0..4 {
                add(&mut s, Shape::Plane(DVec2::splat(0.5)), DVec3::new(0.6 * (f64::from(k) - 1.5), 0.0, -3.0));
                stand_up(&mut s);
                let blended =
                    Material { base_color: color(k), alpha: 0.5, unlit: true, blend: true, ..Material::default() };
                let glass = Material { base_color: color(k), reflectance: 0.0, ..clear_glass() };
                last(&mut s).material = Some(if clear { glass } else { blended });
            }
            let frame = renderer.render(&s).unwrap().remove(0);
            let background = rgb(&frame, (2, 2)).map(linear);
            for k in 0..4 {
                // At 3 m, with a focal length of 80 pixels, 0.6 m is 16.
                let at = (16 * (k + 1), 30);
                let through = |c: usize| match clear {
                    false => 0.5 * color(k)[c] + 0.5 * background[c],
                    true => color(k)[c] * background[c],
                };
                close(rgb(&frame, at), [0, 1, 2].map(|c| srgb(through(c))), 2.0)
                    .map_err(|e| format!("round {round}, pane {k}, clear: {clear}: {e}"))?;
            }
        }
    }
    Ok(())
}

/// Half of what is behind, and so on: in the order of the scene, whatever the renderer drew before.
fn in_one_plane() -> Result<(), String> {
    let pane =
        |color: [f64; 3]| Material { base_color: color, alpha: 0.5, unlit: true, blend: true, ..Material::default() };
    let colors = [[0.8, 0.0, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 0.8]];
    let mut renderer = new_renderer();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]] {
        let mut s = scene(80, 60);
        s.environment = Environment::Gradient { zenith: [0.0; 3], nadir: [0.0; 3] };
        for k in order {
            add(&mut s, Shape::Plane(DVec2::splat(1.0)), DVec3::new(0.0, 0.0, -2.0));
            stand_up(&mut s);
            last(&mut s).material = Some(pane(colors[k]));
        }
        let expected =
            [0, 1, 2].map(|c| order.iter().fold(0.0, |behind, &k| 0.5 * colors[k][c] + 0.5 * behind)).map(srgb);
        let frame = renderer.render(&s).unwrap().remove(0);
        close(rgb(&frame, (40, 30)), expected, 1.5).map_err(|e| format!("{order:?}: {e}"))?;
        let id = *frame.ids.get(40, 30).unwrap();
        ensure(id == 3, || format!("{order:?}: id {id} is seen, and not that of the last"))?;
        // Of another number of things: entities are numbered otherwise afterwards.
        s.instances.truncate(1);
        renderer.render(&s).unwrap();
    }
    Ok(())
}

/// A thin clear wall lets through all that it does not reflect (4 % where it is met head on), tinted; and displaces nothing, so the
/// card's edge is where it is without the pane.
fn glass() -> Result<(), String> {
    let s = card_and_pane(clear_glass());
    let frame = render_one(&s);
    let [r, g, b] = rgb(&frame, BEFORE);
    ensure(r == 0.0 && g == 0.0 && (srgb(0.30)..=srgb(0.8 * 0.5)).contains(&b), || format!("{r}, {g}, {b}"))?;
    // At 3 m the card ends 1/3 of 80 px left of the middle: column 13.3. The pane reaches column 0 to 40.
    let edge = (0..40).find(|&x| frame.rgb.get(x, 30).unwrap()[2] > 40);
    ensure(edge == Some(13), || format!("the card's edge is seen at {edge:?} through the glass"))
}

/// What lets everything through and reflects nothing is not there; whatever is behind it: a surface, a gradient, a colour.
fn perfect() -> Result<(), String> {
    let clear = Material { reflectance: 0.0, base_color: [1.0; 3], ..clear_glass() };
    for tone_curve in [ToneCurve::Srgb, ToneCurve::Neutral] {
        for (card, background) in
            [([0.1, 0.3, 0.02], None), ([0.9, 0.4, 0.05], Some(Background::Color([0.7, 0.1, 0.3])))]
        {
            let mut s = card_and_pane(clear.clone());
            s.image.tone_curve = tone_curve;
            // As bright as its luminance: nothing comes near 1.
            let luminance = 1.2 * libm::exp2(s.cameras[0].ev100);
            s.environment =
                Environment::Gradient { zenith: [0.5 * luminance; 3], nadir: [0.2 * luminance, 0.1 * luminance, 0.0] };
            s.background = background;
            s.instances[0].material = Some(Material { base_color: card, unlit: true, ..Material::default() });
            let with = render_one(&s);
            s.instances.pop();
            let without = render_one(&s);
            for at in [BESIDE, BEFORE, (5, 30), (75, 5)] {
                close(rgb(&with, at), rgb(&without, at), 1.0).map_err(|e| format!("{tone_curve:?} at {at:?}: {e}"))?;
            }
        }
    }
    Ok(())
}

fn solid() -> Result<(), String> {
    for pane in [blend(), clear_glass()] {
        let frame = render_one(&card_and_pane(pane));
        let (x, y) = BEFORE;
        let (id, depth) = (*frame.ids.get(x, y).unwrap(), *frame.depth.get(x, y).unwrap());
        ensure(id == PANE && (depth - 2.0).abs() < 1e-4, || format!("id {id} at {depth} m"))?;
        ensure(frame.amodal.as_ref().is_some_and(|masks| masks.len() == 2), || "both have an amodal mask".into())?;
    }
    Ok(())
}

/// As if there were no pane: in every label the frame is the one without it, but for the pane's place among the surfaces.
fn see_through() -> Result<(), String> {
    for pane in [blend(), clear_glass()] {
        let solid = render_one(&card_and_pane(pane.clone()));
        let s = card_and_pane(Material { labels: SurfaceLabels::SeeThrough, ..pane });
        let frame = render_one(&s);
        let (x, y) = BEFORE;
        let (id, depth) = (*frame.ids.get(x, y).unwrap(), *frame.depth.get(x, y).unwrap());
        ensure(id == CARD && (depth - 3.0).abs() < 1e-4, || format!("id {id} at {depth} m"))?;
        ensure(frame.rgb == solid.rgb, || "labels change what is seen".into())?;
        let mut without = s.clone();
        without.instances.pop();
        let without = render_one(&without);
        let same = Frame { owners: frame.owners.clone(), rgb: frame.rgb.clone(), ..without } == frame;
        ensure(same, || "labels show more than what is behind the pane".into())?;
    }
    Ok(())
}

/// Blended and transmissive surfaces are drawn by other phases than opaque ones: they too have to be there at once.
fn first_frame() -> Result<(), String> {
    for pane in [blend(), clear_glass()] {
        let s = card_and_pane(pane);
        let first = new_renderer().render(&s).unwrap();
        ensure(first == vec![render_one(&s)], || "a renderer's first frame is another than its next".into())?;
    }
    Ok(())
}

/// A floor under a sun is as bright with a pane above it as without, where the pane is not seen.
fn no_shadow() -> Result<(), String> {
    for (pane, casts) in [(blend(), false), (clear_glass(), false), (Material::default(), true)] {
        let mut s = scene(80, 60);
        s.lights.push(crate::build::sun());
        add(&mut s, Shape::Plane(DVec2::splat(20.0)), DVec3::new(0.0, -1.0, -5.0));
        let without = render_one(&s);
        // 2 m above the floor and out of sight: its shadow falls down along (-1, -2, -0.5) into the middle of the picture.
        add(&mut s, Shape::Box(DVec3::new(1.5, 0.01, 1.5)), DVec3::new(1.0, 3.0, -3.5));
        last(&mut s).material = Some(pane);
        let with = render_one(&s);
        ensure(with.ids == without.ids, || "the pane is in sight".into())?;
        let darker = with
            .rgb
            .pixels()
            .iter()
            .zip(without.rgb.pixels())
            .filter(|(a, b)| i32::from(a[0]) + 8 < i32::from(b[0]))
            .count();
        ensure((darker > 50) == casts, || format!("{darker} pixels are darker; casts a shadow: {casts}"))?;
    }
    Ok(())
}
