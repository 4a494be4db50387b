//! Everything that needs no GPU.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

mod amodal; // what is hidden, by whom, and what the frame cuts off
mod annotate; // ids to labels, and what refuses a frame
mod assets; // glTF and image files, whole and broken
mod audit; // right frames pass, wrong ones are named
mod bounds; // boxes of things in the world, against their vertices
mod camera; // projection, poses, conversions
mod confine; // what strangers' files may read
mod coverage; // what scenes and datasets have to show
mod dataset; // files on disk
mod distributions; // each law against its closed form
mod docs; // what the documentation says is so
mod files; // models of every format and feature, against what is worked out on paper
mod flow; // flow, occlusion, disparity and tracks, against closed forms and the ray caster
mod fuzz; // files that are changed at random
mod gltf; // glTF files in the making, for the other modules
mod journal; // runs that go on, shards, and what is found of a spoilt dataset
mod keypoints; // seen, hidden, absent
mod language; // parameters, expressions, conditions, variants, and recipes of several files
mod layering; // the shape of the source, and what README and architecture page say of it
mod lens; // lenses that bend lines: OpenCV, closed forms, labels
mod light; // area lights, skies, suns of panoramas, rigs, flicker and fog, against closed forms
mod make; // shapes made from numbers: closed, right way out, as large as paper says
mod mesh; // triangles of the primitive shapes
mod motion; // clips, tracks, falls and rigs against closed forms
#[path = "../oracle/mod.rs"]
mod oracle; // the ray caster, for the other modules
mod outputs; // every output on disk, of a frame that is known on paper and of ray-cast ones
mod paint; // textures made from numbers
mod placement; // no overlap, checked by other means than the placer's
mod places; // surfaces, containers, piles, grids, paths, relations, clutter
mod poses; // poses and 3D boxes, against numbers worked out by hand
mod preview; // the contact sheet
mod random; // streams and distributions
mod ray_caster; // the ray caster against closed forms
mod recipe; // text to recipe: what is understood, and what is said about what is not
mod recipes; // recipes in Rust literals, for the other modules
mod rle; // masks and polygons
mod sampling; // designs: how evenly they spread, and that an edit moves nothing else
mod scene; // sampling: contract, edit stability, golden digests
mod scene_files; // what a scene edited by hand is told
mod sensor; // from light to the picture: closed forms of every stage, and depth sensors
mod sequence; // where sub-frames take their samples
mod settle; // what is dropped: at rest, not in each other, not hovering
mod sight; // what a camera sees, estimated
mod sky; // panoramas
mod solid; // distances, depths and falls of bodies against closed forms
mod splits; // which scenes are for training, and what they may not hold
mod syntax; // the reader of RON against the `ron` crate
mod synthetic; // scenes and frames painted by hand, for the other modules
