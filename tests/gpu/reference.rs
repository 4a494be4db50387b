//! Cases whose answer is derived on paper, next to each.

use glam::DVec3;
use scenewright::scene::Shape;

use crate::build::{add, add_unlabelled, last, scene, sun};
use crate::harness::{Case, ensure, render_one};

pub fn trials() -> Vec<Case> {
    vec![("look", look)]
}

fn look() -> Result<(), String> {
    let mut s = scene(320, 240);
    s.image.anti_aliasing = scenewright::scene::AntiAliasing::Msaa4;
    s.image.tone_curve = scenewright::scene::ToneCurve::Neutral;
    s.lights.push(sun());
    s.environment.zenith = [600.0, 800.0, 1200.0];
    s.environment.nadir = [200.0, 150.0, 100.0];
    s.cameras[0].ev100 = 10.3;
    add_unlabelled(&mut s, Shape::Box(DVec3::new(1.6, 0.04, 0.9)), DVec3::new(0.0, -0.3, -1.6));
    add(&mut s, Shape::Sphere(0.1), DVec3::new(0.0, -0.18, -1.6));
    add(&mut s, Shape::Box(DVec3::splat(0.15)), DVec3::new(0.3, -0.205, -1.5));
    add(&mut s, Shape::Torus { major_radius: 0.1, minor_radius: 0.03 }, DVec3::new(-0.35, -0.25, -1.5));
    add(&mut s, Shape::Capsule { radius: 0.05, height: 0.15 }, DVec3::new(-0.15, -0.155, -1.75));
    last(&mut s).material.as_mut().unwrap().base_color = [0.8, 0.1, 0.1];
    add(&mut s, Shape::Cone { radius: 0.1, height: 0.25 }, DVec3::new(0.6, -0.155, -1.8));
    let frame = render_one(&s);
    let mut out = std::fs::File::create("/tmp/look.ppm").unwrap();
    use std::io::Write;
    write!(out, "P6 320 240 255\n").unwrap();
    out.write_all(frame.rgb.pixels().as_flattened()).unwrap();
    let mut out = std::fs::File::create("/tmp/ids.ppm").unwrap();
    write!(out, "P6 320 240 255\n").unwrap();
    for id in frame.ids.pixels() {
        out.write_all(&[(id * 40) as u8, (id * 90) as u8, (id * 160) as u8]).unwrap();
    }
    let again = render_one(&s);
    let mut out = std::fs::File::create("/tmp/look2.ppm").unwrap();
    write!(out, "P6 320 240 255\n").unwrap();
    out.write_all(again.rgb.pixels().as_flattened()).unwrap();
    for n in 0..4 {
        let b = render_one(&s);
        let (mut c, mut i, mut d, mut mx) = (0, 0, 0, 0);
        for k in 0..b.ids.pixels().len() {
            if b.rgb.pixels()[k] != frame.rgb.pixels()[k] {
                c += 1;
                for ch in 0..3 { mx = mx.max(b.rgb.pixels()[k][ch].abs_diff(frame.rgb.pixels()[k][ch])); }
                if c < 3 { eprintln!("{} {} {:?} {:?}", k % 320, k / 320, b.rgb.pixels()[k], frame.rgb.pixels()[k]); }
            }
            i += usize::from(b.ids.pixels()[k] != frame.ids.pixels()[k]);
            d += usize::from(b.depth.pixels()[k] != frame.depth.pixels()[k]);
        }
        eprintln!("{n}: {c} (max {mx}) {i} {d}");
    }
    ensure(frame == again, || "not the same twice".into())
}
