//! Scenes to frames, with Bevy.
