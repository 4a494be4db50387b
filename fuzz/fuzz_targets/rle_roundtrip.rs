//! A mask survives its run lengths, and its text form; no text makes the reader of that form panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scenewright::annotate::rle::Rle;
use scenewright::image::Image;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (width, height, bytes) = (u32::from(input.0), u32::from(input.1), input.2);
    // The bytes, repeated, are the pixels.
    let pixels = (width * height) as usize;
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    let mask: Vec<bool> = bits.cycle().take(pixels).chain(std::iter::repeat(false)).take(pixels).collect();
    let mask = Image::new(width, height, mask).expect("as many pixels as there are");
    let Ok(rle) = Rle::from_mask(&mask) else { return };
    assert_eq!(rle.decode().expect("a small mask"), mask);
    assert_eq!(Rle::from_compressed(height, width, &rle.to_compressed()).expect("our own text"), rle);

    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(read) = Rle::from_compressed(height, width, text)
    {
        assert_eq!(Rle::from_mask(&read.decode().expect("a small mask")).expect("a mask"), read);
    }
});
